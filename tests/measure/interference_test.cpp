// Interference of other processes: probes and memory before and after a timing.
#include "harness/measure/interference.h"

#include <gtest/gtest.h>

#include <cmath>

namespace mien {
namespace {

std::vector<std::string> names_of(const std::vector<Metric>& metrics) {
  std::vector<std::string> names;
  for (const Metric& metric : metrics) names.push_back(metric.name);
  return names;
}

/// Probes of 1 ms. Another process takes the device in `taken` of `of` of them, for `slice_ns`.
std::function<double()> probes(int taken, int of, double slice_ns) {
  return [=, i = 0]() mutable { return 1e6 + (i++ % of < taken ? slice_ns : 0); };
}

TEST(ProbeInterference, IsNotFoundOnADeviceOfOurOwn) {
  const std::optional<ProbeTimes> quiet = run_probes(probes(0, 1, 0));
  EXPECT_EQ(quiet->least_ns, 1e6);
  EXPECT_EQ(quiet->overhead, 0);
  // One hiccup of 10 ms would be 20 % of 50 ms; it is among the longest tenth.
  const std::optional<ProbeTimes> hiccup = run_probes(probes(1, 50, 10e6));
  EXPECT_NEAR(hiccup->overhead, 0, 1e-9);
  const Interference found = probe_interference(quiet, hiccup);
  EXPECT_TRUE(found.notes.empty());
  EXPECT_EQ(names_of(found.metrics),
            (std::vector<std::string>{"foreign_work_before", "foreign_work_after"}));
}

TEST(ProbeInterference, IsFoundWhereSlicesAreTaken) {  // as a GPU is shared by two processes
  const std::optional<ProbeTimes> quiet = run_probes(probes(0, 1, 0)),
                                  shared = run_probes(probes(1, 3, 2e6));
  EXPECT_GT(shared->overhead, 0.4);
  EXPECT_EQ(shared->least_ns, 1e6);
  const Interference found = probe_interference(quiet, shared);
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_NE(found.notes[0].find("used the device after timing"), std::string::npos)
      << found.notes[0];
  EXPECT_GT(found.metrics.at(1).value, 40);
}

TEST(ProbeInterference, IsFoundWhereEveryProbeIsSlower) {
  const Interference found =
      probe_interference(run_probes(probes(0, 1, 0)), run_probes(probes(1, 1, 0.25e6)));
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_NE(found.notes[0].find("+25 % after timing"), std::string::npos) << found.notes[0];
}

TEST(ProbeInterference, IsNotLookedForWithoutAClock) {
  int calls = 0;
  const std::optional<ProbeTimes> none =
      run_probes([&] { return ++calls % 2 == 0 ? std::nan("") : -1.0; });
  EXPECT_FALSE(none);
  const Interference found = probe_interference(none, none);
  EXPECT_TRUE(found.metrics.empty());
  EXPECT_TRUE(found.notes.empty());
}

TEST(MemoryInterference, IsAMetricAndFromATwentiethOnANote) {
  constexpr std::int64_t kTotal = 100 << 20;
  const Interference alone = memory_interference(4 << 20, -(1 << 20), kTotal);
  EXPECT_EQ(names_of(alone.metrics),
            (std::vector<std::string>{"gpu_memory_others", "gpu_memory_others_after"}));
  EXPECT_EQ(alone.metrics[0].value, 4);
  EXPECT_EQ(alone.metrics[1].value, 0) << "the task released more than it counted";
  EXPECT_TRUE(alone.notes.empty());
  const Interference came = memory_interference(0, 30 << 20, kTotal);
  ASSERT_EQ(came.notes.size(), 1u);
  EXPECT_EQ(came.notes[0],
            "30 MiB of the GPU were in use at the end, the task's own memory not counted: other "
            "processes may use it");
  EXPECT_TRUE(memory_interference(30 << 20, 30 << 20, 0).notes.empty()) << "of how much?";
}

}  // namespace
}  // namespace mien
