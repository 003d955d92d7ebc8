// The text of enumerators, for files, the database, JSON and messages. Each enum that is written as
// text has one table beside its declaration:
//
//   enum class Color { kRed, kBlue };
//   template <>
//   inline constexpr EnumNames<Color> kEnumNames<Color> = {{"red", Color::kRed},
//                                                          {"blue", Color::kBlue}};
#pragma once

#include <algorithm>
#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "harness/base/error.h"

namespace mien {

template <typename E>
struct EnumName {
  const char* text;
  E value;
};
template <typename E>
using EnumNames = std::initializer_list<EnumName<E>>;

/// The table of enum E. An enum without a specialisation has no text.
template <typename E>
inline constexpr std::nullptr_t kEnumNames = nullptr;

template <typename E>
concept NamedEnum = std::is_enum_v<E> && std::same_as<decltype(kEnumNames<E>), const EnumNames<E>>;

/// Returns the text of `value` in a table, for enums that have a second text beside their name.
/// REQUIRES: the table lists every enumerator.
template <typename E>
const char* text_in(const EnumNames<E>& names, E value) {
  const auto found = std::ranges::find(names, value, &EnumName<E>::value);
  MIEN_ASSERT(found != names.end());
  return found->text;
}

/// Returns the name of `value`.
template <NamedEnum E>
const char* name_of(E value) {
  return text_in(kEnumNames<E>, value);
}

/// Returns the names in the order of the table.
template <typename E>
std::vector<std::string> texts_of(const EnumNames<E>& names) {
  std::vector<std::string> texts;
  for (const EnumName<E>& known : names) texts.push_back(known.text);
  return texts;
}

/// Returns the enumerator called `text`; nothing where there is none.
template <NamedEnum E>
std::optional<E> find_enum(std::string_view text) {
  for (const EnumName<E>& known : kEnumNames<E>)
    if (known.text == text) return known.value;
  return std::nullopt;
}

/// Returns the enumerator called `text`, for text that an earlier run stored; `what` is the noun of
/// the message. Error (Exit::kIntegrity): there is none.
template <NamedEnum E>
E stored_enum(std::string_view text, const char* what) {
  if (const std::optional<E> found = find_enum<E>(text)) return *found;
  fail(Exit::kIntegrity,
       "'{}' is not a {} (known: {}); update Mien, or restore a copy",
       text,
       what,
       fmt::join(texts_of(kEnumNames<E>), ", "));
}

}  // namespace mien
