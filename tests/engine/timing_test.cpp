// The throughput task on a CPU, with the clocks that are there; no time is asserted.
#include "harness/engine/timing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/core/files.h"
#include "harness/core/measure.h"
#include "harness/engine/timed_batch.h"
#include "models/registry.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

class Throughput : public ::testing::Test {
 protected:
  Throughput() {
    task.kind = TaskKind::kThroughput;
    task.experiment = task.model = "deepemotion";
    task.variant = "fig";
    task.profile = "smoke";
    task.device_class = "cpu";
    task.protocol.timing_batches = {1, 4};
    task.protocol.timing_repetitions = 3;
    task.protocol.timing_seconds = 0.01;
    task.protocol.timing_warmup_seconds = 0.01;
    task.protocol.timing_launches = 1;
    options.benchmark_json = folder / "timings/t.json";
    options.scratch = folder / "launches";
  }
  TaskRecord run() {
    return run_task(task, options, [](double, const std::string&) {});
  }
  static const Artifact* artifact(const TaskRecord& record, const std::string& kind) {
    const auto found = std::ranges::find(record.artifacts, kind, &Artifact::kind);
    return found == record.artifacts.end() ? nullptr : &*found;
  }

  testing::TempDir folder;
  Task task;
  WorkerOptions options;
};

TEST_F(Throughput, EveryCellOfEveryBatchKeepsItsSamples) {
  const TaskRecord record = run();
  std::set<std::string> names;
  for (const Cell& cell : cells_of(record.timings)) {
    names.insert(fmt::format("b{}{}", cell.batch, cell.suffix()));
    EXPECT_GE(cell.times.size(), 3u);
    EXPECT_TRUE(std::isnan(cell.device_ns)) << "a CPU has no clock of its own";
  }
  EXPECT_EQ(
      names,
      (std::set<std::string>{"b1", "b1_cold", "b1_end-to-end", "b4", "b4_cold", "b4_end-to-end"}));
  for (const TimingSample& sample : record.timings) {
    EXPECT_EQ(sample.launch, 1);
    EXPECT_GE(sample.iterations, 1);
    EXPECT_GT(sample.wall_ns, 0);
  }
  const auto has = [&](const char* name) {
    return std::ranges::find(record.metrics, name, &Metric::name) != record.metrics.end();
  };
  for (const char* name : {"images_per_second_b4",
                           "latency_ms_b1",
                           "latency_ms_b1_p99",
                           "latency_ms_b1_cold",
                           "peak_rss_b4",
                           "foreign_work_before",
                           "foreign_work_after",
                           "parameters"})
    EXPECT_TRUE(has(name)) << name;
  EXPECT_FALSE(has("energy_mj_per_image_b4"));
}

TEST_F(Throughput, GoogleBenchmarkReportsTheSameSamples) {
  const TaskRecord record = run();
  const nlohmann::json report = nlohmann::json::parse(read_text(options.benchmark_json));
  std::int64_t iterations = 0;
  for (const auto& one : report.at("benchmarks")) iterations += one.at("iterations").get<int>();
  EXPECT_EQ(iterations, std::ssize(record.timings));
  EXPECT_TRUE(report.at("context").contains("num_cpus"));
  EXPECT_FALSE(report.at("context").contains("host_name"));
  ASSERT_NE(artifact(record, "benchmark_json"), nullptr);
}

TEST_F(Throughput, SameWeightsAndInputHaveTheSameDigest) {
  task.protocol.timing_batches = {2};
  const TaskRecord first = run(), second = run();
  ASSERT_NE(artifact(first, "timed-outputs-b2"), nullptr);
  EXPECT_EQ(artifact(first, "timed-outputs-b2")->sha256,
            artifact(second, "timed-outputs-b2")->sha256);
  task.seed = 2;
  EXPECT_NE(artifact(run(), "timed-outputs-b2")->sha256,
            artifact(first, "timed-outputs-b2")->sha256);
}

