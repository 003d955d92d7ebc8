// Reading, writing and documenting one list of fields.
#include "harness/base/fields.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace mien {

enum class Color { kRed, kBlue };
template <>
inline constexpr EnumNames<Color> kEnumNames<Color> = {{"red", Color::kRed},
                                                       {"blue", Color::kBlue}};

namespace {

using nlohmann::json;

struct Sample {
  std::int64_t count = 3;
  double rate = 0.5;
  Color color = Color::kRed;
  bool flag = false;
  std::string text = "t";
  std::vector<std::string> names = {"a"};
  std::vector<double> sizes = {1, 2};
};

template <typename V, typename S>
void visit(V& v, S& s) {
  v.number("count", s.count, std::int64_t{1}, std::int64_t{10}, "how many");
  v.number("inner.rate", s.rate, 0.0, 1.0, "how fast");
  v.choice("inner.color", s.color, "which");
  v.flag("flag", s.flag, "whether");
  v.text("text", s.text, "what");
  v.texts("names", s.names, "who");
  v.numbers("deep.er.sizes", s.sizes, 0.0, 100.0, "how large");
}

Sample read(const json& source) {
  FieldReader reader(
      source, [](const json::json_pointer& at) { return fmt::format("f{}", at.to_string()); });
  Sample sample;
  visit(reader, sample);
  reader.finish();
  return sample;
}

json written(const Sample& sample) {
  FieldWriter writer;
  visit(writer, sample);
  return writer.result;
}

TEST(Fields, AbsentKeysKeepDefaults) {
  EXPECT_EQ(written(read(json::object())), written(Sample()));
}

TEST(Fields, RoundTrip) {
  Sample sample{7, 0.25, Color::kBlue, true, "x", {"p", "q"}, {3.5}};
  const json source = written(sample);
  EXPECT_EQ(source["inner"]["color"], "blue");
  EXPECT_EQ(source["deep"]["er"]["sizes"], json({3.5}));
  EXPECT_EQ(written(read(source)), source);
}

TEST(Fields, WholeNumbersServeAsNumbers) { EXPECT_EQ(read({{"inner", {{"rate", 1}}}}).rate, 1); }

TEST(Fields, EmptyListsReplaceDefaults) {
  EXPECT_TRUE(read({{"names", json::array()}}).names.empty());
}

struct Bad {
  const char* source;
  const char* message;
};
class FieldErrors : public ::testing::TestWithParam<Bad> {};

TEST_P(FieldErrors, AreOneLineWithPlaceAndNextStep) {
  EXPECT_ERROR(read(json::parse(GetParam().source)), Exit::kUsage, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    FieldErrors,
    ::testing::Values(Bad{R"({"count": "3"})", "f/count: count is \"3\", must be a whole number"},
                      Bad{R"({"count": 2.5})", "must be a whole number"},
                      Bad{R"({"count": 0})", "f/count: count is 0, must be from 1 to 10"},
                      Bad{R"({"count": 11})", "must be from 1 to 10"},
                      Bad{R"({"count": 18446744073709551615})", "must be from 1 to 10"},
                      Bad{R"({"count": null})", "must be a whole number"},
                      Bad{R"({"inner": {"rate": true}})",
                          "f/inner/rate: inner.rate is true, must be a number"},
                      Bad{R"({"inner": {"rate": 1.01}})", "must be from 0 to 1"},
                      Bad{R"({"inner": {"color": "green"}})", "must be one of red, blue"},
                      Bad{R"({"inner": {"color": 3}})", "must be one of red, blue"},
                      Bad{R"({"inner": 3})", "inner is 3, must be a section"},
                      Bad{R"({"flag": 1})", "must be true or false"},
                      Bad{R"({"text": 1})", "must be text"},
                      Bad{R"({"names": "a"})", "must be a list of names"},
                      Bad{R"({"names": [1]})", "must be a list of names"},
                      Bad{R"({"deep": {"er": {"sizes": 3}}})", "must be a list of numbers"},
                      Bad{R"({"deep": {"er": {"sizes": [101]}}})", "must be from 0 to 100"},
                      Bad{R"({"deep": {"er": [1]}})", "deep.er is [1], must be a section"},
                      Bad{R"({"coutn": 3})", "f/coutn: unknown key 'coutn': did you mean count"},
                      Bad{R"({"inner": {"speed": 3}})", "f/inner/speed: unknown key 'inner.speed'"},
                      // Was taken for the nested key and silently ignored.
                      Bad{R"({"inner.rate": 0.1})", "write 'inner.rate' as nested keys"},
                      Bad{R"({"a/b": 3})", "f/a~1b: unknown key 'a/b'"},
                      // Was an exception of the JSON library.
                      Bad{R"({"a~b": 3})", "unknown key 'a~b'"},
                      Bad{R"({"": 3})", "unknown key ''"},
                      Bad{R"([1])", "expected keys and values"}));

TEST(FieldDocs, SaysTypeDefaultAndMeaning) {
  FieldDocs docs;
  const Sample sample;
  visit(docs, sample);
  ASSERT_EQ(docs.rows.size(), 7u);
  EXPECT_EQ(docs.rows[0].type, "1 .. 10");
  EXPECT_EQ(docs.rows[0].default_value, "3");
  EXPECT_EQ(docs.rows[2].type, "red | blue");
  EXPECT_EQ(docs.rows[2].default_value, "red");
  EXPECT_EQ(docs.rows[6].meaning, "how large");
}

}  // namespace
}  // namespace mien
