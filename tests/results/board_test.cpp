// Which rows a board has, in which order, and what never shares a row.
#include "results/board.h"

#include <gtest/gtest.h>

#include <set>

#include "harness/base/statistics.h"
#include "tests/support/records.h"

namespace mien {
namespace {

using testing::kDay;
using testing::kStart;
using testing::score;

BoardInput scores(std::vector<ScoreRow> rows) { return {std::move(rows), {}, {}, {}}; }

ScoreRow stand_in(ScoreRow row) {
  row.data = DataKind::kStandIn;
  row.group_id += "-stand-in";
  return row;
}
ScoreRow smoke(ScoreRow row) {
  row.profile = "smoke";
  row.official = false;
  row.group_id += "-smoke";
  return row;
}
FailureRow failure(const ScoreRow& like, const std::string& message, std::int64_t ended_ns) {
  return {TaskKind::kAccuracy,
          like.experiment,
          like.model,
          like.variant,
          like.dataset,
          like.data,
          like.profile,
          like.official,
          like.device_class,
          like.split,
          like.group_id,
          "oom",
          message,
          ended_ns};
}
SpeedRow speed(const std::string& device, double rate, bool official, std::int64_t when) {
  return {
      "m", "m", "default", official ? "full" : "smoke", official, "cuda", device, rate, 1.5, when};
}

TEST(Board, IsEmptyWithoutResults) { EXPECT_TRUE(make_board({}).rows.empty()); }

TEST(Board, LeaksOfFoldsAreAddedUp) {
  std::vector<ScoreRow> folds;
  for (std::int64_t fold = 0; fold < 3; ++fold) {
    ScoreRow row = score("m@d", 90);
    row.fold = fold;
    row.leaks = {{"test in train", "subject", 10, 10},
                 {"test in train", "near", fold, 10},
                 {"validation in train", "near", 9, 9}};
    folds.push_back(row);
  }
  ScoreRow other_seed = folds[0];
  other_seed.seed = 2;
  folds.push_back(other_seed);
  const Board board = make_board(scores(folds));
  ASSERT_EQ(board.rows.size(), 1u);
  const std::vector<Leak>& leaks = board.rows[0].leaks;
  ASSERT_EQ(leaks.size(), 2u);
  EXPECT_EQ(leaks[0].rows, 30);
  EXPECT_EQ(leaks[1].rows, 3);
  EXPECT_EQ(leaks[1].of, 30);
}

TEST(Board, SplitsAreDifferentRows) {
  ScoreRow frames = score("m@d", 99), people = score("m@d", 70);
  frames.split = "folds10-image";
  people.split = "folds10-subject";
  people.group_id = "h";
  EXPECT_EQ(make_board(scores({frames, people})).rows.size(), 2u);
  people.split = frames.split;
  EXPECT_EQ(make_board(scores({frames, people})).rows.size(), 1u) << "the newer one";
}

TEST(Board, OneSeedHasAWilsonInterval) {
  const Board board = make_board(scores({score("m@d", 100.0 * 2333 / 3589)}));
  ASSERT_EQ(board.rows.size(), 1u);
  const BoardRow& row = board.rows[0];
  EXPECT_EQ(row.interval_kind, IntervalKind::kWilson);
  EXPECT_NEAR(row.interval->upper - row.interval->lower, 2 * 1.56, 0.01);
  EXPECT_EQ(row.n, 3589);
  EXPECT_EQ(row.seeds, 1);
  EXPECT_EQ(row.section, Section::kRealFull);
  EXPECT_FALSE(row.verdict);
  EXPECT_EQ(row.reason, "no claim");
  EXPECT_FALSE(row.images_per_second);
}

TEST(Board, AModelFromOutsideHasTheTimingOfItsOwnFile) {
  ScoreRow row = score("net@faces", 60);
  row.external = "torchscript";
  row.file_sha256 = "new";
  BoardInput input = scores({row});
  SpeedRow speed;
  speed.model = row.model;
  speed.variant = row.variant;
  speed.device_class = row.device_class;
  speed.device = row.device;
  speed.images_per_second = 500;
  speed.external = "torchscript";
  speed.file_sha256 = "old";
  input.speeds = {speed};
  EXPECT_FALSE(make_board(input).rows[0].images_per_second);
  input.speeds[0].file_sha256 = "new";
  EXPECT_EQ(make_board(input).rows[0].images_per_second, 500);
  EXPECT_EQ(make_board(input).rows[0].external, "torchscript");
}

TEST(Board, TimingsOfOthersSaySo) {
  ScoreRow row = score("net@faces", 60);
  row.variant = row.external = "predictions";
  row.external_images_per_second = 120;
  const Board board = make_board(scores({row}));
  EXPECT_EQ(board.rows[0].images_per_second, 120);
  EXPECT_EQ(board.rows[0].speed_profile, "external");
}

/// One figure of meshes in mm.
ScoreRow meshes(double value) {
  ScoreRow row = score("mine@realy", value);
  row.variant = row.external = "meshes";
  row.metric = "realy_error";
  row.unit = "mm";
  row.interval = Interval{value - 0.1, value + 0.1};
  row.n = 97;
  row.leaks.clear();
  row.meshes = {.failed = 2, .missing = 1, .reflected = 3, .all = 100, .strict_mm = 2.5};
  return row;
}

TEST(Board, AnErrorHasTheIntervalOfItsTask) {
  const Board board = make_board(scores({meshes(2.31)}));
  EXPECT_EQ(board.rows[0].interval_kind, IntervalKind::kStored);
  EXPECT_DOUBLE_EQ(board.rows[0].interval->lower, 2.21);
  EXPECT_DOUBLE_EQ(board.rows[0].interval->upper, 2.41);
  EXPECT_EQ(board.rows[0].n, 97);
  EXPECT_EQ(board.rows[0].meshes->failed, 2);
  EXPECT_EQ(board.rows[0].meshes->strict_mm, 2.5);
  ScoreRow without = meshes(2.31);
  without.interval.reset();
  EXPECT_EQ(make_board(scores({without})).rows[0].interval_kind, IntervalKind::kNone);
  ScoreRow other = meshes(2.5);
  other.seed = 2;
  const BoardRow several = make_board(scores({meshes(2.3), other})).rows[0];
  EXPECT_EQ(several.interval_kind, IntervalKind::kRange);
  EXPECT_DOUBLE_EQ(*several.measured, 2.4);
  EXPECT_EQ(several.meshes->failed, 4);
}

TEST(Board, OneFigureOfMeshesIsJudgedAndOneOfATrainingIsNot) {
  BoardInput input = scores({meshes(2.31)});
  Claim claim = testing::claim(2.306);
  claim.metric = "realy_error";
  claim.unit = "mm";
  claim.decimals = 3;
  claim.n = "97";
  input.claims["mine@realy"] = {claim};
  EXPECT_EQ(make_board(input).rows[0].verdict, Verdict::kReproduced);
  input.scores[0].value = 2.7;
  input.scores[0].interval = Interval{2.6, 2.8};
  EXPECT_EQ(make_board(input).rows[0].verdict, Verdict::kNotReproduced);
  input.scores[0].external = "";
  EXPECT_EQ(make_board(input).rows[0].verdict, Verdict::kNotReproduced) << "2.6 > 2.306 + 0.25";
  input.scores[0].interval->lower = 2.55;
  EXPECT_EQ(make_board(input).rows[0].verdict, Verdict::kInconclusive);
  input.scores[0].data = DataKind::kUnverified;
  EXPECT_FALSE(make_board(input).rows[0].verdict);
}

TEST(Board, SeveralSeedsHaveMedianAndRange) {
  const Board board =
      make_board(scores({score("m@d", 60, 1), score("m@d", 70, 2), score("m@d", 61, 3)}));
  ASSERT_EQ(board.rows.size(), 1u);
  EXPECT_EQ(board.rows[0].measured, 61);
  EXPECT_EQ(board.rows[0].interval_kind, IntervalKind::kRange);
  EXPECT_EQ(board.rows[0].interval->lower, 60);
  EXPECT_EQ(board.rows[0].interval->upper, 70);
  EXPECT_EQ(board.rows[0].seeds, 3);
  EXPECT_EQ(board.rows[0].ended_ns, kStart + 3);
}

TEST(Board, FoldsOfASeedArePooledBySamples) {
  ScoreRow a = score("m@d", 100), b = score("m@d", 50);
  a.n = 10;
  b.n = 30;
  b.fold = 1;
  const Board board = make_board(scores({a, b}));
  ASSERT_EQ(board.rows.size(), 1u);
  EXPECT_DOUBLE_EQ(*board.rows[0].measured, 62.5);
  EXPECT_EQ(board.rows[0].n, 40);
  EXPECT_EQ(board.rows[0].folds, 2);
  EXPECT_NEAR(board.rows[0].interval->lower, 100 * wilson(25, 40).lower, 1e-9);
}

TEST(Board, NeverMixesKindsOfDataProfilesOrDevices) {
  std::vector<ScoreRow> rows = {score("m@d", 60),
                                stand_in(score("m@d", 99)),
                                smoke(score("m@d", 20)),
                                smoke(stand_in(score("m@d", 98)))};
  rows.push_back(score("m@d", 61));
  rows.back().device_class = "cpu";
  rows.back().group_id += "-cpu";
  rows.push_back(score("m@d", 62));
  rows.back().data = DataKind::kUnverified;
  rows.back().group_id += "-unverified";
  rows.push_back(score("m@d", 63));
  rows.back().variant = "other";
  rows.back().group_id += "-other";
  BoardInput input = scores(rows);
  input.claims["m@d"] = {testing::claim(60)};
  const Board board = make_board(input);
  ASSERT_EQ(board.rows.size(), rows.size());
  for (const BoardRow& row : board.rows) {
    EXPECT_EQ(row.seeds, 1);
    EXPECT_EQ(row.verdict.has_value(), row.section == Section::kRealFull);
    EXPECT_EQ(row.section == Section::kStandIn, row.data == DataKind::kStandIn);
  }
  EXPECT_EQ(board.rows[0].device_class, "cuda");
  EXPECT_EQ(board.rows[1].device_class, "cpu");
  EXPECT_EQ(board.rows[2].variant, "other");
  EXPECT_EQ(board.rows[3].section, Section::kRealPartial);
  EXPECT_EQ(board.rows[4].section, Section::kUnverified);
  EXPECT_TRUE(board.rows[5].official);
  EXPECT_EQ(board.rows[6].profile, "smoke");
}

TEST(Board, HidesGroupsThatANewerOneReplaced) {
  ScoreRow old = score("m@d", 50), fresh = score("m@d", 60);
  old.group_id = "old";
  fresh.ended_ns += kDay;
  const BoardInput input = scores({old, fresh});
  ASSERT_EQ(make_board(input).rows.size(), 1u);
  EXPECT_EQ(make_board(input).rows[0].measured, 60);
  const Board all = make_board(input, {.all = true});
  ASSERT_EQ(all.rows.size(), 2u);
  EXPECT_EQ(all.rows[1].measured, 50);
}

TEST(Board, ClaimsAndVerdicts) {
  std::vector<ScoreRow> rows;
  for (std::int64_t seed = 1; seed <= 5; ++seed)
    rows.push_back(score("m@d", 69.9 + 0.05 * static_cast<double>(seed), seed));
  BoardInput input = scores(rows);
  input.claims["m@d"] = {testing::claim()};
  EXPECT_EQ(make_board(input).rows[0].verdict, Verdict::kReproduced);
  input.scores[0].taints = 1;
  EXPECT_EQ(make_board(input).rows[0].verdict, Verdict::kInconclusive);
  input.scores[0].taints = 0;
  input.scores[0].value.reset();
  const BoardRow invalid = make_board(input).rows[0];
  EXPECT_EQ(invalid.verdict, Verdict::kInvalid);
  EXPECT_FALSE(invalid.measured);
  input.claims["m@d"][0].metric = "unknown";
  input.scores[0].value = 70;
  EXPECT_EQ(make_board(input).rows[0].verdict, Verdict::kUntestable);
  input.claims["m@d"][0].metric = "uar";  // another metric is no claim on this one
  EXPECT_FALSE(make_board(input).rows[0].claim);
}

TEST(Board, FailuresAreRowsOrCounts) {
  const ScoreRow done = score("m@d", 60), other = score("m@e", 0);
  BoardInput input = scores({done});
  input.failures = {failure(done, "counted", kStart),
                    failure(other, "older", kStart),
                    failure(other, "newer", kStart + 5)};
  const Board board = make_board(input);
  ASSERT_EQ(board.rows.size(), 2u);
  EXPECT_EQ(board.rows[0].state, RowState::kMeasured);
  EXPECT_EQ(board.rows[0].failed_tasks, 1);
  EXPECT_EQ(board.rows[1].state, RowState::kFailed);
  EXPECT_EQ(board.rows[1].reason, "newer");
  EXPECT_EQ(board.rows[1].failure, "oom");
  EXPECT_EQ(board.rows[1].failed_tasks, 2);
}

TEST(Board, ANewerFailureStandsBesideTheLastMeasurement) {
  const ScoreRow done = score("m@d", 60);
  ScoreRow changed = done;
  changed.group_id = "changed";
  BoardInput input = scores({done});
  input.failures = {failure(changed, "broke", kStart + kDay)};
  ASSERT_EQ(make_board(input).rows.size(), 2u);
  input.failures = {failure(changed, "was broken", kStart - kDay)};
  EXPECT_EQ(make_board(input).rows.size(), 1u);
}

TEST(Board, SpeedComesFromTheSameMachineOnly) {
  BoardInput input = scores({score("m@d", 60)});
  input.speeds = {speed("NVIDIA A100", 900, true, kStart),
                  speed("NVIDIA H200", 100, true, kStart),
                  speed("NVIDIA H200", 200, true, kStart + 1),
                  speed("NVIDIA H200", 300, false, kStart + 2)};
  const Board board = make_board(input);
  ASSERT_EQ(board.rows.size(), 2u);
  EXPECT_EQ(board.rows[0].images_per_second, 200);  // the newest official one
  EXPECT_TRUE(board.rows[0].speed_official);
  EXPECT_EQ(board.rows[1].section, Section::kThroughput);
  EXPECT_EQ(board.rows[1].device, "NVIDIA A100");
  EXPECT_EQ(board.rows[1].images_per_second, 900);
  EXPECT_FALSE(board.rows[1].measured);
}

TEST(Board, TheFloorIsARowLikeOthers) {
  const Board board = make_board(scores({score("null@d", 24.99), score("m@d", 60)}));
  ASSERT_EQ(board.rows.size(), 2u);
  EXPECT_EQ(board.rows[1].model, "null");
}

TEST(Sections, HaveNamesAndTitles) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(Section::kThroughput); ++i) {
    names.insert(name_of(static_cast<Section>(i)));
    EXPECT_STRNE(title_of(static_cast<Section>(i)), "");
  }
  EXPECT_EQ(names.size(), 5u);
}

}  // namespace
}  // namespace mien