TEST_F(Throughput, LaunchesAreProcessesOfTheirOwn) {
  task.protocol.timing_batches = {1};
  task.protocol.timing_launches = 3;
  task.protocol.timing_sweep = true;
  task.protocol.timing_repetitions = 1;
  const TaskRecord record = run();
  std::set<std::int64_t> launches;
  for (const TimingSample& sample : record.timings) launches.insert(sample.launch);
  EXPECT_EQ(launches, (std::set<std::int64_t>{1, 2, 3}));
  const std::vector<Cell> cells = cells_of(record.timings);
  ASSERT_FALSE(cells.empty());
  EXPECT_STREQ(cells[0].method(), "range");
  EXPECT_FALSE(std::filesystem::exists(options.scratch));
  ASSERT_GE(record.sweep.size(), 2u);
  EXPECT_EQ(record.sweep[0].parameter, "batch");
  for (const Note& note : record.notes)
    EXPECT_EQ(note.text.find("differ in their outputs"), std::string::npos) << note.text;
  EXPECT_NE(read_text(options.benchmark_json).find("launch3/b1/compute/hot/eager"),
            std::string::npos);
}

TEST_F(Throughput, NoBatchIsAnError) {
  task.protocol.timing_batches = {};
  EXPECT_ERROR(run(), Exit::kUsage, "timing.batches");
}

TEST(TimedBatch, PassesOfAllCellsAnswerTheSameNetwork) {
  const ModelEntry& entry = find_model("deepemotion", "fig");
  const std::shared_ptr<Model> model = entry.make({7, 0.5});
  model->eval();
  TimedBatch batch(model, entry.card, torch::kCPU, 2, nullptr);
  for (const TimedCell& cell : timed_cells(torch::kCPU)) {
    batch.select(cell);
    EXPECT_GT(batch.run(2).wall, 0) << cell.scope;
    EXPECT_EQ(batch.answer().sizes(), (std::vector<std::int64_t>{2, 7})) << cell.scope;
  }
  batch.flush_caches();
  EXPECT_TRUE(std::isnan(batch.state().clock_mhz));
  EXPECT_EQ(bus_id(torch::kCPU), "");
}

/// A model that answers otherwise once it has been asked `after` times.
class Fickle : public Model {
 public:
  explicit Fickle(int after) : Model({}, 2), after_(after) {}
  torch::Tensor forward(const torch::Tensor& images) override {
    return torch::full({images.size(0), 2}, asked_++ < after_ ? 1.0 : 1.01);
  }
  bool can_be_traced() const override { return false; }

 private:
  int asked_ = 0, after_;
};

TEST(TimedBatch, WhatIsTimedIsComparedWithWhatIsScored) {
  const Card& card = find_model("deepemotion", "fig").card;
  TimedBatch steady(std::make_shared<Fickle>(99), card, torch::kCPU, 1, nullptr);
  steady.run(3);
  EXPECT_EQ(steady.answer()[0][1].item<float>(), 1);
  TimedBatch fickle(std::make_shared<Fickle>(2), card, torch::kCPU, 1, nullptr);
  fickle.run(1);
  EXPECT_NO_THROW(fickle.answer());
  fickle.run(1);
  EXPECT_ERROR(fickle.answer(), Exit::kTaskFailed, "differs from what is scored by 0.01");
}

TEST(FixedWork, HasATime) { EXPECT_GT(fixed_work_ns(torch::kCPU), 0); }

TEST(TimedBatch, LackOfMemoryIsNotAnyError) {
  EXPECT_THROW(or_out_of_memory([] { throw std::bad_alloc(); }), OutOfMemory);
  EXPECT_THROW(or_out_of_memory([] { TORCH_CHECK(false, "CUDA out of memory. Tried 2 GiB"); }),
               OutOfMemory);
  EXPECT_THROW(or_out_of_memory([] { TORCH_CHECK(false, "shapes differ"); }), c10::Error);
}

}  // namespace
}  // namespace mien
