#include "harness/run/plan.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

constexpr const char* kModels = R"({"schema":1,"libtorch":"x","cuda":false,"models":[
  {"name":"net","variant":"fig","parameters":10,"macs":1000000},
  {"name":"other","variant":"fig","parameters":10,"macs":1000000}]})";
constexpr const char* kDatasets = R"([{"name":"faces","counts":{"Training":[100,50]}}])";

std::string config(const std::string& id, const std::string& model) {
  return fmt::format(
      "schema: 1\nexperiment: {}\nmodel: {}\nvariant: fig\ndataset: faces\n"
      "seeds: 3\nprofiles:\n  smoke: {{seeds: 2}}\n",
      id,
      model);
}

DatasetLocation real_data(const std::string&, const std::string&) {
  return {DataKind::kReal, "/data/faces", "/packs/faces.safetensors", std::string(64, 'a')};
}
DatasetLocation missing_data(const std::string&, const std::string&) {
  return {DataKind::kStandIn, "/x", "", ""};
}

class Planning : public ::testing::Test {
 protected:
  Planning() {
    folder.write("models.json", kModels);
    folder.write("datasets.json", kDatasets);
    folder.write("configs/net@faces.yaml", config("net@faces", "net"));
    folder.write("configs/other@faces.yaml", config("other@faces", "other"));
    ::setenv("MIEN_SHARE", folder.path().c_str(), 1);
  }
  ~Planning() override { ::unsetenv("MIEN_SHARE"); }

  Plan plan(PlanRequest request, const Store* store = nullptr, FindDataset find = real_data) {
    request.device = "cpu";
    return make_plan(request, load_experiments(folder / "configs"), Catalog(), store, find);
  }
  std::vector<std::string> selected(const std::vector<std::string>& selectors) {
    std::vector<std::string> ids;
    for (const Experiment& e : select(load_experiments(folder / "configs"), selectors))
      ids.push_back(e.id);
    return ids;
  }

  testing::TempDir folder;
};

TEST_F(Planning, SelectorsNameExperiments) {
  using Ids = std::vector<std::string>;
  EXPECT_EQ(selected({"all"}), (Ids{"net@faces", "other@faces"}));
  EXPECT_EQ(selected({"net"}), Ids{"net@faces"});
  EXPECT_EQ(selected({"@faces"}), (Ids{"net@faces", "other@faces"}));
  EXPECT_EQ(selected({"o*"}), Ids{"other@faces"});
  EXPECT_EQ(selected({"other@faces", "net@faces"}), (Ids{"net@faces", "other@faces"}));
  EXPECT_ERROR(selected({"nett@faces"}), Exit::kUsage, "did you mean net@faces?");
}

