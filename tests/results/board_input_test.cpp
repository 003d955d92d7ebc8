// Checks the rows that the store reads for a board.
#include <gtest/gtest.h>

#include "results/store.h"
#include "tests/results/stored.h"
#include "tests/support/expect_error.h"
#include "tests/support/records.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::record;
using testing::sql;
using testing::TempDir;

TEST(BoardInput, NeedsNoPredictions) {
  const TempDir dir;
  Store::open(dir / "r.db").append(record(1));
  sql(dir / "r.db", "DROP TABLE prediction; DROP TABLE curve; DROP TABLE confusion");
  EXPECT_EQ(Store::open_existing(dir / "r.db").board_input().scores.size(), 1u);
}

TEST(BoardInput, ScoresSpeedsAndFailures) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  TaskRecord r = record(1);
  r.task = testing::task();
  store.append(r);
  TaskRecord speed = record(2);
  speed.task = testing::task("deepemotion");
  speed.task.kind = TaskKind::kThroughput;
  speed.metrics = {{.name = "images_per_second_b32",
                    .value = 812.5,
                    .unit = "img/s",
                    .interval = Interval{800, 820},
                    .method = "quantile",
                    .n = 7}};
  store.append(speed);
  Attempt failed;
  failed.state = AttemptState::kCrashed;
  failed.started_ns = 1;
  failed.message = "first";
  store.record_attempt(testing::task("expnet@realy"), failed);
  failed.started_ns = 2;
  failed.message = "last";
  store.record_attempt(testing::task("expnet@realy"), failed);
  const BoardInput input = store.board_input();
  ASSERT_EQ(input.scores.size(), 1u);
  EXPECT_EQ(input.scores[0].value, r.metrics[0].value);
  EXPECT_EQ(input.scores[0].device, "CPU");
  EXPECT_EQ(input.scores[0].taints, 1);
  EXPECT_EQ(input.scores[0].notes, 3);
  ASSERT_EQ(input.speeds.size(), 1u);
  EXPECT_EQ(input.speeds[0].images_per_second, 812.5);
  EXPECT_FALSE(input.speeds[0].latency_ms);
  ASSERT_EQ(input.failures.size(), 1u);
  EXPECT_EQ(input.failures[0].message, "last");
  EXPECT_EQ(input.failures[0].state, "crashed");
}

TEST(BoardInput, KnowsModelsFromOutsideByTheirPlan) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  TaskRecord r = record(1);
  r.task = testing::task();
  External& external = r.task.external.emplace();
  external.kind = ExternalKind::kPredictions;
  external.sha256 = std::string(64, 'c');
  r.metrics.push_back({.name = "images_per_second_external",
                       .value = 120,
                       .unit = "img/s",
                       .method = "external",
                       .n = 1});
  store.append(r);
  const BoardInput input = store.board_input();
  ASSERT_EQ(input.scores.size(), 1u);
  EXPECT_EQ(input.scores[0].external, "predictions");
  EXPECT_EQ(input.scores[0].file_sha256, external.sha256);
  EXPECT_EQ(input.scores[0].external_images_per_second, 120);
  EXPECT_EQ(task_id(store.load(task_id(r.task))->task), task_id(r.task));
}

TEST(BoardInput, FollowsTheClaimsMetric) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  TaskRecord r = record(1);
  r.task = testing::task();
  r.metrics.push_back({.name = "uar", .split = "test", .value = 55, .unit = "%", .n = 100});
  store.append(r);
  EXPECT_EQ(store.board_input().scores[0].metric, "accuracy");
  Claim claim = testing::claim();
  claim.metric = "uar";
  store.upsert_claim(r.task.experiment, claim);
  EXPECT_EQ(store.board_input().scores[0].metric, "uar");
  claim.metric = "never_measured";
  sql(store.path(), "DELETE FROM claim");
  store.upsert_claim(r.task.experiment, claim);
  EXPECT_EQ(store.board_input().scores[0].metric, "accuracy");
}

TEST(BoardInput, EachKindOfTaskHasItsMetric) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  TaskRecord meshes = testing::reconstruction(1);
  for (const char* name : {"failed", "missing", "reflected"})
    meshes.metrics.push_back(
        {.name = name, .split = "test", .value = 4, .unit = "count", .n = 100});
  store.append(meshes);
  TaskRecord numbers = record(2);
  numbers.task.kind = TaskKind::kRegression;
  numbers.task.experiment = "expnet@synth3dmm";
  numbers.metrics = {{.name = "pose_error", .split = "test", .value = 3, .unit = "deg", .n = 64},
                     {.name = "coefficient_error",
                      .split = "test",
                      .value = 0.7,
                      .unit = "sd",
                      .interval = Interval{0.6, 0.8},
                      .method = "bootstrap",
                      .n = 64}};
  store.append(numbers);
  const std::vector<ScoreRow> rows = store.board_input().scores;
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].metric, "realy_error");
  EXPECT_EQ(rows[0].unit, "mm");
  ASSERT_TRUE(rows[0].interval && rows[0].meshes);
  EXPECT_EQ(rows[0].interval->lower, 2.21);
  EXPECT_EQ(rows[0].meshes->missing, 4);
  EXPECT_EQ(rows[0].meshes->all, 100);
  EXPECT_FALSE(rows[0].meshes->strict_mm);
  EXPECT_EQ(rows[1].metric, "coefficient_error");
  ASSERT_TRUE(rows[1].interval);
  EXPECT_EQ(rows[1].interval->upper, 0.8);
  EXPECT_FALSE(rows[1].meshes);
}

TEST(BoardInput, AnUnknownWordIsAnErrorAndNoDefault) {
  const TempDir dir;
  const fs::path path = dir / "r.db";
  Store::open(path).append(record(1));
  Attempt crashed;
  crashed.state = AttemptState::kCrashed;
  Store::open(path).record_attempt(testing::task("other@data"), crashed);
  const auto damage = [&](const char* statement) {
    sql(path, fmt::format("PRAGMA ignore_check_constraints = ON; {}", statement));
  };
  damage("UPDATE attempt SET state = 'vanished' WHERE state = 'crashed'");
  EXPECT_ERROR(Store::open_existing(path).attempts(task_id(testing::task("other@data"))),
               Exit::kIntegrity,
               "r.db: table attempt: state is 'vanished'");
  damage("UPDATE task SET kind = 'guess' WHERE experiment = 'other@data'");
  EXPECT_ERROR(Store::open_existing(path).board_input(),
               Exit::kIntegrity,
               "r.db: table task: kind is 'guess'");
  damage("UPDATE task SET data = 'unreal'");
  EXPECT_ERROR(Store::open_existing(path).board_input(),
               Exit::kIntegrity,
               "r.db: table task: data is 'unreal'");
}

}  // namespace
}  // namespace mien
