// The verdict table: one row per rule of claim.h, and the rows beside it.
#include "harness/claims/claim.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace mien {
namespace {

constexpr std::int64_t kN = 3589;  // FER2013's PrivateTest

Claim claim(std::optional<double> value = 70.0, std::int64_t decimals = 1) {
  Claim c;
  c.id = std::string("claim");
  c.value = value;
  c.decimals = decimals;
  return c;
}

Measured measured(std::vector<std::optional<double>> values, std::int64_t n = kN) {
  Measured m;
  for (const std::optional<double>& value : values) m.seeds.push_back({value, n});
  m.official = true;
  return m;
}

struct Case {
  const char* name;
  Claim claim;
  Measured measured;
  std::optional<Verdict> verdict;
  const char* reason;
};
class Judge : public ::testing::TestWithParam<Case> {};

TEST_P(Judge, FollowsTheRules) {
  const Case& c = GetParam();
  const Judgement judgement = judge(c.claim, c.measured);
  EXPECT_EQ(judgement.verdict ? name_of(*judgement.verdict) : "none",
            std::string(c.verdict ? name_of(*c.verdict) : "none"))
      << judgement.reason;
  EXPECT_NE(judgement.reason.find(c.reason), std::string::npos) << judgement.reason;
}

Measured changed(Measured m, DataKind data, bool official, bool tainted = false) {
  m.data = data;
  m.official = official;
  m.tainted = tainted;
  return m;
}
Claim differing(Claim c) {
  c.differs = {"folds", "split"};
  return c;
}
Claim unknown_metric(Claim c) {
  c.metric = "unknown";
  return c;
}
Claim millimetres(double value) {
  Claim c = claim(value, 3);
  c.metric = "mean_error";
  c.unit = "mm";
  return c;
}
Claim of_meshes(const char* n = "100") {
  Claim c = millimetres(2.306);
  c.n = n;
  return c;
}
/// One figure of meshes with the interval that its task stored.
Measured meshes(double value, double half, bool fixed) {
  Measured m = measured({value}, 100);
  m.seeds[0].interval = Interval{value - half, value + half};
  m.fixed = fixed;
  return m;
}
Measured without_interval(Measured m) {
  m.seeds[0].interval.reset();
  return m;
}
Claim in_unit(Claim c, const char* unit) {
  c.unit = unit;
  return c;
}
const std::vector<std::optional<double>> kAtClaim = {69.9, 70.0, 70.1, 70.0, 70.0};
const std::vector<std::optional<double>> kBelow = {65.0, 65.3, 64.8, 65.1, 65.2};

INSTANTIATE_TEST_SUITE_P(
    Rules,
    Judge,
    ::testing::Values(
        Case{"rule1_nothing", claim(), measured({}), std::nullopt, "not measured"},
        Case{"rule2_none", claim(), measured({70, std::nullopt}), Verdict::kInvalid, "finite"},
        Case{"rule2_nan", claim(), measured({70, std::nan("")}), Verdict::kInvalid, "finite"},
        Case{"rule2_above_100", claim(), measured({101}), Verdict::kInvalid, "0..100"},
        Case{"rule2_millimetres_may",
             millimetres(130),
             measured({120}, 0),
             Verdict::kInconclusive,
             "1 of 5 seeds"},
        Case{"rule3_stand_in",
             claim(),
             changed(measured(kAtClaim), DataKind::kStandIn, true),
             std::nullopt,
             "stand-in"},
        Case{"rule3_unverified",
             claim(),
             changed(measured(kAtClaim), DataKind::kUnverified, true),
             std::nullopt,
             "unverified"},
        Case{"rule3_smoke",
             claim(),
             changed(measured(kAtClaim), DataKind::kReal, false),
             std::nullopt,
             "not the full protocol"},
        Case{"rule3_before_5",
             differing(claim()),
             changed(measured(kAtClaim), DataKind::kStandIn, true),
             std::nullopt,
             "stand-in"},
        Case{"rule4_value",
             claim(std::nullopt),
             measured(kAtClaim),
             Verdict::kUntestable,
             "unknown"},
        Case{"rule4_metric",
             unknown_metric(claim()),
             measured(kAtClaim),
             Verdict::kUntestable,
             "unknown"},
        Case{"rule5",
             differing(claim()),
             measured(kAtClaim),
             Verdict::kProtocolMismatch,
             "folds, split"},
        Case{"rule6_reproduced", claim(), measured(kAtClaim), Verdict::kReproduced, "of 5 seeds"},
        Case{"rule6_same_every_time",
             claim(),
             measured({70, 70, 70, 70, 70}),
             Verdict::kReproduced,
             "70.00"},
        Case{"rule6_rounds_alike",
             claim(70, 0),
             measured({70.2, 70.2, 70.2, 70.2, 70.2}),
             Verdict::kReproduced,
             "70.20"},
        Case{"rule6_noise",
             claim(),
             measured({68, 72, 69, 71, 70.2}),
             Verdict::kWithinNoise,
             "too wide"},
        Case{"rule6_below", claim(), measured(kBelow), Verdict::kNotReproduced, "65.08"},
        Case{"rule6_above", claim(60), measured(kBelow), Verdict::kExceeds, "65.08"},
        Case{"rule6_close_but_off",
             claim(70, 2),
             measured({69.7, 69.71, 69.7, 69.69, 69.7}),
             Verdict::kInconclusive,
             "less than the margin"},
        Case{"rule6_two_images_of_few",
             claim(90, 2),
             measured({89.2, 89.21, 89.2, 89.19, 89.2}, 213),
             Verdict::kInconclusive,
             "margin"},
        Case{"rule6_less_is_better",
             millimetres(2.306),
             measured({1, 1.01, 1, 1.02, 1}, 0),
             Verdict::kExceeds,
             ""},
        Case{"rule6_more_is_worse",
             millimetres(2.306),
             measured({4, 4.01, 4, 4.02, 4}, 0),
             Verdict::kNotReproduced,
             ""},
        Case{"rule7_far_below",
             claim(),
             measured({60}),
             Verdict::kNotReproduced,
             "measured 58.38..61.58 %, claim 70.0 %: too far apart for chance"},
        Case{"rule7_far_above", claim(), measured({80}), Verdict::kExceeds, "too far apart"},
        Case{"rule7_four_seeds",
             claim(),
             measured({60, 61, 60.5, 59}),
             Verdict::kNotReproduced,
             "measured 57.40..62.58 %"},
        Case{"rule7_near", claim(), measured({67}), Verdict::kInconclusive, "1 of 5 seeds"},
        Case{"rule7_equal", claim(), measured({70}), Verdict::kInconclusive, "1 of 5 seeds"},
        Case{"rule7_one_of_two_near",
             claim(),
             measured({60, 69}),
             Verdict::kInconclusive,
             "2 of 5 seeds"},
        Case{"rule7_opposite", claim(), measured({50, 90}), Verdict::kInconclusive, "2 of 5 seeds"},
        Case{"rule7_small_n", claim(), measured({60}, 40), Verdict::kInconclusive, "1 of 5 seeds"},
        Case{"rule7_n_unknown", claim(), measured({10}, 0), Verdict::kInconclusive, "1 of 5 seeds"},
        Case{"rule2_millimetres_below_0",
             millimetres(2.306),
             measured({-0.1}, 0),
             Verdict::kInvalid,
             "below 0"},
        Case{"rule4_no_margin_for_the_unit",
             in_unit(claim(), "kg"),
             measured(kAtClaim),
             Verdict::kUntestable,
             "'kg'"},
        Case{"rule6_millimetres_have_a_margin_of_their_own",
             millimetres(2.306),
             measured({2.2, 2.201, 2.2, 2.199, 2.2}, 100),
             Verdict::kExceeds,
             "mean 2.200"},
        Case{"rule6_millimetres",
             millimetres(2.306),
             measured({2.32, 2.31, 2.30, 2.29, 2.31}, 100),
             Verdict::kReproduced,
             "mean 2.306"},
        Case{"rule7_millimetres_far",
             of_meshes(),
             meshes(2.7, 0.1, false),
             Verdict::kNotReproduced,
             "too far apart"},
        Case{"rule7_millimetres_that_a_seed_may_explain",
             of_meshes(),
             meshes(2.6, 0.1, false),
             Verdict::kInconclusive,
             "1 of 5 seeds"},
        Case{"rule7_millimetres_without_an_interval",
             of_meshes(),
             without_interval(meshes(9, 0, false)),
             Verdict::kInconclusive,
             "1 of 5 seeds"},
        Case{"rule7_standard_deviations",
             in_unit(of_meshes(), "sd"),
             meshes(2.1, 0.05, false),
             Verdict::kExceeds,
             "too far apart"},
        Case{
            "rule8_equal", of_meshes(), meshes(2.306, 0.1, true), Verdict::kReproduced, "2.306 mm"},
        Case{
            "rule8_at_the_margin", of_meshes(), meshes(2.356, 0.1, true), Verdict::kReproduced, ""},
        Case{"rule8_of_fewer_people",
             of_meshes("400"),
             meshes(2.31, 0.1, true),
             Verdict::kWithinNoise,
             "n is 400"},
        Case{"rule8_beyond",
             of_meshes(),
             meshes(2.6, 0.1, true),
             Verdict::kNotReproduced,
             "2.600 mm"},
        Case{"rule8_better", of_meshes(), meshes(2.0, 0.1, true), Verdict::kExceeds, ""},
        Case{"rule8_people_may_explain_it",
             of_meshes(),
             meshes(2.4, 0.1, true),
             Verdict::kInconclusive,
             "which subjects were scored"},
        Case{"rule8_without_an_interval",
             of_meshes(),
             without_interval(meshes(9, 0, true)),
             Verdict::kInconclusive,
             ""},
        Case{"rule9_reproduced",
             claim(),
             changed(measured(kAtClaim), DataKind::kReal, true, true),
             Verdict::kInconclusive,
             "tainted"},
        Case{"rule9_above",
             claim(60),
             changed(measured(kBelow), DataKind::kReal, true, true),
             Verdict::kInconclusive,
             "tainted"},
        Case{"rule9_below_all_the_same",
             claim(),
             changed(measured(kBelow), DataKind::kReal, true, true),
             Verdict::kNotReproduced,
             ""},
        Case{"unknown_n_and_protocol_are_judged",
             claim(),
             measured(kAtClaim),
             Verdict::kReproduced,
             ""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(JudgeProperties, MovingTheClaimAwayNeverReproduces) {
  for (double distance = 3; distance < 20; distance += 0.5)
    for (const std::vector<std::optional<double>>& values : {kAtClaim, {70}}) {
      const auto high = judge(claim(70 + distance, 2), measured(values)).verdict;
      const auto low = judge(claim(70 - distance, 2), measured(values)).verdict;
      EXPECT_TRUE(high == Verdict::kNotReproduced || high == Verdict::kInconclusive) << distance;
      EXPECT_TRUE(low == Verdict::kExceeds || low == Verdict::kInconclusive) << distance;
    }
}

TEST(JudgeProperties, AWiderMarginNeverMakesAGap) {
  for (double value = 55; value <= 85; value += 0.25)
    for (const double margin : {0.5, 1.0, 4.0}) {
      const auto narrow = judge(claim(), measured({value}), margin).verdict;
      const auto wide = judge(claim(), measured({value}), margin * 2).verdict;
      if (narrow != Verdict::kInconclusive) continue;
      EXPECT_EQ(wide, Verdict::kInconclusive) << value;
    }
}

TEST(VerdictNames, AreDistinct) {
  std::set<std::string> names, words;
  for (int i = 0; i <= static_cast<int>(Verdict::kInvalid); ++i) {
    names.insert(name_of(static_cast<Verdict>(i)));
    words.insert(short_word(static_cast<Verdict>(i)));
  }
  EXPECT_EQ(names.size(), 8u);
  EXPECT_EQ(words.size(), 8u);
  EXPECT_STREQ(short_word(Verdict::kNotReproduced), "below");
  EXPECT_STREQ(short_word(Verdict::kNotReproduced, "mm"), "worse");
  EXPECT_STREQ(short_word(Verdict::kExceeds, "sd"), "better");
}

TEST(Printed, KeepsThePapersDecimals) {
  EXPECT_EQ(printed(claim(70.1, 2)), "70.10");
  EXPECT_EQ(printed(claim(98, 0)), "98");
  EXPECT_EQ(printed(claim(std::nullopt)), "unknown");
  EXPECT_EQ(printed_with_unit(claim(70.1, 2)), "70.10 %");
  EXPECT_EQ(printed_with_unit(millimetres(2.306)), "2.306 mm");
  EXPECT_EQ(printed_with_unit(claim(std::nullopt)), "unknown");
}

}  // namespace
}  // namespace mien
