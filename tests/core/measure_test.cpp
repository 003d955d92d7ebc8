// Every rule of the measuring loop against a device and a clock that exist only here.
#include "harness/core/measure.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

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
    return clock(runs++, {pass, kNone});
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
  EXPECT_TRUE(std::isnan(measured.samples[0].device_ns));  // a CPU has no clock but the wall's
  EXPECT_TRUE(std::isnan(measured.samples[0].clock_mhz));
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

TEST(Entropy, IsThatOfTheHistogram) {
  const std::vector<double> bits =
      entropies(std::vector<double>{1e6, 2e6, 1e6, 2e6, 1.0001e6, 4e6});
  ASSERT_EQ(bits.size(), 6u);
  EXPECT_DOUBLE_EQ(bits[0], 0);
  EXPECT_DOUBLE_EQ(bits[1], 1);
  EXPECT_NEAR(bits[2], 0.918296, 1e-6);  // of 2 and 1
  EXPECT_DOUBLE_EQ(bits[3], 1);
  EXPECT_NEAR(bits[5], 1.459148, 1e-6);  // of 3, 2 and 1: the fifth is in the bin of the first
}

TEST(Entropy, IsFlatWhereNothingNewComes) {
  std::vector<double> times(10, 1e6);
  EXPECT_TRUE(entropy_is_flat(times));
  EXPECT_FALSE(entropy_is_flat(std::span(times).first(1)));
  for (int i = 1; i <= 300; ++i)
    times.push_back(1e6 * std::pow(1.01, i));  // each in a bin of its own
  EXPECT_FALSE(entropy_is_flat(times));
}

TEST(Entropy, StopsEarlyOnAQuietDeviceAndGoesOnWhereAModeAppears) {
  MeasurePolicy policy;
  policy.stop = TimingStop::kEntropy;
  policy.seconds = 10;
  SimulatedDevice quiet, loud, brief;
  quiet.noise = 0.0001;
  quiet.pass_ns = 1.002e6;  // in the middle of a bin
  EXPECT_LT(measure(quiet, policy).samples.size(), 300u);
  loud.noise = 0.3;  // 120 bins
  const std::size_t many = measure(loud, policy).samples.size();
  EXPECT_GT(many, 300u);
  EXPECT_LT(many, 9000u) << "ended by itself";
  policy.seconds = 0.05;
  brief.noise = 0.3;
  EXPECT_LT(measure(brief, policy).samples.size(), 80u) << "bounded all the same";
}

