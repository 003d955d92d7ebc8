// One list of fields per structure. The reader, the writer and the documentation all visit it, so
// the key of a field, its range and its meaning are written once.
//
// A structure offers `template <class V> void visit(V& v, T& object)` that calls, in order,
//   v.number("epochs", object.epochs, 1, 100000, "passes over the training split");
//   v.choice("optimizer.name", object.optimizer.name, "update rule");
//   v.flag / v.text / v.texts / v.numbers likewise. A dot in a key nests it in an object. The enum
//   of a choice has its texts in kEnumNames (enum_names.h).
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "harness/base/enum_names.h"
#include "harness/base/error.h"

namespace mien {

/// Returns the JSON pointer of a dotted key: "optimizer.name" -> /optimizer/name.
nlohmann::json::json_pointer pointer_of(const std::string& key);

/// Returns the place in the user's files of a JSON pointer: "configs/x.yaml:12:3".
using Locate = std::function<std::string(const nlohmann::json::json_pointer&)>;

/// Fills a structure from JSON. A member whose key is absent keeps its value.
/// Errors (Exit::kUsage): a wrong type, a value out of range, and (in `finish`) an unknown key.
class FieldReader {
 public:
  FieldReader(const nlohmann::json& source, Locate locate);

  template <typename T>
  void number(const std::string& key, T& member, T low, T high, const char*) {
    if (const nlohmann::json* value = find(key)) member = checked_number<T>(key, *value, low, high);
  }
  template <typename T>
  void numbers(const std::string& key, std::vector<T>& member, T low, T high, const char*) {
    const nlohmann::json* value = find(key);
    if (!value) return;
    if (!value->is_array()) wrong_type(key, *value, "a list of numbers");
    member.clear();
    for (const nlohmann::json& item : *value)
      member.push_back(checked_number<T>(key, item, low, high));
  }
  /// `names` are those that the key accepts.
  template <NamedEnum E>
  void choice(const std::string& key,
              E& member,
              const char*,
              const EnumNames<E>& names = kEnumNames<E>) {
    const nlohmann::json* value = find(key);
    if (!value) return;
    const auto known =
        std::ranges::find_if(names, [&](const EnumName<E>& one) { return *value == one.text; });
    if (known == names.end()) wrong_choice(key, *value, texts_of(names));
    member = known->value;
  }
  void flag(const std::string& key, bool& member, const char*);
  void text(const std::string& key, std::string& member, const char*);
  void texts(const std::string& key, std::vector<std::string>& member, const char*);
  /// Throws an Error (Exit::kUsage) for the first key of the source that no call above named.
  void finish() const;

 private:
  template <typename T>
  T checked_number(const std::string& key, const nlohmann::json& value, T low, T high) const {
    if constexpr (std::integral<T>) {
      if (!value.is_number_integer()) wrong_type(key, value, "a whole number");
    } else if (!value.is_number()) {
      wrong_type(key, value, "a number");
    }
    // 2^64-1 read as int64 would wrap; compare as double first.
    const double wide = value.get<double>();
    if (!(wide >= static_cast<double>(low) && wide <= static_cast<double>(high)))
      fail(Exit::kUsage,
           "{}: {} is {}, must be from {} to {}",
           where(key),
           key,
           value.dump(),
           low,
           high);
    return value.get<T>();
  }
  const nlohmann::json* find(const std::string& key);
  std::string where(const std::string& key) const;
  [[noreturn]] void wrong_type(const std::string& key,
                               const nlohmann::json& value,
                               const char* expected) const;
  [[noreturn]] void wrong_choice(const std::string& key,
                                 const nlohmann::json& value,
                                 const std::vector<std::string>& names) const;
  void check_known(const nlohmann::json& object, const std::string& prefix) const;

  const nlohmann::json& source_;
  Locate locate_;
  std::set<std::string> known_;
};

/// Writes every field as JSON, also where it has its default: the form whose digest is the task id.
class FieldWriter {
 public:
  nlohmann::json result = nlohmann::json::object();

  template <typename T>
  void number(const std::string& key, const T& member, T, T, const char*) {
    result[pointer_of(key)] = member;
  }
  template <typename T>
  void numbers(const std::string& key, const std::vector<T>& member, T, T, const char*) {
    result[pointer_of(key)] = member;
  }
  template <NamedEnum E>
  void choice(const std::string& key, const E& member, const char*) {
    result[pointer_of(key)] = name_of(member);
  }
  void flag(const std::string& key, const bool& member, const char*) {
    result[pointer_of(key)] = member;
  }
  void text(const std::string& key, const std::string& member, const char*) {
    result[pointer_of(key)] = member;
  }
  void texts(const std::string& key, const std::vector<std::string>& member, const char*) {
    result[pointer_of(key)] = member;
  }
};

/// Collects one row per field for `bench help config`.
struct FieldDoc {
  std::string key, type, default_value, meaning;
};
class FieldDocs {
 public:
  std::vector<FieldDoc> rows;

  template <typename T>
  void number(const std::string& key, const T& member, T low, T high, const char* meaning) {
    rows.push_back({key, fmt::format("{} .. {}", low, high), fmt::format("{}", member), meaning});
  }
  template <typename T>
  void numbers(
      const std::string& key, const std::vector<T>& member, T low, T high, const char* meaning) {
    rows.push_back({key,
                    fmt::format("list of {} .. {}", low, high),
                    fmt::format("[{}]", fmt::join(member, ", ")),
                    meaning});
  }
  template <NamedEnum E>
  void choice(const std::string& key, const E& member, const char* meaning) {
    rows.push_back({key,
                    fmt::format("{}", fmt::join(texts_of(kEnumNames<E>), " | ")),
                    name_of(member),
                    meaning});
  }
  void flag(const std::string& key, const bool& member, const char* meaning) {
    rows.push_back({key, "true | false", member ? "true" : "false", meaning});
  }
  void text(const std::string& key, const std::string& member, const char* meaning) {
    rows.push_back({key, "text", member, meaning});
  }
  void texts(const std::string& key, const std::vector<std::string>& member, const char* meaning) {
    rows.push_back({key, "list of names", fmt::format("[{}]", fmt::join(member, ", ")), meaning});
  }
};

}  // namespace mien
