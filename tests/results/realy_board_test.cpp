// Ours among the published, as text and as ranks.
#include "results/realy_board.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/config/published_file.h"
#include "tests/support/golden.h"

namespace mien {
namespace {

/// As the shipped file prints it.
const PublishedTable& published(const char* set = "frontal") {
  static const std::vector<PublishedTable> tables =
      load_all_published(std::filesystem::path(MIEN_SOURCE_DIR) / "configs");
  return *find_table(tables, "realy", set);
}

TaskRecord record(const std::string& experiment, double nose, double all, DataKind data) {
  TaskRecord r;
  r.task.kind = TaskKind::kReconstruction;
  r.task.experiment = experiment;
  r.task.dataset = "realy";
  r.task.data = data;
  const auto add = [&](const char* name, double value) {
    r.metrics.push_back({.name = name, .split = "test", .value = value, .unit = "mm", .n = 100});
  };
  add("realy_error", all);
  add("realy_nose", nose);
  add("realy_nose_strict", 99);
  add("failed", 0);
  return r;
}

TEST(RealyBoard, ReadsRecords) {
  const auto measured = measured_realy(record("mine@realy", 2.51, 2.4, DataKind::kUnverified));
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->method, "mine");
  EXPECT_EQ(measured->mm, (std::map<std::string, double>{{"nose", 2.51}, {"all", 2.4}}));
  EXPECT_EQ(measured->scored, 100);
  EXPECT_FALSE(measured_realy({}));
  Task task = record("mine@realy-side", 1, 1, DataKind::kReal).task;
  EXPECT_EQ(realy_set(task), "side");
  task.experiment = "mine@realy";
  EXPECT_EQ(realy_set(task), "frontal");
  task.kind = TaskKind::kAccuracy;
  EXPECT_FALSE(realy_set(task));
}

TEST(RealyBoard, SaysWhereAMethodStands) {
  const auto lines = [](double nose, double all, DataKind data) {
    return ranking_lines(published(), *measured_realy(record("mine@realy", nose, all, data)));
  };
  const std::vector<std::string> found = lines(2.51, 1.2, DataKind::kUnverified);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], "nose 2.510 mm: 21st of 27, behind ExpNet, before FS-Opt-c");
  EXPECT_EQ(found[1], "all 1.200 mm: 1st of 27, before HiFace-f");
  EXPECT_EQ(lines(9, 2.306, DataKind::kUnverified)[1],
            "all 2.306 mm: 20th of 27, behind RingNet, level with ExpNet, before EMOCA-f");
  EXPECT_EQ(lines(1, 1, DataKind::kStandIn),
            std::vector<std::string>{"stand-in meshes are not ranked among published figures"});
  const auto json = ranking_json(
      published(), *measured_realy(record("m@realy", 1, 2.306, DataKind::kUnverified)));
  EXPECT_EQ(json.at(1).at("rank"), 20);
  EXPECT_EQ(json.at(1).at("level").at(0), "ExpNet");
}

TEST(RealyBoard, OfFewerMeshesSaysSo) {
  auto measured = *measured_realy(record("mine@realy", 2, 2, DataKind::kUnverified));
  measured.scored = 12;
  EXPECT_EQ(ranking_lines(published(), measured).back(),
            "12 meshes were scored, the published figures are of 100");
}

TEST(RealyBoard, Goldens) {
  const std::vector<MeasuredRealy> measured = {
      *measured_realy(record("mine@realy", 2.51, 2.3061, DataKind::kUnverified)),
      *measured_realy(record("drawn@realy", 0.5, 0.5, DataKind::kStandIn))};
  testing::expect_golden(
      "realy-frontal.txt",
      to_text(realy_table(published(), measured)) + "\n" + to_text(realy_stand_ins(measured)));
  testing::expect_golden("realy-side.md", to_markdown(realy_table(published("side"), {})));
}

}  // namespace
}  // namespace mien