/// Three passes of five take the same time, so that the median is known at once; the others differ.
TEST(Entropy, SeesWhatTheMedianDoesNot) {
  const auto samples = [](TimingStop stop) {
    SimulatedDevice device;
    device.noise = 0.001;
    device.factor = [](std::int64_t run) {
      return run % 5 < 3 ? 1.0 : 1.1 + 0.02 * static_cast<double>((run * 7919) % 23);
    };
    MeasurePolicy policy;
    policy.stop = stop;
    policy.least_samples = 64;
    policy.seconds = 5;
    return measure(device, policy).samples.size();
  };
  EXPECT_GT(samples(TimingStop::kEntropy), samples(TimingStop::kNoise));
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
  const std::vector<Cell> cells = cells_of({{.batch = 1, .iterations = 1, .wall_ns = 5e6}});
  ASSERT_EQ(cells.size(), 1u);
  EXPECT_EQ(cells[0].median_ns, 5e6);
  EXPECT_TRUE(std::isnan(cells[0].interval_ns.lower));
  EXPECT_STREQ(cells[0].method(), "");
  EXPECT_EQ(percentile(cells[0].times, 50), std::nullopt);
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

TEST(Measure, ThrottlingIsSetAsideAndWaitedOut) {
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
  const std::vector<Cell> cells = cells_of(measured.samples);
  EXPECT_EQ(cells.at(0).times.size(), measured.samples.size());
  EXPECT_EQ(cells[0].outliers, count(measured, "outlier"));
}

TEST(Measure, ClockJumpsAreSetAside) {
  SimulatedDevice device;
  MeasurePolicy policy;
  policy.percentile = 90;
  device.clock = [](std::int64_t run, PassTimes times) {
    if (run % 40 == 21) times.wall = -5e9;                    // stepped back
    if (run % 40 == 22) times.wall = 3600e9;                  // asleep for an hour
    if (run % 40 == 23) times.device = 2 * times.wall + 1e6;  // two clocks that contradict
    if (run % 40 == 24) times.wall = kNone;
    return times;
  };
  const MeasuredTimes measured = measure(device, policy);
  EXPECT_GE(count(measured, "clock"), 4);
  EXPECT_TRUE(says(measured, "the clock jumped"));
  const std::vector<Cell> cells = cells_of(measured.samples);
  ASSERT_EQ(cells.size(), 1u);
  EXPECT_NEAR(cells[0].median_ns, 1e6, 1e3);
  EXPECT_LT(*std::ranges::max_element(cells[0].times), 2e6);
}

TEST(Measure, AClockThatOnlyJumpsFails) {
  SimulatedDevice device;
  device.clock = [](std::int64_t, PassTimes times) { return PassTimes{-times.wall, kNone}; };
  EXPECT_ERROR(measure(device, {}), Exit::kTaskFailed, "the clock jumped in");
}

// ------------------------------------------------------------------------------ batches, memory

/// Images per second that saturate: batch / (batch + 8), until memory ends.
SweepPoint saturating(std::int64_t batch, std::int64_t too_large) {
  if (batch >= too_large) throw OutOfMemory("no memory");
  SweepPoint point;
  point.value = 1000.0 * static_cast<double>(batch) / static_cast<double>(batch + 8);
  point.n = 7;
  return point;
}

TEST(Sweep, EndsAtTheKnee) {
  const Sweep sweep = sweep_batches([](std::int64_t batch) { return saturating(batch, 1 << 20); });
  EXPECT_EQ(sweep.knee, 256);  // 512 gains 1.5 %
  EXPECT_EQ(sweep.out_of_memory, 0);
  ASSERT_EQ(sweep.points.size(), 10u);
  for (std::size_t i = 0; i < sweep.points.size(); ++i) {
    EXPECT_EQ(sweep.points[i].setting, std::ldexp(1, static_cast<int>(i)));
    EXPECT_EQ(sweep.points[i].metric, "images_per_second");
    EXPECT_EQ(sweep.points[i].n, 7);
  }
}

TEST(Sweep, RecordsWhereMemoryEnds) {
  const Sweep sweep = sweep_batches([](std::int64_t batch) { return saturating(batch, 64); });
  EXPECT_EQ(sweep.out_of_memory, 64);
  EXPECT_EQ(sweep.knee, 0);
  ASSERT_EQ(sweep.points.size(), 7u);
  EXPECT_EQ(sweep.points.back().setting, 64);
  EXPECT_TRUE(std::isnan(sweep.points.back().value));
  EXPECT_FALSE(std::isnan(sweep.points[5].value));
}

TEST(Sweep, NoMemoryForOneImageIsAFailure) {
  EXPECT_THROW(sweep_batches([](std::int64_t batch) { return saturating(batch, 1); }), OutOfMemory);
}

TEST(Sweep, IsBounded) {
  const auto linear = [](std::int64_t batch) {
    SweepPoint point;
    point.value = static_cast<double>(batch);
    return point;
  };
  EXPECT_EQ(sweep_batches(linear, 0.02, 32).points.size(), 6u);
}

// ---------------------------------------------------------------------------------- statistics

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
    EXPECT_TRUE(std::isnan(median_interval(values).lower));
  }
  values.push_back(6);  // 1 - 2 / 64 = 96.9 %
  EXPECT_EQ(median_interval(values).lower, 1);
  EXPECT_EQ(median_interval(values).upper, 6);
  for (int n = 7; n <= 20; ++n) values.push_back(n);  // 6th and 15th: 95.9 %
  EXPECT_EQ(median_interval(values).lower, 6);
  EXPECT_EQ(median_interval(values).upper, 15);
  for (int n = 21; n <= 1000; ++n) values.push_back(n);  // half of 1000 -+ 1.96 sqrt(1000) / 2
  EXPECT_NEAR(median_interval(values).lower, 469, 1);
  EXPECT_NEAR(median_interval(values).upper, 532, 1);
}

TEST(Energy, NeedsFiveSecondsAndACounterThatMoves) {
  const std::optional<Metric> metric = energy_metric(32, 100, 400, 5, 1000);
  ASSERT_TRUE(metric);
  EXPECT_EQ(metric->name, "energy_mj_per_image_b32");
  EXPECT_DOUBLE_EQ(metric->value, 300);
  EXPECT_EQ(metric->unit, "mJ");
  EXPECT_EQ(metric->method, "NVML, whole GPU, 5.0 s") << "its window";
  EXPECT_EQ(energy_metric(32, 100, 400, 4.9, 1000), std::nullopt);
  EXPECT_EQ(energy_metric(32, 100, 100, 6, 1000), std::nullopt);
  EXPECT_EQ(energy_metric(32, 100, 50, 6, 1000), std::nullopt);
  EXPECT_EQ(energy_metric(32, 100, 400, 6, 0), std::nullopt);
}

