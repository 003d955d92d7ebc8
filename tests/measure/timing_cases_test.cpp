// Samples to timing cases and metrics; the roofline; memory and energy.
#include "harness/measure/timing_cases.h"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/measure/roofline.h"

namespace mien {
namespace {

TEST(TimingCases, MediansOverLaunchesWithTheirRange) {
  std::vector<TimingSample> samples;
  for (std::int64_t launch = 1; launch <= 3; ++launch)
    for (const double wall : {1.0, 2.0, 30.0})
      samples.push_back({.batch = 2,
                         .launch = launch,
                         .iterations = 1,
                         .wall_ns = wall * 1e6 * static_cast<double>(launch),
                         .device_ns = 1e6});
  samples.push_back(
      {.batch = 2, .iterations = 1, .wall_ns = 9e9, .device_ns = 1e6, .flags = "throttled"});
  samples.push_back({.batch = 2, .cache = "cold", .iterations = 1, .wall_ns = 7e6});
  const std::vector<TimingCase> cases = timing_cases(samples);
  ASSERT_EQ(cases.size(), 2u);
  EXPECT_EQ(cases[0].process_medians_ns, (std::vector<double>{2e6, 4e6, 6e6}));
  EXPECT_EQ(cases[0].median_ns, 4e6);
  EXPECT_EQ(cases[0].interval_ns->lower, 2e6);
  EXPECT_EQ(cases[0].interval_ns->upper, 6e6);
  EXPECT_STREQ(cases[0].method(), "range");
  EXPECT_EQ(cases[0].throttled, 1);
  EXPECT_EQ(cases[0].device_ns, 1e6);
  EXPECT_TRUE(cases[0].launch_bound());
  EXPECT_EQ(cases[0].images_per_second(), 500);
  EXPECT_FALSE(cases[1].launch_bound());  // no clock, no verdict
  EXPECT_EQ(cases[1].suffix(), "_cold");
}

TEST(TimingCases, NothingIsLeftWhereAllIsExcluded) {
  EXPECT_TRUE(
      timing_cases({{.batch = 1, .iterations = 1, .wall_ns = 1, .flags = "throttled"}}).empty());
  EXPECT_TRUE(timing_cases({}).empty());
}

TEST(TimingMetrics, KeepTheNamesThatTheBoardReads) {
  std::vector<TimingSample> samples;
  for (int i = 0; i < 100; ++i)
    samples.push_back({.batch = 1, .iterations = 1, .wall_ns = 1e6 + 1e4 * i});
  samples.push_back({.batch = 1, .cache = "cold", .iterations = 1, .wall_ns = 3e6});
  const std::vector<Metric> metrics = timing_metrics(samples, 99);
  const auto of = [&](const std::string& name) {
    const auto found = std::ranges::find(metrics, name, &Metric::name);
    return found == metrics.end() ? Metric{} : *found;
  };
  EXPECT_DOUBLE_EQ(*of("latency_ms_b1").value, 1.495);
  EXPECT_LT(of("latency_ms_b1").interval->lower, 1.495);
  EXPECT_EQ(of("latency_ms_b1").method, "order");
  EXPECT_NEAR(*of("images_per_second_b1").value, 1e9 / 1.495e6, 1e-6);
  EXPECT_LT(of("images_per_second_b1").interval->lower, of("images_per_second_b1").interval->upper);
  EXPECT_NEAR(*of("latency_ms_b1_p90").value, 1.891, 1e-9);
  EXPECT_EQ(of("latency_ms_b1_p99").value, std::nullopt);
  EXPECT_EQ(of("latency_ms_b1_p99").method, "n too small");
  EXPECT_EQ(of("latency_ms_b1_p99").n, 100);
  EXPECT_EQ(of("latency_ms_b1_p99.9").name, "");  // not asked for
  EXPECT_DOUBLE_EQ(*of("latency_ms_b1_cold").value, 3);
}

std::vector<std::string> names_of(const std::vector<Metric>& metrics) {
  std::vector<std::string> names;
  for (const Metric& metric : metrics) names.push_back(metric.name);
  return names;
}

TEST(Roofline, IsTheTimeThatTheDeviceAllowsOverTheMeasured) {
  const auto sample = [](std::int64_t batch, const char* scope, const char* cache, double ns) {
    TimingSample sample;
    sample.batch = batch;
    sample.scope = scope;
    sample.cache = cache;
    sample.iterations = 1;
    sample.wall_ns = ns;
    return sample;
  };
  const Roofline peak{.flop_per_second = 100e9, .bytes_per_second = 10e9};
  const PassWork work{.flop_per_image = 2e6, .bytes_per_image = 1e3, .bytes_per_pass = 400e3};
  // One image: 20 us of arithmetic, 40.1 us of memory
  const std::vector<Metric> metrics = roofline_metrics({sample(1, "compute", "hot", 80'200),
                                                        sample(100, "compute", "hot", 4e6),
                                                        sample(100, "compute", "cold", 9e6),
                                                        sample(100, "copies", "hot", 9e6)},
                                                       work,
                                                       peak);
  EXPECT_EQ(names_of(metrics),
            (std::vector<std::string>{
                "peak_gflop_per_second", "peak_gbyte_per_second", "roofline_b1", "roofline_b100"}));
  EXPECT_DOUBLE_EQ(*metrics[0].value, 100);
  EXPECT_DOUBLE_EQ(*metrics[1].value, 10);
  EXPECT_NEAR(*metrics[2].value, 50, 1e-9) << "memory bounds it";
  EXPECT_NEAR(*metrics[3].value, 50, 1e-9) << "arithmetic bounds it: 2 ms";
}

TEST(Memory, OfProcessAllocatorAndDriverAreThreeFigures) {
  EXPECT_EQ(names_of(memory_metrics(8, 1 << 20, std::nullopt, std::nullopt)),
            std::vector<std::string>{"peak_rss_b8"});
  const std::vector<Metric> metrics = memory_metrics(8, 1 << 20, 3 << 20, 5 << 20);
  EXPECT_EQ(
      names_of(metrics),
      (std::vector<std::string>{"peak_rss_b8", "peak_gpu_allocator_b8", "gpu_driver_delta_b8"}));
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(metrics[i].value, 1 + 2 * static_cast<double>(i)) << "MiB";
}

TEST(Energy, NeedsFiveSecondsAndACounterThatMoves) {
  const std::optional<Metric> metric = energy_metric(32, 100, 400, 5, 1000);
  ASSERT_TRUE(metric);
  EXPECT_EQ(metric->name, "energy_mj_per_image_b32");
  EXPECT_DOUBLE_EQ(*metric->value, 300);
  EXPECT_EQ(metric->unit, "mJ");
  EXPECT_EQ(metric->method, "NVML, whole GPU, 5.0 s") << "its window";
  EXPECT_EQ(energy_metric(32, 100, 400, 4.9, 1000), std::nullopt);
  EXPECT_EQ(energy_metric(32, 100, 100, 6, 1000), std::nullopt);
  EXPECT_EQ(energy_metric(32, 100, 50, 6, 1000), std::nullopt);
  EXPECT_EQ(energy_metric(32, 100, 400, 6, 0), std::nullopt);
}

}  // namespace
}  // namespace mien
