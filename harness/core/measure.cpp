#include "harness/core/measure.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

namespace mien {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kLeastSampleNs = 20e3;  // a clock that takes 50 ns to read is 0.25 % of it
constexpr double kLookEverySeconds = 0.01;
constexpr double kFirstPause = 0.5, kLongestPause = 4, kMostPause = 60;  // seconds
constexpr std::int64_t kMostWarmups = 10'000, kWindow = 4;
constexpr double kEntropyBin = 0.005;  // width of a bin, as a share of the time
constexpr std::int64_t kEntropyWindow = 299;
constexpr double kEntropyDegrees = 0.048, kEntropyR2 = 0.36;
constexpr int kPieces = 50;
constexpr double kForeignShare = 0.1, kForeignMemory = 0.05;
constexpr double kMebibyte = 1 << 20;

struct Least {
  double percentile;
  std::int64_t samples;
};
constexpr Least kLeast[] = {{50, 6}, {90, 64}, {95, 130}, {99, 662}, {99.9, 6636}};

double spread_of(std::span<const double> times) {
  return (quantile(times, 0.75) - quantile(times, 0.25)) / median(times);
}

/// Half the 95 % interval of the median, as a share of it; infinite where there is none.
double noise_of(std::span<const double> times) {
  const Interval interval = median_interval(times);
  if (std::isnan(interval.lower)) return std::numeric_limits<double>::infinity();
  return (interval.upper - interval.lower) / 2 / median(times);
}

bool is_flat(std::span<const double> before, std::span<const double> now) {
  const double change = std::abs(median(now) - median(before)) / median(before);
  return change <= 0.02 && std::abs(spread_of(now) - spread_of(before)) <= 0.05;
}

void add_flag(TimingSample& sample, const char* flag) {
  if (!sample.flags.empty()) sample.flags += ' ';
  sample.flags += flag;
}

bool is_set_aside(const TimingSample& sample) {
  return has_flag(sample, "throttled") || has_flag(sample, "clock");
}

bool is_slow(const DeviceState& state) {
  return !state.throttled.empty() || state.clock_mhz < 0.75 * state.reference_mhz;
}

std::string words(const DeviceState& state) {
  std::vector<std::string> known;
  if (!state.throttled.empty()) known.push_back(state.throttled);
  if (!std::isnan(state.clock_mhz))
    known.push_back(
        std::isnan(state.reference_mhz)
            ? fmt::format("clock {:.0f} MHz", state.clock_mhz)
            : fmt::format("clock {:.0f} of {:.0f} MHz", state.clock_mhz, state.reference_mhz));
  if (!std::isnan(state.temperature_c))
    known.push_back(fmt::format("{:.0f} C", state.temperature_c));
  return fmt::format("{}", fmt::join(known, ", "));
}

Metric plain(const std::string& name, double value, const std::string& unit) {
  return {name, "", value, unit, kNone, kNone, "", 1};
}

}  // namespace

std::int64_t samples_for(double percentile) {
  for (const Least& least : kLeast)
    if (percentile <= least.percentile) return least.samples;
  fail(Exit::kUsage, "percentile {}: the highest is 99.9", percentile);
}

std::optional<double> percentile(std::span<const double> values, double percent) {
  if (std::ssize(values) < samples_for(percent)) return std::nullopt;
  return quantile(values, percent / 100);
}

Interval median_interval(std::span<const double> values) {
  const std::int64_t n = std::ssize(values);
  if (n < 6) return {kNone, kNone};
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
  return {sorted[static_cast<std::size_t>(k - 1)], sorted[static_cast<std::size_t>(n - k)]};
}

std::vector<double> entropies(std::span<const double> times) {
  std::map<std::int64_t, double> counts;
  std::vector<double> bits;
  double sum = 0;  // of count * log2(count)
  const auto term = [](double count) { return count > 0 ? count * std::log2(count) : 0; };
  for (const double time : times) {
    const double bin = std::floor(std::log(time) / std::log1p(kEntropyBin));
    double& count = counts[static_cast<std::int64_t>(bin)];
    sum += term(count + 1) - term(count);
    ++count;
    const double n = static_cast<double>(bits.size() + 1);
    bits.push_back(std::log2(n) - sum / n);
  }
  return bits;
}

