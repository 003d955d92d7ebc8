// The rules of sampling, with a device and a clock that are simulated here.
#include "harness/measure/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "harness/measure/timing_cases.h"
#include "tests/support/expect_error.h"

namespace mien {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// Passes of `pass_ns` with noise of `noise`; what else goes wrong is set by the tests.
class SimulatedDevice : public TimedDevice {
 public:
  double pass_ns = 1e6, noise = 0.001;
  std::function<double(std::int64_t run)> factor = [](std::int64_t) { return 1.0; };
  std::function<DeviceState(double now)> report = [](double) { return DeviceState(); };
  std::function<PassTimes(std::int64_t run, PassTimes)> clock = [](std::int64_t, PassTimes times) {
    return times;
  };
  double seconds = 0, slept = 0;
  std::int64_t runs = 0, passes = 0, flushes = 0, looks = 0;
  double flush_seconds = 0;

  PassTimes run(std::int64_t count) override {
    std::uniform_real_distribution<double> jitter(1 - noise, 1 + noise);
    const double pass = pass_ns * factor(runs) * jitter(random_);
    passes += count;
    seconds += pass * static_cast<double>(count) / 1e9;
    return clock(runs++, {pass, {}});
  }
  void flush_caches() override {
    ++flushes;
    seconds += flush_seconds;
  }
  DeviceState state() override {
    ++looks;
    return report(seconds);
  }
  void sleep(double time) override {
    seconds += time;
    slept += time;
  }
  double now() override { return seconds; }

