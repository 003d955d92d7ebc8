#include "harness/measure/sampling.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mien {
namespace {

constexpr double kLeastSampleNs = 20e3;  // a clock that takes 50 ns to read is 0.25 % of it
constexpr double kQueryEverySeconds = 0.01;
constexpr double kFirstPause = 0.5, kLongestPause = 4, kMostPause = 60;  // seconds
constexpr std::int64_t kMostWarmups = 10'000, kWindow = 4;

/// Infinite for fewer times than an interval needs.
double noise_of(std::span<const double> times) {
  const std::optional<Interval> interval = median_interval(times);
  if (!interval) return std::numeric_limits<double>::infinity();
  return (interval->upper - interval->lower) / 2 / median(times);
}

bool is_flat(std::span<const double> before, std::span<const double> now) {
  const double change = std::abs(median(now) - median(before)) / median(before);
  return change <= 0.02 && std::abs(relative_spread(now) - relative_spread(before)) <= 0.05;
}

void add_flag(TimingSample& sample, const char* flag) {
  if (!sample.flags.empty()) sample.flags += ' ';
  sample.flags += flag;
}

bool is_throttled(const DeviceState& state) {
  if (!state.throttled.empty()) return true;
  return state.clock_mhz && state.reference_mhz && *state.clock_mhz < 0.75 * *state.reference_mhz;
}

std::string words(const DeviceState& state) {
  std::vector<std::string> known;
  if (!state.throttled.empty()) known.push_back(state.throttled);
  if (state.clock_mhz && state.reference_mhz)
    known.push_back(
        fmt::format("clock {:.0f} of {:.0f} MHz", *state.clock_mhz, *state.reference_mhz));
  else if (state.clock_mhz)
    known.push_back(fmt::format("clock {:.0f} MHz", *state.clock_mhz));
  if (state.temperature_c) known.push_back(fmt::format("{:.0f} C", *state.temperature_c));
  return fmt::format("{}", fmt::join(known, ", "));
}

}  // namespace

// -------------------------------------------------------------------------------- order statistics

std::int64_t samples_for(double percentile) {
  for (const LeastSamples& least : kLeastSamples)
    if (percentile <= least.percentile) return least.samples;
  fail(Exit::kUsage, "percentile {}: the highest is 99.9", percentile);
}

std::optional<double> percentile(std::span<const double> values, double percent) {
  if (std::ssize(values) < samples_for(percent)) return std::nullopt;
  return quantile(values, percent / 100);
}

std::optional<Interval> median_interval(std::span<const double> values) {
  const std::int64_t n = std::ssize(values);
  if (n < 6) return std::nullopt;
  const double count = static_cast<double>(n);
  // The k-th smallest and the k-th largest, with k as large as leaves 2.5 % on each side.
  std::int64_t k = 0;
  if (n > 200) {
    k = static_cast<std::int64_t>((count - 1.96 * std::sqrt(count)) / 2);
  } else {
    double term = std::pow(0.5, count), below = term;
    while (below <= 0.025) {
      ++k;
      term *= (count - static_cast<double>(k) + 1) / static_cast<double>(k);
      below += term;
    }
  }
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return Interval{sorted[static_cast<std::size_t>(k - 1)], sorted[static_cast<std::size_t>(n - k)]};
}

double relative_spread(std::span<const double> times) {
  return (quantile(times, 0.75) - quantile(times, 0.25)) / median(times);
}

bool has_flag(const TimingSample& sample, const std::string& flag) {
  return (" " + sample.flags + " ").find(" " + flag + " ") != std::string::npos;
}

bool is_excluded(const TimingSample& sample) {
  return has_flag(sample, "throttled") || has_flag(sample, "clock");
}

// --------------------------------------------------------------------------------- one measurement

Measurement::Measurement(TimedDevice& device, const MeasurePolicy& policy)
    : device_(device), policy_(policy) {
  MIEN_ASSERT(policy.least_samples > 0 && policy.least_samples <= policy.most_samples);
}