bool entropy_is_flat(std::span<const double> times) {
  const std::vector<double> all = entropies(times);
  if (all.size() < 2) return false;
  const std::span<const double> bits =
      std::span(all).last(std::min(all.size(), std::size_t{kEntropyWindow}));
  const double n = static_cast<double>(bits.size());
  const double mean_x = (n - 1) / 2, mean_y = mean(bits);
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const double x = static_cast<double>(i) - mean_x, y = bits[i] - mean_y;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  if (yy < 1e-18 * n) return true;
  const double degrees = std::atan(xy / xx) * 180 / std::numbers::pi;
  return degrees <= kEntropyDegrees && xy * xy / (xx * yy) >= kEntropyR2;
}

bool has_flag(const TimingSample& sample, const std::string& flag) {
  return (" " + sample.flags + " ").find(" " + flag + " ") != std::string::npos;
}

// ------------------------------------------------------------------------------- one measurement

Measurement::Measurement(TimedDevice& device, const MeasurePolicy& policy)
    : device_(device), policy_(policy) {
  MIEN_ASSERT(policy.least_samples > 0 && policy.least_samples <= policy.most_samples);
}

/// Passes for `seconds`, at least kWindow of them, and not beyond `end`.
void Measurement::warm_up_window(double seconds, double end, std::vector<double>& times) {
  const double start = device_.now();
  while (std::ssize(times) < kWindow || device_.now() - start < seconds) {
    if (device_.now() >= end || measured_.warmup_passes >= kMostWarmups) return;
    times.push_back(device_.run(1).wall);
    ++measured_.warmup_passes;
  }
}