 private:
  std::mt19937_64 random_{7};
};

std::int64_t count(const MeasuredTimes& measured, const std::string& flag) {
  return std::ranges::count_if(measured.samples,
                               [&](const TimingSample& s) { return has_flag(s, flag); });
}

bool says(const MeasuredTimes& measured, const std::string& what) {
  return std::ranges::any_of(measured.notes, [&](const std::string& note) {
    return note.find(what) != std::string::npos;
  });
}

std::vector<double> walls(const MeasuredTimes& measured) {
  std::vector<double> times;
  for (const TimingSample& sample : measured.samples) times.push_back(sample.wall_ns);
  return times;
}

// ------------------------------------------------------------------------------------- stopping

TEST(Measure, AQuietDeviceStopsEarlyAndSaysNothing) {
  SimulatedDevice device;
  const MeasuredTimes measured = measure(device, {});
  EXPECT_TRUE(measured.warm);
  EXPECT_TRUE(measured.notes.empty());
  EXPECT_GE(measured.samples.size(), 7u);
  EXPECT_LT(measured.samples.size(), 64u);
  EXPECT_NEAR(median(walls(measured)), 1e6, 1e3);
  EXPECT_EQ(measured.samples[0].device_ns, std::nullopt);  // a CPU has no clock but the wall's
  EXPECT_EQ(measured.samples[0].clock_mhz, std::nullopt);
  for (std::size_t i = 0; i < measured.samples.size(); ++i)
    EXPECT_EQ(measured.samples[i].repetition, static_cast<std::int64_t>(i));
}

TEST(Measure, TakesWhatThePercentileNeeds) {
  for (const double percent : {90.0, 95.0, 99.0}) {
    SimulatedDevice device;
    MeasurePolicy policy;
    policy.percentile = percent;
    const MeasuredTimes measured = measure(device, policy);
    EXPECT_GE(std::ssize(measured.samples), samples_for(percent));
    EXPECT_LE(std::ssize(measured.samples), samples_for(percent) + 16);
  }
}

TEST(Measure, NoiseIsAveragedAwayUntilTheTimeIsOver) {
  SimulatedDevice quiet, loud;
  quiet.noise = 0.01;
  loud.noise = 0.9;
  const MeasuredTimes few = measure(quiet, {}), many = measure(loud, {});
  EXPECT_GT(many.samples.size(), 4 * few.samples.size());
  MeasurePolicy brief;
  brief.seconds = 0.05;
  SimulatedDevice cut;
  cut.noise = 0.9;
  EXPECT_NEAR(static_cast<double>(measure(cut, brief).samples.size()), 50, 20);
}

TEST(Measure, BoundsHold) {
  MeasurePolicy policy;
  policy.noise = 0;  // never quiet enough
  policy.seconds = 1e6;
  policy.most_samples = 321;
  SimulatedDevice device;
  EXPECT_EQ(measure(device, policy).samples.size(), 321u);
  policy.seconds = 0.1;
  policy.least_samples = 5;
  SimulatedDevice slow;
  slow.pass_ns = 20e9;  // twenty seconds: the least samples are taken all the same
  EXPECT_EQ(measure(slow, policy).samples.size(), 5u);
}

TEST(Measure, OneSampleHasNoIntervalAndNoPercentile) {
  MeasurePolicy policy;
  policy.least_samples = policy.most_samples = 1;
  policy.warmup_seconds = 0;
  SimulatedDevice device;
  const MeasuredTimes measured = measure(device, policy);
  ASSERT_EQ(measured.samples.size(), 1u);
  EXPECT_EQ(device.runs, 2);  // one to warm up
  EXPECT_TRUE(measured.notes.empty());
  const std::vector<TimingCase> cases =
      timing_cases({{.batch = 1, .iterations = 1, .wall_ns = 5e6}});
  ASSERT_EQ(cases.size(), 1u);
  EXPECT_EQ(cases[0].median_ns, 5e6);
  EXPECT_EQ(cases[0].interval_ns, std::nullopt);
  EXPECT_STREQ(cases[0].method(), "");
  EXPECT_EQ(percentile(cases[0].times_ns, 50), std::nullopt);
}

TEST(Measure, ShortPassesAreTakenTogetherAndColdOnesNever) {
  SimulatedDevice device, cold;
  device.pass_ns = cold.pass_ns = 1000;
  cold.flush_seconds = 0.01;
  EXPECT_NEAR(static_cast<double>(measure(device, {}).samples[0].iterations), 20, 1);
  MeasurePolicy policy;
  policy.cold = true;
  const MeasuredTimes measured = measure(cold, policy);
  EXPECT_EQ(measured.samples[0].iterations, 1);
  EXPECT_EQ(cold.flushes, std::ssize(measured.samples));  // before each, not while warming up
}

// -------------------------------------------------------------------------------------- warm-up

TEST(Measure, WarmsUpUntilItIsFlat) {
  SimulatedDevice device;  // 30 ms of slow starts
  device.factor = [](std::int64_t run) { return run < 100 ? 3.0 - 0.02 * run : 1.0; };
  const MeasuredTimes measured = measure(device, {});
  EXPECT_TRUE(measured.warm);
  EXPECT_GE(measured.warmup_passes, 100);
  for (const TimingSample& sample : measured.samples) EXPECT_LT(sample.wall_ns, 1.01e6);
}

TEST(Measure, AWarmUpThatNeverEndsIsBoundedAndSaid) {
  SimulatedDevice device;
  device.factor = [](std::int64_t run) { return run < 600 ? std::pow(0.99, run) : 0.002; };
  device.pass_ns = 10e6;
  const MeasuredTimes measured = measure(device, {});
  EXPECT_FALSE(measured.warm);
  EXPECT_TRUE(says(measured, "before times were flat"));
}

// ------------------------------------------------------------------- throttling, drift, outliers

DeviceState at_clock(double mhz, const char* why = "") {
  return {.clock_mhz = mhz, .reference_mhz = 1980, .temperature_c = 88, .throttled = why};
}

TEST(Measure, ThrottlingIsExcludedAndWaitedOut) {
  SimulatedDevice device;
  device.noise = 0.9;  // so that it lasts
  double cool_at = kNone;
  device.factor = [&](std::int64_t) {
    return device.seconds > 1 && !(device.seconds > cool_at) ? 2.0 : 1.0;
  };
  device.report = [&](double now) {
    if (now > 1 && std::isnan(cool_at)) cool_at = now + 0.4;
    return now > 1 && now < cool_at ? at_clock(990) : at_clock(1980);
  };
  const MeasuredTimes measured = measure(device, {});
  EXPECT_GT(count(measured, "throttled"), 0);
  EXPECT_LT(2 * count(measured, "throttled"), std::ssize(measured.samples));
  EXPECT_EQ(device.slept, 0.5);
  EXPECT_TRUE(says(measured, "clock 990 of 1980 MHz, 88 C"));
  for (const TimingSample& sample : measured.samples) {
    EXPECT_EQ(sample.clock_mhz, has_flag(sample, "throttled") ? 990 : 1980);
    EXPECT_FALSE(has_flag(sample, "throttled") && has_flag(sample, "outlier"));
  }
}

TEST(Measure, ThrottlingThatStaysFailsWithTheReason) {
  SimulatedDevice device;
  device.report = [](double) { return at_clock(1900, "hardware thermal slowdown"); };
  try {
    measure(device, {});
    FAIL() << "measured a throttled device";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::kTaskFailed);
    for (const char* part :
         {"throttled", "hardware thermal slowdown", "1900 of 1980 MHz", "run again"})
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
  EXPECT_GT(device.slept, 0);
  EXPECT_LT(device.slept, 65);
}

TEST(Measure, ThreeQuartersOfTheClockAreEnough) {
  SimulatedDevice device;
  device.report = [](double) { return at_clock(1500); };
  EXPECT_EQ(count(measure(device, {}), "throttled"), 0);
  EXPECT_EQ(device.slept, 0);
}

TEST(Measure, ADeviceThatSaysNothingOfItselfIsTimed) {  // no NVML
  SimulatedDevice device;
  const MeasuredTimes measured = measure(device, {});
  EXPECT_GT(device.looks, 0);
  EXPECT_EQ(device.slept, 0);
  EXPECT_TRUE(measured.notes.empty());
}

TEST(Measure, DriftIsSaid) {
  SimulatedDevice drifting, steady;
  MeasurePolicy policy;
  policy.noise = 0;
  policy.seconds = 0.3;
  drifting.factor = [](std::int64_t run) { return run < 210 ? 1.0 : 1.0 + 0.001 * (run - 210); };
  EXPECT_TRUE(says(measure(drifting, policy), "drift of +"));
  EXPECT_FALSE(says(measure(steady, policy), "drift"));
}

TEST(Measure, OutliersAreFlaggedAndKept) {
  SimulatedDevice device;
  MeasurePolicy policy;
  policy.percentile = 90;
  device.factor = [](std::int64_t run) { return run % 20 == 19 ? 4.0 : 1.0; };
  const MeasuredTimes measured = measure(device, policy);
  EXPECT_GE(count(measured, "outlier"), 3);
  for (const TimingSample& sample : measured.samples)
    EXPECT_TRUE(sample.wall_ns < 3e6 || has_flag(sample, "outlier"));
  const std::vector<TimingCase> cases = timing_cases(measured.samples);
  EXPECT_EQ(cases.at(0).times_ns.size(), measured.samples.size());
  EXPECT_EQ(cases[0].outliers, count(measured, "outlier"));
}

TEST(Measure, ClockJumpsAreExcluded) {
  SimulatedDevice device;
  MeasurePolicy policy;
  policy.percentile = 90;
  device.clock = [](std::int64_t run, PassTimes times) {
    if (run % 40 == 21) times.wall_ns = -5e9;                       // stepped back
    if (run % 40 == 22) times.wall_ns = 3600e9;                     // asleep for an hour
    if (run % 40 == 23) times.device_ns = 2 * times.wall_ns + 1e6;  // two clocks that contradict
    if (run % 40 == 24) times.wall_ns = kNone;
    return times;
  };
  const MeasuredTimes measured = measure(device, policy);
  EXPECT_GE(count(measured, "clock"), 4);
  EXPECT_TRUE(says(measured, "the clock jumped"));
  const std::vector<TimingCase> cases = timing_cases(measured.samples);
  ASSERT_EQ(cases.size(), 1u);
  EXPECT_NEAR(cases[0].median_ns, 1e6, 1e3);
  EXPECT_LT(*std::ranges::max_element(cases[0].times_ns), 2e6);
}

TEST(Measure, AClockThatOnlyJumpsFails) {
  SimulatedDevice device;
  device.clock = [](std::int64_t, PassTimes times) { return PassTimes{-times.wall_ns, {}}; };
  EXPECT_ERROR(measure(device, {}), Exit::kTaskFailed, "the clock jumped in");
}

// ------------------------------------------------------------------------------- order statistics

TEST(Percentile, AnswersOnlyWhereNAllows) {
  std::vector<double> values;
  for (int i = 0; i < 63; ++i) values.push_back(i);
  EXPECT_EQ(percentile(values, 90), std::nullopt);
  values.push_back(63);
  EXPECT_DOUBLE_EQ(*percentile(values, 90), 56.7);
  EXPECT_EQ(percentile(values, 95), std::nullopt);
  EXPECT_EQ(samples_for(50), 6);
  EXPECT_EQ(samples_for(95), 130);
  EXPECT_EQ(samples_for(98), 662);
  EXPECT_EQ(samples_for(99), 662);
  EXPECT_EQ(samples_for(99.9), 6636);
  EXPECT_ERROR(samples_for(99.99), Exit::kUsage, "the highest is 99.9");
}

/// 1 - 2 * sum of the binomial tail, the widest k that leaves 95 %.
TEST(MedianInterval, CoversAsTheBinomialSays) {
  std::vector<double> values;
  for (int n = 1; n <= 5; ++n) {
    values.push_back(n);
    EXPECT_EQ(median_interval(values), std::nullopt);
  }
  values.push_back(6);  // 1 - 2 / 64 = 96.9 %
  EXPECT_EQ(median_interval(values)->lower, 1);
  EXPECT_EQ(median_interval(values)->upper, 6);
  for (int n = 7; n <= 20; ++n) values.push_back(n);  // 6th and 15th: 95.9 %
  EXPECT_EQ(median_interval(values)->lower, 6);
  EXPECT_EQ(median_interval(values)->upper, 15);
  for (int n = 21; n <= 1000; ++n) values.push_back(n);  // half of 1000 -+ 1.96 sqrt(1000) / 2
  EXPECT_NEAR(median_interval(values)->lower, 469, 1);
  EXPECT_NEAR(median_interval(values)->upper, 532, 1);
}

}  // namespace
}  // namespace mien
