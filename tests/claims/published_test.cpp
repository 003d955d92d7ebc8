// Printed figures, what n allows, and ranks among published rows.
#include "harness/claims/published.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mien {
namespace {

TEST(Figure, HoldsOneNumberOrThreeOrNone) {
  const Figure mean = *parse_figure("1.500");
  ASSERT_EQ(mean.parts.size(), 1u);
  EXPECT_EQ(mean.parts[0].value, 1.5);
  EXPECT_EQ(mean.parts[0].decimals, 3) << "the zeros that are printed count";
  const Figure three = *parse_figure("2.509/2.463/0.486");
  ASSERT_EQ(three.parts.size(), 3u);
  EXPECT_EQ(three.parts[2].value, 0.486);
  EXPECT_FALSE(parse_figure("-")->recorded());
  EXPECT_EQ(parse_figure("-1")->parts[0].value, -1);
  EXPECT_EQ(parse_figure("100")->parts[0].decimals, 0);
}

TEST(Figure, RefusesAllElse) {
  for (const char* wrong : {"",
                            "a",
                            "1.",
                            ".5",
                            "1e3",
                            "nan",
                            "+1",
                            "--1",
                            "1,5",
                            "1/2",
                            "1/2/3/4",
                            "1//2",
                            "1/2/",
                            "1.2.3",
                            "12345678901234567890"})
    EXPECT_FALSE(parse_figure(wrong)) << wrong;
}

/// Published figures and what is known of their counts.
TEST(Attainability, AgreesWithKnownCounts) {
  const auto found = [](double value, int decimals, std::int64_t n) {
    return attainability({value, decimals}, n);
  };
  for (const auto& [value, decimals, n, k] :
       std::vector<std::tuple<double, int, std::int64_t, std::int64_t>>{{70.02, 2, 3589, 2513},
                                                                        {70.10, 2, 3589, 2516},
                                                                        {73.28, 2, 3589, 2630},
                                                                        {74.14, 2, 3589, 2661},
                                                                        {76.82, 2, 3589, 2757},
                                                                        {73.112, 3, 3589, 2624},
                                                                        {71.496, 3, 3589, 2566},
                                                                        {72.973, 3, 3589, 2619},
                                                                        {71.16, 2, 3589, 2554},
                                                                        {0, 2, 3589, 0},
                                                                        {100, 2, 3589, 3589}}) {
    EXPECT_EQ(found(value, decimals, n).how, Attainable::kRounded) << value;
    EXPECT_EQ(found(value, decimals, n).k, k) << value;
  }
  EXPECT_EQ(found(92.8, 1, 70).how, Attainable::kTruncated);
  EXPECT_EQ(found(92.8, 1, 70).k, 65);
  EXPECT_EQ(found(92.9, 1, 70).how, Attainable::kRounded);
  EXPECT_EQ(found(79.79, 2, 3589).how, Attainable::kTruncated);
  EXPECT_EQ(found(79.79, 2, 3589).k, 2864);
  EXPECT_EQ(found(73.16, 2, 3589).k, 2626);
  EXPECT_EQ(found(61.32, 2, 3999).how, Attainable::kRounded);
  EXPECT_EQ(found(61.32, 2, 4000).how, Attainable::kTruncated);
  EXPECT_EQ(found(75.97, 2, 3589).how, Attainable::kNot);
  EXPECT_EQ(found(75.97, 2, 3589).k, 2727) << "the nearest";
  EXPECT_EQ(found(94.76, 2, 3068).how, Attainable::kNot);
  // 98.0 % of a fifth of 327 sequences is no count; of 98 images it is.
  EXPECT_EQ(found(98.0, 1, 65).how, Attainable::kNot);
  EXPECT_EQ(found(98.0, 1, 66).how, Attainable::kNot);
  for (const std::int64_t n : {98, 99, 100, 196, 197, 198, 245, 593, 981})
    EXPECT_EQ(found(98.0, 1, n).how, Attainable::kRounded) << n;
}

/// Share of all printable values that some count gives: a second way to the same arithmetic.
double attainable_share(int decimals, std::int64_t n) {
  const int steps = decimals == 1 ? 1000 : 10000;
  int attainable = 0;
  for (int unit = 0; unit <= steps; ++unit)
    attainable += attainability({unit * 100.0 / steps, decimals}, n).how == Attainable::kRounded;
  return 100.0 * attainable / (steps + 1);
}

TEST(Attainability, SharesOfPrintableValues) {
  EXPECT_NEAR(attainable_share(2, 70), 0.7, 0.05);
  EXPECT_NEAR(attainable_share(1, 70), 7.1, 0.05);
  EXPECT_NEAR(attainable_share(2, 213), 2.1, 0.05);
  EXPECT_NEAR(attainable_share(2, 327), 3.3, 0.05);
  EXPECT_NEAR(attainable_share(1, 981), 98, 0.5);
  EXPECT_NEAR(attainable_share(2, 3068), 30.7, 0.05);
  EXPECT_NEAR(attainable_share(2, 3589), 35.9, 0.05);
  EXPECT_EQ(attainable_share(1, 3589), 100);
}

TEST(Attainability, NeitherOverflowsNorTakesNonsense) {
  EXPECT_EQ(attainability({50, 9}, 1'000'000'000).how, Attainable::kRounded);
  EXPECT_EQ(attainability({99.99999, 6}, 10'000'000).how, Attainable::kRounded);
  EXPECT_EQ(attainability({101, 0}, 10).how, Attainable::kNot);
  EXPECT_EQ(attainability({-1, 0}, 10).how, Attainable::kNot);
}

PublishedTable board() {
  PublishedTable table;
  table.publication = "realy";
  table.name = "frontal";
  table.unit = "mm";
  table.grade = "V";
  table.columns = {"nose", "all"};
  table.ranked_by = "all";
  table.rows = {{"first", {*parse_figure("2.000/1.9/0.3"), *parse_figure("1.275")}, 1},
                {"second", {*parse_figure("1.000/0.9/0.3"), *parse_figure("1.500")}, 2},
                {"third", {*parse_figure("-"), *parse_figure("1.500")}, 3},
                {"last", {*parse_figure("3.000/2.9/0.3"), *parse_figure("3.479")}, 4}};
  return table;
}

TEST(RankAmong, RanksEveryColumnByItself) {
  const std::vector<Ranking> rankings = rank_among(board(), {{"all", 2.0}, {"nose", 0.5}});
  ASSERT_EQ(rankings.size(), 2u);
  EXPECT_EQ(rankings[0].column, "nose");
  EXPECT_EQ(rankings[0].rank, 1u);
  EXPECT_EQ(rankings[0].of, 4u) << "a row without a figure does not count";
  EXPECT_TRUE(rankings[0].better.empty());
  EXPECT_EQ(rankings[0].worse, std::vector<std::string>{"second"});
  EXPECT_EQ(rankings[1].rank, 4u);
  EXPECT_EQ(rankings[1].of, 5u);
  EXPECT_EQ(rankings[1].better, (std::vector<std::string>{"second", "third"}));
  EXPECT_EQ(rankings[1].worse, std::vector<std::string>{"last"});
  EXPECT_EQ(rankings[1].value, 2.0);
}

TEST(RankAmong, TiesAreWhatPrintsAlike) {
  const Ranking tie = rank_among(board(), {{"all", 1.50049}})[0];
  EXPECT_EQ(tie.rank, 2u);
  EXPECT_EQ(tie.equal, (std::vector<std::string>{"second", "third"}));
  EXPECT_EQ(tie.better, std::vector<std::string>{"first"});
  EXPECT_EQ(rank_among(board(), {{"all", 1.50051}})[0].rank, 4u);
}

TEST(RankAmong, TheWorstIsLast) {
  const Ranking worst = rank_among(board(), {{"all", 9.0}})[0];
  EXPECT_EQ(worst.rank, worst.of);
  EXPECT_TRUE(worst.worse.empty());
}

TEST(RankAmong, MoreIsBetterForAccuracies) {
  PublishedTable table = board();
  table.unit = "%";
  const Ranking ranking = rank_among(table, {{"all", 3.0}})[0];
  EXPECT_EQ(ranking.rank, 2u);
  EXPECT_EQ(ranking.better, std::vector<std::string>{"last"});
}

TEST(RankAmong, SaysNothingOfWhatIsNoRanking) {
  EXPECT_TRUE(rank_among(board(), {{"chin", 1.0}, {"all", NAN}, {"nose", INFINITY}}).empty());
  PublishedTable recollected = board();
  recollected.grade = "R";
  EXPECT_TRUE(rank_among(recollected, {{"all", 1.0}}).empty());
  PublishedTable mixed = board();
  mixed.ranked_by = "";
  EXPECT_TRUE(rank_among(mixed, {{"all", 1.0}}).empty());
  PublishedTable empty = board();
  empty.rows.clear();
  EXPECT_TRUE(rank_among(empty, {{"all", 1.0}}).empty());
}

TEST(ClaimId, LeavesEmptyPartsOut) {
  EXPECT_EQ(claim_id(board(), "first", "nose"), "realy/frontal/first/nose");
  EXPECT_EQ(claim_id(PublishedTable(), "dexpr-mmi"), "dexpr-mmi");
}

}  // namespace
}  // namespace mien