void Measurement::warm_up() {
  std::vector<double> before = {device_.run(1).wall};  // what is allocated once
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
  // The smallest of the last window says best how many passes make a sample.
  const double pass = *std::min_element(before.begin(), before.end());
  if (!policy_.cold && pass > 0 && pass < kLeastSampleNs)
    passes_ =
        std::min<std::int64_t>(10'000, static_cast<std::int64_t>(std::ceil(kLeastSampleNs / pass)));
  looked_ = device_.now();
}

std::vector<double> Measurement::kept() const {
  std::vector<double> times;
  for (const TimingSample& sample : measured_.samples)
    if (!is_set_aside(sample)) times.push_back(sample.wall_ns);
  return times;
}

std::int64_t Measurement::wanted() {
  if (const std::int64_t more = lacking(); more > 0) return more;
  if (seen_ == measured_.samples.size()) return 0;
  look();  // what it finds may be set aside
  fail_if_most_are_set_aside();
  return lacking();
}

bool Measurement::is_enough() const {
  if (policy_.stop == TimingStop::kEntropy) return entropy_is_flat(kept());
  return noise_of(kept()) < policy_.noise;
}

/// `wanted` by what is known of the samples so far.
std::int64_t Measurement::lacking() const {
  const std::int64_t n = std::ssize(measured_.samples) - throttled_ - jumps_;
  if (n >= policy_.most_samples) return 0;
  if (n < policy_.least_samples) return policy_.least_samples - n;
  if (spent_ >= policy_.seconds) return 0;
  const std::int64_t room = policy_.most_samples - n;
  const std::int64_t in_time = static_cast<std::int64_t>(
      std::ceil((policy_.seconds - spent_) * static_cast<double>(measured_.samples.size()) /
                std::max(spent_, 1e-9)));
  const auto bounded = [&](std::int64_t more) { return std::min({more, room, in_time}); };
  const std::int64_t missing = samples_for(policy_.percentile) - n;
  if (missing > 0) return bounded(std::min<std::int64_t>(missing, 256));
  if (is_enough()) return 0;
  return bounded(std::max<std::int64_t>(8, n / 4));
}

/// Marks what cannot be a time.
void Measurement::check_clock(TimingSample& sample) const {
  const bool is_time = std::isfinite(sample.wall_ns) && sample.wall_ns > 0;
  const bool device_longer = sample.device_ns > 1.1 * sample.wall_ns + 20e3;
  bool asleep = false;
  if (is_time && sample.wall_ns * static_cast<double>(sample.iterations) > 1e9) {
    const std::vector<double> times = kept();
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
  sample.wall_ns = times.wall;
  sample.device_ns = times.device;
  sample.clock_mhz = kNone;
  check_clock(sample);
  jumps_ += has_flag(sample, "clock");
  const bool jumped = !sample.flags.empty();
  measured_.samples.push_back(std::move(sample));
  if (const double took = device_.now() - start; took > 0 && !jumped) spent_ += took;
  const double since = device_.now() - looked_;
  if (since >= kLookEverySeconds || since < 0) look();
  fail_if_most_are_set_aside();
  return jumped ? 0 : times.wall * static_cast<double>(passes_) / 1e9;
}

/// Asks the device how it is; what it says holds for all samples since it was last asked.
void Measurement::look() {
  const DeviceState state = device_.state();
  const bool slow = is_slow(state);
  for (; seen_ < measured_.samples.size(); ++seen_) {
    TimingSample& sample = measured_.samples[seen_];
    sample.clock_mhz = state.clock_mhz;
    if (!slow || is_set_aside(sample)) continue;
    add_flag(sample, "throttled");
    ++throttled_;
  }
  if (slow) {
    slow_ = state;
    pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
    device_.sleep(pause_);
    paused_ += pause_;
  } else {
    pause_ = 0;
  }
  looked_ = device_.now();
}

void Measurement::fail_if_most_are_set_aside() const {
  const std::int64_t n = std::ssize(measured_.samples);
  const bool enough = n >= std::max<std::int64_t>(8, policy_.least_samples);
  if ((enough && 2 * throttled_ > n) || paused_ > kMostPause)
    fail(Exit::kTaskFailed,
         "the device was throttled in {} of {} samples ({}), after pauses of {:.0f} s: cool it, "
         "raise "
         "its power limit or wait for others on it, and run again",
         throttled_,
         n,
         words(slow_),
         paused_);
  if (enough && 2 * jumps_ > n)
    fail(
        Exit::kTaskFailed,
        "the clock jumped in {} of {} samples: no time can be taken on this machine now; run again",
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
    notes.push_back(
        fmt::format("throttled in {} of {} samples, set aside ({})", throttled_, n, words(slow_)));
  if (jumps_ > 0)
    notes.push_back(fmt::format("the clock jumped in {} of {} samples, set aside", jumps_, n));
  if (times.size() < 12) return;
  const std::span<const double> all(times);
  const std::size_t third = times.size() / 3;
  const double drift = median(all.last(third)) / median(all.first(third)) - 1;
  if (std::abs(drift) > std::max(0.03, 3 * noise_of(times)))
    notes.push_back(
        fmt::format("drift of {:+.1f} % from the first third to the last", 100 * drift));
}

MeasuredTimes Measurement::finish() {
  const std::vector<double> times = kept();
  if (times.size() >= 4) {
    const double low = quantile(times, 0.25), high = quantile(times, 0.75);
    const double fence = 1.5 * (high - low);
    for (TimingSample& sample : measured_.samples)
      if (!is_set_aside(sample) && (sample.wall_ns < low - fence || sample.wall_ns > high + fence))
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

// ------------------------------------------------------------------------------------- by turns

std::vector<std::vector<double>> by_turns(const std::vector<std::function<double()>>& sample_ns,
                                          double seconds,
                                          const std::function<double()>& now) {
  constexpr std::size_t kLeastRounds = 7, kMostRounds = 501;
  std::vector<std::vector<double>> times(sample_ns.size());
  const double start = now();
  for (std::size_t round = 0;
       round < kLeastRounds || (round < kMostRounds && now() - start < seconds);
       ++round)
    for (std::size_t turn = 0; turn < sample_ns.size(); ++turn) {
      const std::size_t thing = (round + turn) % sample_ns.size();
      times[thing].push_back(sample_ns[thing]());
    }
  return times;
}

SpeedUp speed_up(std::span<const double> reference, std::span<const double> times) {
  MIEN_ASSERT(reference.size() == times.size());
  std::vector<double> ratios;
  for (std::size_t i = 0; i < times.size(); ++i)
    if (const double ratio = reference[i] / times[i]; std::isfinite(ratio) && ratio > 0)
      ratios.push_back(ratio);
  if (ratios.empty()) return {kNone, {kNone, kNone}};
  return {median(ratios), median_interval(ratios)};
}

// --------------------------------------------------------------------------------- batch sweep

Sweep sweep_batches(const std::function<SweepPoint(std::int64_t)>& rate,
                    double least_gain,
                    std::int64_t most) {
  Sweep sweep;
  for (std::int64_t batch = 1; batch <= most; batch *= 2) {
    SweepPoint point;
    try {
      point = rate(batch);
    } catch (const OutOfMemory&) {
      if (batch == 1) throw;
      point.value = point.lower = point.upper = kNone;
      sweep.out_of_memory = batch;
    }
    point.parameter = "batch";
    point.setting = static_cast<double>(batch);
    point.metric = "images_per_second";
    point.unit = "img/s";
    const double before = sweep.points.empty() ? 0 : sweep.points.back().value;
    sweep.points.push_back(point);
    if (sweep.out_of_memory > 0) return sweep;
    if (before > 0 && point.value < (1 + least_gain) * before) {
      sweep.knee = batch / 2;
      return sweep;
    }
  }
  return sweep;
}

// -------------------------------------------------------------------------------- what was found

Calibration calibrate(const std::function<double()>& piece_ns) {
  std::vector<double> pieces;
  for (int i = 0; i < kPieces; ++i)
    if (const double ns = piece_ns(); std::isfinite(ns) && ns > 0) pieces.push_back(ns);
  if (pieces.empty()) return {};
  std::ranges::sort(pieces);
  const double least = pieces.front();
  return {least, mean(std::span(pieces).first(pieces.size() - pieces.size() / 10)) / least - 1};
}

Findings foreign_work(const Calibration& before, const Calibration& after) {
  Findings found;
  const auto add = [&](const char* when, const Calibration& calibration) {
    if (std::isnan(calibration.waited)) return;
    found.metrics.push_back(
        plain(fmt::format("foreign_work_{}", when), 100 * calibration.waited, "%"));
    if (calibration.waited < kForeignShare) return;
    found.notes.push_back(fmt::format(
        "the device was shared {} timing: a fixed piece of work took {:.0f} % longer than "
        "the fastest of its kind",
        when,
        100 * calibration.waited));
  };
  add("before", before);
  add("after", after);
  const double change = after.least_ns / before.least_ns - 1;
  if (std::abs(change) >= kForeignShare)
    found.notes.push_back(fmt::format(
        "a fixed piece of work took {:+.0f} % after timing: the device was shared, or its "
        "clock changed",
        100 * change));
  return found;
}

Findings foreign_memory(std::int64_t before, std::int64_t after, std::int64_t total) {
  Findings found;
  const auto add = [&](const char* name, std::int64_t bytes, const char* when) {
    const double mebibytes = static_cast<double>(std::max<std::int64_t>(0, bytes)) / kMebibyte;
    found.metrics.push_back(plain(name, mebibytes, "MiB"));
    if (total > 0 && static_cast<double>(bytes) > kForeignMemory * static_cast<double>(total))
      found.notes.push_back(fmt::format(
          "{:.0f} MiB of the GPU were in use {}: others may be on it", mebibytes, when));
  };
  add("gpu_memory_others", before, "before we came");
  add("gpu_memory_others_after", after, "at the end, our own not counted");
  return found;
}

std::vector<Metric> memory_metrics(std::int64_t batch,
                                   double resident,
                                   std::optional<double> allocator,
                                   std::optional<double> driver) {
  std::vector<Metric> metrics;
  const auto add = [&](const char* name, const std::optional<double>& bytes) {
    if (bytes)
      metrics.push_back(plain(fmt::format("{}_b{}", name, batch), *bytes / kMebibyte, "MiB"));
  };
  add("peak_rss", resident);
  add("peak_gpu_allocator", allocator);
  add("gpu_driver_delta", driver);
  return metrics;
}

std::optional<Metric> energy_metric(
    std::int64_t batch, double before, double after, double seconds, double images) {
  if (seconds < 5 || images <= 0 || !(after > before)) return std::nullopt;
  Metric metric =
      plain(fmt::format("energy_mj_per_image_b{}", batch), 1e3 * (after - before) / images, "mJ");
  metric.method = fmt::format("NVML, whole GPU, {:.1f} s", seconds);
  return metric;
}

const char* Cell::method() const {
  if (launches.size() > 1) return "range";
  return times.size() < 6 ? "" : "order";
}

std::string Cell::suffix() const {
  std::string text;
  if (scope != "compute") text += "_" + scope;
  if (cache != "hot") text += "_" + cache;
  if (mode != "eager") text += "_" + mode;
  return text;
}

namespace {

/// Medians by launch into the figures of the cell.
void summarise(const std::map<std::int64_t, std::vector<double>>& wall,
               const std::map<std::int64_t, std::vector<double>>& device,
               Cell& cell) {
  std::vector<double> device_medians;
  for (const auto& [launch, times] : wall) {
    cell.launches.push_back(median(times));
    cell.times.insert(cell.times.end(), times.begin(), times.end());
  }
  for (const auto& [launch, times] : device) device_medians.push_back(median(times));
  cell.median_ns = median(cell.launches);
  cell.device_ns = device_medians.empty() ? kNone : median(device_medians);
  cell.spread = spread_of(cell.times);
  const auto [low, high] = std::minmax_element(cell.launches.begin(), cell.launches.end());
  cell.interval_ns = cell.launches.size() > 1 ? Interval{*low, *high} : median_interval(cell.times);
}

}  // namespace

std::vector<Cell> cells_of(const std::vector<TimingSample>& samples) {
  std::vector<Cell> cells;
  for (const TimingSample& first : samples) {
    const auto same = [&](const auto& other) {
      return other.batch == first.batch && other.scope == first.scope &&
             other.cache == first.cache && other.mode == first.mode;
    };
    if (std::ranges::any_of(cells, same)) continue;
    Cell cell;
    cell.batch = first.batch;
    cell.scope = first.scope;
    cell.cache = first.cache;
    cell.mode = first.mode;
    std::map<std::int64_t, std::vector<double>> wall, device;
    for (const TimingSample& sample : samples) {
      if (!same(sample)) continue;
      cell.throttled += has_flag(sample, "throttled");
      cell.jumps += has_flag(sample, "clock");
      cell.outliers += has_flag(sample, "outlier");
      if (is_set_aside(sample)) continue;
      wall[sample.launch].push_back(sample.wall_ns);
      if (!std::isnan(sample.device_ns)) device[sample.launch].push_back(sample.device_ns);
    }
    cells.push_back(std::move(cell));
    if (!wall.empty()) summarise(wall, device, cells.back());
  }
  std::erase_if(cells, [](const Cell& cell) { return cell.times.empty(); });
  return cells;
}

std::vector<Metric> timing_metrics(const std::vector<TimingSample>& samples, double highest) {
  std::vector<Metric> metrics;
  for (const Cell& cell : cells_of(samples)) {
    const std::string end = fmt::format("_b{}{}", cell.batch, cell.suffix());
    const Interval ns = cell.interval_ns;
    const double images = 1e9 * static_cast<double>(cell.batch);
    const std::int64_t n =
        cell.launches.size() > 1 ? std::ssize(cell.launches) : std::ssize(cell.times);
    metrics.push_back({"images_per_second" + end,
                       "",
                       cell.images_per_second(),
                       "img/s",
                       images / ns.upper,
                       images / ns.lower,
                       cell.method(),
                       n});
    metrics.push_back({"latency_ms" + end,
                       "",
                       cell.median_ns / 1e6,
                       "ms",
                       ns.lower / 1e6,
                       ns.upper / 1e6,
                       cell.method(),
                       n});
    if (!cell.suffix().empty()) continue;
    for (const Least& least : kLeast) {
      if (least.percentile > highest) break;
      const std::optional<double> found = percentile(cell.times, least.percentile);
      metrics.push_back({fmt::format("latency_ms{}_p{}", end, least.percentile),
                         "",
                         found ? *found / 1e6 : kNone,
                         "ms",
                         kNone,
                         kNone,
                         found ? "" : "n too small",
                         std::ssize(cell.times)});
    }
  }
  return metrics;
}

std::vector<Metric> roofline_metrics(const std::vector<TimingSample>& samples,
                                     const Work& work,
                                     const Roof& roof) {
  std::vector<Metric> metrics = {
      plain("peak_gflop_per_second", roof.flop_per_second / 1e9, "GFLOP/s"),
      plain("peak_gbyte_per_second", roof.bytes_per_second / 1e9, "GB/s")};
  for (const Cell& cell : cells_of(samples)) {
    if (cell.scope != "compute" || cell.cache != "hot") continue;
    const double images = static_cast<double>(cell.batch);
    const double allowed =
        std::max(images * work.flop_per_image / roof.flop_per_second,
                 (work.bytes_per_pass + images * work.bytes_per_image) / roof.bytes_per_second);
    metrics.push_back(plain(fmt::format("roofline_b{}{}", cell.batch, cell.suffix()),
                            100 * allowed / (cell.median_ns / 1e9),
                            "%"));
  }
  return metrics;
}

}  // namespace mien