TEST_F(Planning, SeedsThenThroughputOncePerModel) {
  PlanRequest request;
  request.selectors = {"all"};
  const Plan p = plan(request);
  ASSERT_EQ(p.tasks.size(), 6u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(p.tasks[i].task.kind, TaskKind::kAccuracy);
  for (std::size_t i = 4; i < 6; ++i) EXPECT_EQ(p.tasks[i].task.kind, TaskKind::kThroughput);
  EXPECT_EQ(p.tasks[0].task.seed, 1);
  EXPECT_EQ(p.tasks[1].task.seed, 2);
  EXPECT_FALSE(p.tasks[0].task.official);
  request.profile = "full";
  request.seeds = 1;
  EXPECT_TRUE(plan(request).tasks[0].task.official);
  request.overrides = {"epochs=3"};
  EXPECT_FALSE(plan(request).tasks[0].task.official) << "--set makes a row unofficial";
}

TEST_F(Planning, TheResolvedTaskIsGolden) {
  PlanRequest request;
  request.selectors = {"net"};
  const Plan p = plan(request);
  testing::expect_golden("task.json",
                         to_json(p.tasks[0].task).dump(1) + "\n" + p.tasks[0].id + "\n");
}

TEST_F(Planning, LaunchesFollowTheProfileAndThroughputCanStandAlone) {
  PlanRequest request;
  request.selectors = {"net"};
  request.metric = RunMetric::kThroughput;
  for (const auto& [profile, launches] : {std::pair{"smoke", 1}, std::pair{"full", 7}}) {
    request.profile = profile;
    const Plan p = plan(request);
    ASSERT_EQ(p.tasks.size(), 1u);
    EXPECT_EQ(p.tasks[0].task.kind, TaskKind::kThroughput);
    EXPECT_EQ(p.tasks[0].task.protocol.timing.launches, launches);
  }
}

TEST_F(Planning, ScoresCanStandAlone) {
  PlanRequest request;
  request.selectors = {"net"};
  request.metric = RunMetric::kScores;
  const Plan p = plan(request);
  ASSERT_FALSE(p.tasks.empty());
  for (const PlannedTask& planned : p.tasks) EXPECT_EQ(planned.task.kind, TaskKind::kAccuracy);
}

TEST_F(Planning, ThroughputDoesNotDependOnTheDataset) {
  PlanRequest request;
  request.selectors = {"net"};
  const std::string real = plan(request).tasks.back().id;
  const Plan unprepared = plan(request, nullptr, missing_data);
  EXPECT_EQ(unprepared.tasks.back().id, real);
  EXPECT_EQ(unprepared.tasks.front().id, "") << "no pack, no frozen task";
}

TEST_F(Planning, FoldsAreTasksOfOneGroup) {
  PlanRequest request;
  request.selectors = {"net"};
  request.seeds = 2;
  request.overrides = {"splits.scheme=folds", "splits.folds=3"};
  const Plan p = plan(request);
  ASSERT_EQ(p.tasks.size(), 7u) << "three folds of two seeds, and throughput";
  std::set<std::pair<std::int64_t, std::int64_t>> cells;
  for (std::size_t i = 0; i < 6; ++i) {
    const Task& task = p.tasks[i].task;
    cells.emplace(task.seed, task.fold);
    EXPECT_EQ(task.split, "folds3-image");
    EXPECT_EQ(group_id(task), group_id(p.tasks[0].task));
  }
  EXPECT_EQ(cells.size(), 6u);
  EXPECT_EQ(p.tasks.back().task.split, "");
}

class PlanningWithNetworks : public Planning {
 protected:
  PlanningWithNetworks() {
    folder.write("configs/coefs@faces.yaml",
                 "schema: 1\nexperiment: coefs@faces\ntask: regression\nmodel: net\n"
                 "variant: fig\ndataset: faces\nseeds: 3\nprotocol: {resize_px: 64}\n"
                 "profiles: {smoke: {variant: small, seeds: 2}}\n");
    write_taker("resize_px: 64");
    std::string models = kModels;
    models.insert(models.rfind(']'),
                  R"(,{"name":"net","variant":"small","parameters":1,"macs":5})");
    folder.write("models.json", models);
  }
  void write_taker(const std::string& protocol) {
    folder.write("configs/net@meshes.yaml",
                 "schema: 1\nexperiment: net@meshes\ntask: reconstruction\nmodel: net\n"
                 "variant: fig\ndataset: faces\nseeds: 3\n"
                 "networks: {expression: coefs@faces}\nprotocol: {" +
                     protocol +
                     "}\n"
                     "profiles: {smoke: {variant: small, seeds: 2}}\n");
  }
};

TEST_F(PlanningWithNetworks, WhatTrainsANetworkComesBeforeWhatTakesIt) {
  PlanRequest request;
  request.selectors = {"net@meshes"};
  const Plan p = plan(request);
  ASSERT_EQ(p.tasks.size(), 5u) << "two seeds of each, and throughput";
  for (std::size_t seed = 0; seed < 2; ++seed) {
    const PlannedTask &trains = p.tasks[seed], &takes = p.tasks[2 + seed];
    EXPECT_EQ(trains.task.kind, TaskKind::kRegression);
    EXPECT_EQ(trains.task.variant, "small") << "a profile may name another variant";
    EXPECT_EQ(takes.task.kind, TaskKind::kReconstruction);
    EXPECT_EQ(takes.task.networks.at("expression"), trains.id) << "of the same seed";
    EXPECT_EQ(takes.ground_truth, "/data/faces");
  }
  EXPECT_EQ(group_id(p.tasks[2].task), group_id(p.tasks[3].task));
}

TEST_F(PlanningWithNetworks, OverridesLeaveTheNetworksAlone) {
  PlanRequest request;
  request.selectors = {"net@meshes"};
  request.profile = "full";
  const std::string trains = plan(request).tasks[0].id;
  request.overrides = {"limit.test=5"};
  const Plan p = plan(request);
  EXPECT_EQ(p.tasks[0].id, trains);
  EXPECT_TRUE(p.tasks[0].task.official);
  EXPECT_FALSE(p.tasks[3].task.official);
}

TEST_F(PlanningWithNetworks, WithoutAPackNothingIsFrozen) {
  PlanRequest request;
  request.selectors = {"net@meshes"};
  for (const PlannedTask& planned : plan(request, nullptr, missing_data).tasks)
    EXPECT_EQ(planned.id.empty(), planned.task.kind != TaskKind::kThroughput);
}

TEST_F(PlanningWithNetworks, FaultsNameTheFile) {
  PlanRequest request;
  request.selectors = {"net@meshes"};
  write_taker("resize_px: 32");
  EXPECT_ERROR(plan(request),
               Exit::kUsage,
               "net@meshes.yaml:8:12: coefs@faces was trained on other images: resize_px");
  write_taker("resize_px: 64}\nassumptions: []\n#");
  request.overrides = {"resize_px=48"};
  EXPECT_ERROR(plan(request), Exit::kUsage, "resize_px");
  request.overrides = {};
  folder.write("configs/coefs@faces.yaml", config("coefs@faces", "net"));
  EXPECT_ERROR(plan(request), Exit::kUsage, "coefs@faces is not a regression");
}

TEST_F(Planning, FramesReachTheDatasetAndTheTask) {
  folder.write("configs/net@faces.yaml", config("net@faces", "net") + "frames: peak\n");
  PlanRequest request;
  request.selectors = {"net"};
  const FindDataset find = [](const std::string& name, const std::string& frames) {
    EXPECT_EQ(frames, "peak");
    return real_data(name, frames);
  };
  EXPECT_EQ(plan(request, nullptr, find).tasks[0].task.frames, "peak");
}

TEST_F(Planning, WhatIsDoneIsNotRunAgain) {
  PlanRequest request;
  request.selectors = {"net"};
  Store store = Store::open(folder / "results.db");
  TaskRecord record;
  record.task = plan(request).tasks[0].task;
  record.attempt.started_ns = 1'000'000'000;
  record.attempt.ended_ns = 43'000'000'000;
  store.append(record);
  const Plan again = plan(request, &store);
  EXPECT_TRUE(again.tasks[0].done);
  EXPECT_FALSE(again.tasks[1].done);
  EXPECT_DOUBLE_EQ(again.tasks[1].seconds, 42) << "the time of a task like it is the estimate";
}

TEST_F(Planning, MemoryIsWhatATaskLikeItHeld) {
  PlanRequest request;
  request.selectors = {"net"};
  const Plan first = plan(request);
  EXPECT_GT(first.tasks[0].bytes, 100'000'000) << "LibTorch alone has more";
  EXPECT_EQ(first.tasks.back().bytes, 0) << "a timing has the machine";
  Store store = Store::open(folder / "results.db");
  Attempt attempt;
  attempt.state = AttemptState::kOutOfMemory;
  attempt.peak_rss_bytes = 7'000'000'000;
  store.record_attempt(first.tasks[0].task, attempt);
  EXPECT_EQ(plan(request, &store).tasks[1].bytes, 7'000'000'000);
  request.overrides = {"batch=8"};
  EXPECT_LT(plan(request, &store).tasks[1].bytes, 7'000'000'000) << "of another batch";
}

TEST_F(Planning, UnknownNamesPointAtTheConfig) {
  folder.write("configs/net@faces.yaml", config("net@faces", "ner"));
  PlanRequest request;
  request.selectors = {"net"};
  EXPECT_ERROR(plan(request), Exit::kUsage, "net@faces.yaml:1:1: no model 'ner': did you mean net");
}

TEST_F(Planning, DevicesAreChecked) {
  const Catalog catalog;
  EXPECT_EQ(resolve_devices("auto", catalog).size(), 1u);
  for (const char* wanted : {"cpu,cpu", "cuda:0,cpu", "cuda:0,", "cuda:0,cuda:00", "cuda,cuda:1"})
    EXPECT_ERROR(resolve_devices(wanted, catalog), Exit::kUsage, "--device " + std::string(wanted));
  EXPECT_ERROR(resolve_devices("cuda:0,cuda:1", catalog), Exit::kPrecondition, "no CUDA");
  EXPECT_ERROR(resolve_device("cuda:0,cuda:1", catalog), Exit::kUsage, "one device at a time");
  EXPECT_EQ(resolve_device("cpu", catalog), "cpu");
  EXPECT_EQ(resolve_device("auto", catalog), "cpu");
  EXPECT_ERROR(resolve_device("gpu", catalog), Exit::kUsage, "--device gpu");
  EXPECT_ERROR(resolve_device("cuda:x", catalog), Exit::kUsage, "--device cuda:x");
  EXPECT_ERROR(resolve_device("cuda:0", catalog), Exit::kPrecondition, "no CUDA");
}

TEST(Lite, SaysWhatItCannotDo) {
  const testing::TempDir empty;
  ::setenv("MIEN_SHARE", empty.path().c_str(), 1);
  EXPECT_ERROR(make_plan({}, {}, Catalog(), nullptr, real_data), Exit::kPrecondition, "lite build");
  ::unsetenv("MIEN_SHARE");
}

}  // namespace
}  // namespace mien