std::vector<std::string> names_of(const std::vector<Metric>& metrics) {
  std::vector<std::string> names;
  for (const Metric& metric : metrics) names.push_back(metric.name);
  return names;
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

TEST(Memory, OfOthersIsAFigureAndFromATwentiethOnANote) {
  constexpr std::int64_t kTotal = 100 << 20;
  const Findings alone = foreign_memory(4 << 20, -(1 << 20), kTotal);
  EXPECT_EQ(names_of(alone.metrics),
            (std::vector<std::string>{"gpu_memory_others", "gpu_memory_others_after"}));
  EXPECT_EQ(alone.metrics[0].value, 4);
  EXPECT_EQ(alone.metrics[1].value, 0) << "we gave back more than we knew of";
  EXPECT_TRUE(alone.notes.empty());
  const Findings came = foreign_memory(0, 30 << 20, kTotal);
  ASSERT_EQ(came.notes.size(), 1u);
  EXPECT_EQ(came.notes[0],
            "30 MiB of the GPU were in use at the end, our own not counted: others may be on it");
  EXPECT_TRUE(foreign_memory(30 << 20, 30 << 20, 0).notes.empty()) << "of how much?";
}

// ------------------------------------------------------------------------------------- by turns

/// Two things, the second twice as fast, on a machine that becomes three times as slow on the way.
TEST(ByTurns, DriftDoesNotTouchARatio) {
  double seconds = 0;
  std::string order;
  const auto thing = [&](char name, double ns) -> std::function<double()> {
    return [&, name, ns] {
      order += name;
      const double took = ns * (1 + seconds);
      seconds += took / 1e9;
      return took;
    };
  };
  const auto times = by_turns({thing('a', 20e6), thing('b', 10e6)}, 2, [&] { return seconds; });
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times[0].size(), times[1].size());
  EXPECT_GT(times[0].back(), 2.5 * times[0].front());
  EXPECT_TRUE(order.starts_with("abbaabba")) << order;
  const SpeedUp found = speed_up(times[0], times[1]);
  EXPECT_NEAR(found.value, 2, 0.05);
  EXPECT_LE(found.interval.lower, found.value);
  EXPECT_GE(found.interval.upper, found.value);
  EXPECT_LT(found.interval.upper - found.interval.lower, 0.2);
}

TEST(ByTurns, IsBounded) {
  const std::function<double()> thing = [] { return 1.0; };
  EXPECT_EQ(by_turns({thing}, 0, [] { return 0.0; })[0].size(), 7u);
  EXPECT_EQ(by_turns({thing}, 1e9, [] { return 0.0; })[0].size(), 501u);
}

TEST(SpeedUp, LeavesOutWhatIsNoTime) {
  const std::vector<double> reference = {2, 2, kNone, 2, 0, 2, 2, 2},
                            times = {1, 1, 1, -1, 1, 1, 1, 1};
  const SpeedUp found = speed_up(reference, times);
  EXPECT_EQ(found.value, 2);
  EXPECT_TRUE(std::isnan(found.interval.lower)) << "five are too few";
  EXPECT_TRUE(std::isnan(speed_up({}, {}).value));
}

// --------------------------------------------------------------------------------- foreign work

/// Pieces of 1 ms; others have the device in `taken` of `of` of them, and keep it for `slice_ns`.
std::function<double()> pieces(int taken, int of, double slice_ns) {
  return [=, i = 0]() mutable { return 1e6 + (i++ % of < taken ? slice_ns : 0); };
}

TEST(ForeignWork, IsNotFoundOnADeviceOfOurOwn) {
  const Calibration quiet = calibrate(pieces(0, 1, 0));
  EXPECT_EQ(quiet.least_ns, 1e6);
  EXPECT_EQ(quiet.waited, 0);
  // One hiccup of 10 ms would be 20 % of 50 ms; it is among the longest tenth.
  const Calibration hiccup = calibrate(pieces(1, 50, 10e6));
  EXPECT_NEAR(hiccup.waited, 0, 1e-9);
  const Findings found = foreign_work(quiet, hiccup);
  EXPECT_TRUE(found.notes.empty());
  EXPECT_EQ(names_of(found.metrics),
            (std::vector<std::string>{"foreign_work_before", "foreign_work_after"}));
}

TEST(ForeignWork, IsFoundWhereSlicesAreTaken) {  // as a GPU is shared by two processes
  const Calibration quiet = calibrate(pieces(0, 1, 0)), shared = calibrate(pieces(1, 3, 2e6));
  EXPECT_GT(shared.waited, 0.4);
  EXPECT_EQ(shared.least_ns, 1e6);
  const Findings found = foreign_work(quiet, shared);
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_NE(found.notes[0].find("shared after timing"), std::string::npos) << found.notes[0];
  EXPECT_GT(found.metrics.at(1).value, 40);
}

