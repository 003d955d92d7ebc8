// One table per enum gives both directions, and unknown text never becomes a default.
#include "harness/base/enum_names.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace mien {

enum class Fruit { kApple, kPear };
template <>
inline constexpr EnumNames<Fruit> kEnumNames<Fruit> = {{"apple", Fruit::kApple},
                                                       {"pear", Fruit::kPear}};
enum class Unnamed { kOne };

namespace {

static_assert(NamedEnum<Fruit> && !NamedEnum<Unnamed> && !NamedEnum<int>);

TEST(EnumNames, GoBothWays) {
  for (const Fruit fruit : {Fruit::kApple, Fruit::kPear}) {
    EXPECT_EQ(find_enum<Fruit>(name_of(fruit)), fruit);
    EXPECT_EQ(stored_enum<Fruit>(name_of(fruit), "fruit"), fruit);
  }
  EXPECT_EQ(texts_of(kEnumNames<Fruit>), (std::vector<std::string>{"apple", "pear"}));
}

TEST(EnumNames, UnknownTextIsNoDefault) {
  for (const char* text : {"", "Apple", "apple ", "plum"}) {
    EXPECT_EQ(find_enum<Fruit>(text), std::nullopt) << text;
    EXPECT_ERROR(stored_enum<Fruit>(text, "fruit"),
                 Exit::kIntegrity,
                 fmt::format("'{}' is not a fruit (known: apple, pear)", text));
  }
}

TEST(EnumNamesDeath, AnEnumeratorWithoutANameIsABug) {
  EXPECT_DEATH(name_of(static_cast<Fruit>(7)), "this is a bug in Mien");
}

}  // namespace
}  // namespace mien