/// Runs passes for `seconds`, at least kWindow of them, but not beyond `end`.
void Measurement::warm_up_window(double seconds, double end, std::vector<double>& times) {
  const double start = device_.now();
  while (std::ssize(times) < kWindow || device_.now() - start < seconds) {
    if (device_.now() >= end || measured_.warmup_passes >= kMostWarmups) return;
    times.push_back(device_.run(1).wall_ns);
    ++measured_.warmup_passes;
  }
}

void Measurement::warm_up() {
  // The first pass allocates what all others reuse.
  std::vector<double> before = {device_.run(1).wall_ns};
  measured_.warmup_passes = 1;
  const double end = device_.now() + policy_.warmup_seconds;
  const auto is_over = [&] {
    return device_.now() >= end || measured_.warmup_passes >= kMostWarmups;
  };
  while (!measured_.warm && !is_over()) {
    std::vector<double> now;
    warm_up_window(policy_.warmup_seconds / 10, end, now);
    if (now.empty()) break;
    measured_.warm =
        std::ssize(before) >= kWindow && std::ssize(now) >= kWindow && is_flat(before, now);
    before = std::move(now);
  }
  // The smallest time of the last window decides how many passes make a sample.
  const double pass = *std::min_element(before.begin(), before.end());
  if (!policy_.cold && pass > 0 && pass < kLeastSampleNs)
    passes_ =
        std::min<std::int64_t>(10'000, static_cast<std::int64_t>(std::ceil(kLeastSampleNs / pass)));
  queried_at_ = device_.now();
}

std::vector<double> Measurement::included_times() const {
  std::vector<double> times;
  for (const TimingSample& sample : measured_.samples)
    if (!is_excluded(sample)) times.push_back(sample.wall_ns);
  return times;
}

std::int64_t Measurement::wanted() {
  if (const std::int64_t more = missing_samples(); more > 0) return more;
  if (checked_ == measured_.samples.size()) return 0;
  query_device();  // it may exclude samples, so that some are missing again
  fail_if_most_are_excluded();
  return missing_samples();
}

/// Answers wanted() by the samples so far.
std::int64_t Measurement::missing_samples() const {
  const std::int64_t n = std::ssize(measured_.samples) - throttled_ - jumps_;
  if (n >= policy_.most_samples) return 0;
  if (n < policy_.least_samples) return policy_.least_samples - n;
  if (sampling_seconds_ >= policy_.seconds) return 0;
  const std::int64_t room = policy_.most_samples - n;
  const std::int64_t in_time = static_cast<std::int64_t>(
      std::ceil((policy_.seconds - sampling_seconds_) *
                static_cast<double>(measured_.samples.size()) / std::max(sampling_seconds_, 1e-9)));
  const auto bounded = [&](std::int64_t more) { return std::min({more, room, in_time}); };
  const std::int64_t missing = samples_for(policy_.percentile) - n;
  if (missing > 0) return bounded(std::min<std::int64_t>(missing, 256));
  if (noise_of(included_times()) < policy_.noise) return 0;
  return bounded(std::max<std::int64_t>(8, n / 4));
}

/// Flags an impossible time.
void Measurement::check_clock(TimingSample& sample) const {
  const bool is_time = std::isfinite(sample.wall_ns) && sample.wall_ns > 0;
  const bool device_longer = sample.device_ns && *sample.device_ns > 1.1 * sample.wall_ns + 20e3;
  bool asleep = false;
  if (is_time && sample.wall_ns * static_cast<double>(sample.iterations) > 1e9) {
    const std::vector<double> times = included_times();
    asleep = !times.empty() && sample.wall_ns > 1000 * median(times);
  }
  if (!is_time || device_longer || asleep) add_flag(sample, "clock");
}

double Measurement::step() {
  const double start = device_.now();
  if (policy_.cold) device_.flush_caches();
  const PassTimes times = device_.run(passes_);
  TimingSample sample;
  sample.repetition = std::ssize(measured_.samples);
  sample.iterations = passes_;
  sample.wall_ns = times.wall_ns;
  sample.device_ns = times.device_ns;
  check_clock(sample);
  jumps_ += has_flag(sample, "clock");
  const bool jumped = !sample.flags.empty();
  measured_.samples.push_back(std::move(sample));
  if (const double took = device_.now() - start; took > 0 && !jumped) sampling_seconds_ += took;
  const double since = device_.now() - queried_at_;
  if (since >= kQueryEverySeconds || since < 0) query_device();
  fail_if_most_are_excluded();
  return jumped ? 0 : times.wall_ns * static_cast<double>(passes_) / 1e9;
}

/// Queries the state of the device. It holds for all samples since the last query.
void Measurement::query_device() {
  const DeviceState state = device_.state();
  const bool throttled = is_throttled(state);
  for (; checked_ < measured_.samples.size(); ++checked_) {
    TimingSample& sample = measured_.samples[checked_];
    sample.clock_mhz = state.clock_mhz;
    if (!throttled || is_excluded(sample)) continue;
    add_flag(sample, "throttled");
    ++throttled_;
  }
  if (throttled) {
    throttled_state_ = state;
    pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
    device_.sleep(pause_);
    paused_ += pause_;
  } else {
    pause_ = 0;
  }
  queried_at_ = device_.now();
}

void Measurement::fail_if_most_are_excluded() const {
  const std::int64_t n = std::ssize(measured_.samples);
  const bool enough = n >= std::max<std::int64_t>(8, policy_.least_samples);
  if ((enough && 2 * throttled_ > n) || paused_ > kMostPause)
    fail(Exit::kTaskFailed,
         "the device was throttled in {} of {} samples ({}), after pauses of {:.0f} s: cool it, "
         "raise its power limit or wait until other programs on it end, and run again",
         throttled_,
         n,
         words(throttled_state_),
         paused_);
  if (enough && 2 * jumps_ > n)
    fail(Exit::kTaskFailed,
         "the clock jumped in {} of {} samples: this machine cannot measure times now; run again",
         jumps_,
         n);
}

void Measurement::describe(const std::vector<double>& times) {
  std::vector<std::string>& notes = measured_.notes;
  const std::int64_t n = std::ssize(measured_.samples);
  if (!measured_.warm && policy_.warmup_seconds > 0)
    notes.push_back(fmt::format("the warm-up ended after {} passes, before times were flat",
                                measured_.warmup_passes));
  if (throttled_ > 0)
    notes.push_back(fmt::format("throttled in {} of {} samples, which are excluded ({})",
                                throttled_,
                                n,
                                words(throttled_state_)));
  if (jumps_ > 0)
    notes.push_back(
        fmt::format("the clock jumped in {} of {} samples, which are excluded", jumps_, n));
  if (times.size() < 12) return;
  const std::span<const double> all(times);
  const std::size_t third = times.size() / 3;
  const double drift = median(all.last(third)) / median(all.first(third)) - 1;
  if (std::abs(drift) > std::max(0.03, 3 * noise_of(times)))
    notes.push_back(
        fmt::format("drift of {:+.1f} % from the first third to the last", 100 * drift));
}

MeasuredTimes Measurement::finish() {
  const std::vector<double> times = included_times();
  if (times.size() >= 4) {
    const double low = quantile(times, 0.25), high = quantile(times, 0.75);
    const double fence = 1.5 * (high - low);
    for (TimingSample& sample : measured_.samples)
      if (!is_excluded(sample) && (sample.wall_ns < low - fence || sample.wall_ns > high + fence))
        add_flag(sample, "outlier");
  }
  describe(times);
  return std::move(measured_);
}

MeasuredTimes measure(TimedDevice& device, const MeasurePolicy& policy) {
  Measurement measurement(device, policy);
  measurement.warm_up();
  for (std::int64_t wanted = measurement.wanted(); wanted > 0; wanted = measurement.wanted())
    for (; wanted > 0; --wanted) measurement.step();
  return measurement.finish();
}

}  // namespace mien
