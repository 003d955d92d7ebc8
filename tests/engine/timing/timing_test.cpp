// The throughput task on a CPU, with the clocks that are there; no time is asserted.
#include "harness/engine/timing/timing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/files.h"
#include "harness/engine/run_task.h"
#include "harness/engine/timing/timed_batch.h"
#include "harness/measure/timing_cases.h"
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
    task.protocol.timing.batches = {1, 4};
    task.protocol.timing.repetitions = 3;
    task.protocol.timing.seconds = 0.01;
    task.protocol.timing.warmup_seconds = 0.01;
    task.protocol.timing.launches = 1;
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

TEST_F(Throughput, EveryCaseOfEveryBatchKeepsItsSamples) {
  const TaskRecord record = run();
  std::set<std::string> names;
  for (const TimingCase& timed : timing_cases(record.timings)) {
    names.insert(fmt::format("b{}{}", timed.batch, timed.suffix()));
    EXPECT_GE(timed.times_ns.size(), 3u);
    EXPECT_FALSE(timed.device_ns) << "a CPU has no clock of its own";
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
  task.protocol.timing.batches = {2};
  const TaskRecord first = run(), second = run();
  ASSERT_NE(artifact(first, "timed-outputs-b2"), nullptr);
  EXPECT_EQ(artifact(first, "timed-outputs-b2")->sha256,
            artifact(second, "timed-outputs-b2")->sha256);
  task.seed = 2;
  EXPECT_NE(artifact(run(), "timed-outputs-b2")->sha256,
            artifact(first, "timed-outputs-b2")->sha256);
}

TEST_F(Throughput, LaunchesAreProcessesOfTheirOwn) {
  task.protocol.timing.batches = {1};
  task.protocol.timing.launches = 3;
  task.protocol.timing.sweep = true;
  task.protocol.timing.repetitions = 1;
  const TaskRecord record = run();
  std::set<std::int64_t> launches;
  for (const TimingSample& sample : record.timings) launches.insert(sample.launch);
  EXPECT_EQ(launches, (std::set<std::int64_t>{1, 2, 3}));
  const std::vector<TimingCase> cases = timing_cases(record.timings);
  ASSERT_FALSE(cases.empty());
  EXPECT_STREQ(cases[0].method(), "range");
  EXPECT_FALSE(std::filesystem::exists(options.scratch));
  ASSERT_GE(record.sweep.size(), 2u);
  EXPECT_EQ(record.sweep[0].parameter, "batch");
  for (const Note& note : record.notes)
    EXPECT_EQ(note.text.find("differ in their outputs"), std::string::npos) << note.text;
  EXPECT_NE(read_text(options.benchmark_json).find("launch3/b1/compute/hot/eager"),
            std::string::npos);
}

TEST_F(Throughput, NoBatchIsAnError) {
  task.protocol.timing.batches = {};
  EXPECT_ERROR(run(), Exit::kUsage, "timing.batches");
}

TEST(TimedBatch, PassesOfAllCasesRunTheSameNetwork) {
  const ModelEntry& entry = find_model("deepemotion", "fig");
  const std::shared_ptr<Model> model = entry.make({7, 0.5});
  model->eval();
  TimedBatch batch(model, entry.card, torch::kCPU, 2, nullptr);
  for (const CaseSettings& settings : case_settings(torch::kCPU)) {
    batch.select(settings);
    EXPECT_GT(batch.run(2).wall_ns, 0) << settings.scope;
    EXPECT_EQ(batch.checked_outputs().sizes(), (std::vector<std::int64_t>{2, 7})) << settings.scope;
  }
  batch.flush_caches();
  EXPECT_FALSE(batch.state().clock_mhz);
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
  EXPECT_EQ(steady.checked_outputs()[0][1].item<float>(), 1);
  TimedBatch fickle(std::make_shared<Fickle>(2), card, torch::kCPU, 1, nullptr);
  fickle.run(1);
  EXPECT_NO_THROW(fickle.checked_outputs());
  fickle.run(1);
  EXPECT_ERROR(fickle.checked_outputs(), Exit::kTaskFailed, "differs from the scored one by 0.01");
}

TEST(Probe, HasATime) { EXPECT_GT(probe_ns(torch::kCPU), 0); }

TEST(TimedBatch, LackOfMemoryIsNotAnyError) {
  EXPECT_THROW(or_out_of_memory([] { throw std::bad_alloc(); }), OutOfMemory);
  EXPECT_THROW(or_out_of_memory([] { TORCH_CHECK(false, "CUDA out of memory. Tried 2 GiB"); }),
               OutOfMemory);
  EXPECT_THROW(or_out_of_memory([] { TORCH_CHECK(false, "shapes differ"); }), c10::Error);
}

}  // namespace
}  // namespace mien
