#include "harness/engine/timing.h"

#include <gtest/gtest.h>

#include "models/registry.h"

namespace mien {
namespace {

TEST(Timing, KeepsEveryRepetitionOfEveryBatch) {
  const ModelEntry& entry = find_model("deepemotion", "fig");
  const std::shared_ptr<Model> model = entry.make({7, 0.5});
  Protocol p;
  p.timing_batches = {1, 4};
  p.timing_repetitions = 3;
  p.timing_seconds = 0.01;
  p.timing_warmup_seconds = 0.01;
  double last = 0;
  const std::vector<TimingSample> samples =
      time_inference(model, entry.card, p, torch::kCPU, [&](double share) { last = share; });
  EXPECT_EQ(last, 1);
  ASSERT_EQ(samples.size(), 6u);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(samples[i].batch, i < 3 ? 1 : 4);
    EXPECT_EQ(samples[i].repetition, static_cast<std::int64_t>(i % 3));
    EXPECT_GT(samples[i].wall_ns, 0);
    EXPECT_GE(samples[i].iterations, 1);
  }
}

TEST(Timing, MetricsAreMediansWithTheirRange) {
  const std::vector<TimingSample> samples = {
      {.batch = 2, .wall_ns = 4e6}, {.batch = 2, .wall_ns = 2e6}, {.batch = 2, .wall_ns = 8e6}};
  const std::vector<Metric> metrics = timing_metrics(samples);
  ASSERT_EQ(metrics.size(), 2u);
  EXPECT_EQ(metrics[0].name, "images_per_second_b2");
  EXPECT_DOUBLE_EQ(metrics[0].value, 500);
  EXPECT_DOUBLE_EQ(metrics[0].lower, 250);
  EXPECT_DOUBLE_EQ(metrics[0].upper, 1000);
  EXPECT_EQ(metrics[1].name, "latency_ms_b2");
  EXPECT_DOUBLE_EQ(metrics[1].value, 4);
  EXPECT_EQ(metrics[1].n, 3);
}

}  // namespace
}  // namespace mien
