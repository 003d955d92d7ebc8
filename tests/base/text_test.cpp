// Lines, cells and excerpts: what foreign text becomes before anybody reads it.
#include "harness/base/text.h"

#include <gtest/gtest.h>

#include "harness/base/digest.h"

namespace mien {
namespace {

using Lines = std::vector<std::string>;

TEST(Text, Lines) {
  EXPECT_EQ(lines_of(""), Lines());
  EXPECT_EQ(lines_of("a"), Lines({"a"}));
  EXPECT_EQ(lines_of("a\n\nb\n"), Lines({"a", "", "b"}));
  EXPECT_EQ(lines_of("\n"), Lines({""}));
}

TEST(Text, FirstAndLastLineThatIsNotEmpty) {
  EXPECT_EQ(first_line("a\nb\n"), "a");
  EXPECT_EQ(first_line("\n\na\nb"), "a");
  EXPECT_EQ(last_line("a\nb\n\n"), "b");
  EXPECT_EQ(last_line("a"), "a");
  for (const char* empty : {"", "\n", "\n\n"}) {
    EXPECT_EQ(first_line(empty), "");
    EXPECT_EQ(last_line(empty), "");
  }
}

TEST(Text, CsvCellsAreQuotedWhereNeeded) {
  EXPECT_EQ(csv_cell("plain text"), "plain text");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_cell("say \"a\""), "\"say \"\"a\"\"\"");
  EXPECT_EQ(csv_cell("a\r"), "\"a\r\"");
  EXPECT_EQ(csv_cell("a\nb"), "\"a\nb\"");
}

TEST(Text, BrokenUtf8IsReplaced) {
  EXPECT_EQ(valid_utf8("Gr\u00fc\u00dfe\n"), "Gr\u00fc\u00dfe\n");
  EXPECT_EQ(valid_utf8("a\xff\x62"), "a\uFFFDb");
  EXPECT_EQ(valid_utf8(""), "");
}

TEST(Text, ExcerptsFitIntoOneLine) {
  EXPECT_EQ(excerpt("\u00e4rger"), "\u00e4rger");
  EXPECT_EQ(excerpt("a\nb\x1b[31m\x7f"), "a?b?[31m?");
  EXPECT_EQ(excerpt("\xc2\x9b"
                    "31m"),
            "?31m")
      << "a control character of two bytes";
  EXPECT_EQ(excerpt("12345", 4), "1234...");
  EXPECT_EQ(excerpt("a\u00e4", 2), "a\uFFFD...") << "a character that is cut";
}

TEST(Digest, Base64IsThatOfTheRfc) {
  const std::vector<std::uint8_t> bytes = {'f', 'o', 'o', 'b', 0xff};
  const char* expected[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYv8="};
  for (std::size_t n = 0; n <= bytes.size(); ++n)
    EXPECT_EQ(base64(std::span(bytes).first(n)), expected[n]) << n;
}

}  // namespace
}  // namespace mien
