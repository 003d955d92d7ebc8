// One list of fields per structure, visited by every reader, writer and document: what a key is
// called, which values it may take and what it means is written once.
//
// A structure offers `template <class V> void visit(V& v, T& object)` that calls, in order,
//   v.number("epochs", object.epochs, 1, 100000, "passes over the training split");
//   v.choice("optimizer.name", object.optimizer, kOptimizers, "update rule");
//   v.flag / v.text / v.texts / v.numbers likewise. A dot in a key nests it in an object.
#pragma once

#include <cmath>
#include <concepts>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "harness/core/error.h"

namespace mien {

template <typename E>
struct Choice {
  const char* name;
  E value;
};

/// The word for a value. REQUIRES: it has one.
template <typename E, std::size_t N>
const char* choice_name(const Choice<E> (&choices)[N], E value) {
  for (const Choice<E>& known : choices)
    if (known.value == value) return known.name;
  MIEN_ASSERT(!"every value has its choice");
  return "";
}

/// JSON pointer of a dotted key: "optimizer.name" -> /optimizer/name.
nlohmann::json::json_pointer pointer_of(const std::string& key);

/// Says where in the user's files a JSON pointer came from: "configs/x.yaml:12:3".
using Locate = std::function<std::string(const nlohmann::json::json_pointer&)>;

/// Fills a structure from JSON. Keys that are absent keep the member's default.
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
  template <typename E, std::size_t N>
  void choice(const std::string& key, E& member, const Choice<E> (&choices)[N], const char*) {
    const nlohmann::json* value = find(key);
    if (!value) return;
    std::vector<std::string> names;
    for (const Choice<E>& known : choices) {
      names.push_back(known.name);
      if (*value == known.name) {
        member = known.value;
        return;
      }
    }
    wrong_choice(key, *value, names);
  }
  void flag(const std::string& key, bool& member, const char*);
  void text(const std::string& key, std::string& member, const char*);
  void texts(const std::string& key, std::vector<std::string>& member, const char*);
  /// Error for the first key of the source that no call above asked for.
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

/// Writes every field, defaults included: the resolved form that is hashed.
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
  template <typename E, std::size_t N>
  void choice(const std::string& key, const E& member, const Choice<E> (&choices)[N], const char*) {
    result[pointer_of(key)] = choice_name(choices, member);
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

/// One row per field for `bench help config`.
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
  template <typename E, std::size_t N>
  void choice(const std::string& key,
              const E& member,
              const Choice<E> (&choices)[N],
              const char* meaning) {
    std::vector<std::string> names;
    for (const Choice<E>& known : choices) names.push_back(known.name);
    rows.push_back(
        {key, fmt::format("{}", fmt::join(names, " | ")), choice_name(choices, member), meaning});
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