TEST(ForeignWork, IsFoundWhereEveryPieceIsSlower) {
  const Findings found = foreign_work(calibrate(pieces(0, 1, 0)), calibrate(pieces(1, 1, 0.25e6)));
  ASSERT_EQ(found.notes.size(), 1u);
  EXPECT_NE(found.notes[0].find("+25 % after timing"), std::string::npos) << found.notes[0];
}

TEST(ForeignWork, IsNotLookedForWithoutAClock) {
  int calls = 0;
  const Calibration none = calibrate([&] { return ++calls % 2 == 0 ? kNone : -1.0; });
  EXPECT_TRUE(std::isnan(none.least_ns));
  const Findings found = foreign_work(none, none);
  EXPECT_TRUE(found.metrics.empty());
  EXPECT_TRUE(found.notes.empty());
}

TEST(Cells, MediansOverLaunchesWithTheirRange) {
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
  samples.push_back(
      {.batch = 2, .cache = "cold", .iterations = 1, .wall_ns = 7e6, .device_ns = kNone});
  const std::vector<Cell> cells = cells_of(samples);
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(cells[0].launches, (std::vector<double>{2e6, 4e6, 6e6}));
  EXPECT_EQ(cells[0].median_ns, 4e6);
  EXPECT_EQ(cells[0].interval_ns.lower, 2e6);
  EXPECT_EQ(cells[0].interval_ns.upper, 6e6);
  EXPECT_STREQ(cells[0].method(), "range");
  EXPECT_EQ(cells[0].throttled, 1);
  EXPECT_EQ(cells[0].device_ns, 1e6);
  EXPECT_TRUE(cells[0].launch_bound());
  EXPECT_EQ(cells[0].images_per_second(), 500);
  EXPECT_FALSE(cells[1].launch_bound());  // no clock, no verdict
  EXPECT_EQ(cells[1].suffix(), "_cold");
}

TEST(Cells, NothingIsLeftWhereAllWasSetAside) {
  EXPECT_TRUE(
      cells_of({{.batch = 1, .iterations = 1, .wall_ns = 1, .flags = "throttled"}}).empty());
  EXPECT_TRUE(cells_of({}).empty());
}

TEST(TimingMetrics, KeepTheNamesThatTheBoardReads) {
  std::vector<TimingSample> samples;
  for (int i = 0; i < 100; ++i)
    samples.push_back({.batch = 1, .iterations = 1, .wall_ns = 1e6 + 1e4 * i, .device_ns = kNone});
  samples.push_back({.batch = 1, .cache = "cold", .iterations = 1, .wall_ns = 3e6});
  const std::vector<Metric> metrics = timing_metrics(samples, 99);
  const auto of = [&](const std::string& name) {
    const auto found = std::ranges::find(metrics, name, &Metric::name);
    return found == metrics.end() ? Metric{} : *found;
  };
  EXPECT_DOUBLE_EQ(of("latency_ms_b1").value, 1.495);
  EXPECT_LT(of("latency_ms_b1").lower, 1.495);
  EXPECT_EQ(of("latency_ms_b1").method, "order");
  EXPECT_NEAR(of("images_per_second_b1").value, 1e9 / 1.495e6, 1e-6);
  EXPECT_LT(of("images_per_second_b1").lower, of("images_per_second_b1").upper);
  EXPECT_NEAR(of("latency_ms_b1_p90").value, 1.891, 1e-9);
  EXPECT_TRUE(std::isnan(of("latency_ms_b1_p99").value));
  EXPECT_EQ(of("latency_ms_b1_p99").method, "n too small");
  EXPECT_EQ(of("latency_ms_b1_p99").n, 100);
  EXPECT_EQ(of("latency_ms_b1_p99.9").name, "");  // not asked for
  EXPECT_DOUBLE_EQ(of("latency_ms_b1_cold").value, 3);
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
  const Roof roof{100e9, 10e9};
  const Work work{2e6, 1e3, 400e3};  // one image: 20 us of arithmetic, 40.1 us of memory
  const std::vector<Metric> metrics = roofline_metrics({sample(1, "compute", "hot", 80'200),
                                                        sample(100, "compute", "hot", 4e6),
                                                        sample(100, "compute", "cold", 9e6),
                                                        sample(100, "copies", "hot", 9e6)},
                                                       work,
                                                       roof);
  EXPECT_EQ(names_of(metrics),
            (std::vector<std::string>{
                "peak_gflop_per_second", "peak_gbyte_per_second", "roofline_b1", "roofline_b100"}));
  EXPECT_DOUBLE_EQ(metrics[0].value, 100);
  EXPECT_DOUBLE_EQ(metrics[1].value, 10);
  EXPECT_NEAR(metrics[2].value, 50, 1e-9) << "memory is its roof";
  EXPECT_NEAR(metrics[3].value, 50, 1e-9) << "arithmetic is its roof: 2 ms";
}

}  // namespace
}  // namespace mien
