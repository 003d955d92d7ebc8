#include "harness/measure/timing_cases.h"

#include <algorithm>
#include <map>

#include "harness/measure/sampling.h"

namespace mien {
namespace {

using TimesByProcess = std::map<std::int64_t, std::vector<double>>;

std::vector<double> medians_of(const TimesByProcess& by_process) {
  std::vector<double> medians;
  for (const auto& [process, times] : by_process) medians.push_back(median(times));
  return medians;
}

void summarise(const TimesByProcess& wall, const TimesByProcess& device, TimingCase& timed) {
  for (const auto& [process, times] : wall)
    timed.times_ns.insert(timed.times_ns.end(), times.begin(), times.end());
  timed.process_medians_ns = medians_of(wall);
  timed.median_ns = median(timed.process_medians_ns);
  if (!device.empty()) timed.device_ns = median(medians_of(device));
  timed.spread = relative_spread(timed.times_ns);
  const auto [low, high] = std::ranges::minmax(timed.process_medians_ns);
  timed.interval_ns =
      timed.process_medians_ns.size() > 1 ? Interval{low, high} : median_interval(timed.times_ns);
}

Metric percentile_metric(const TimingCase& timed, double percent) {
  const std::optional<double> found = percentile(timed.times_ns, percent);
  return {.name = fmt::format("latency_ms_b{}_p{}", timed.batch, percent),
          .value = found ? std::optional(*found / 1e6) : std::nullopt,
          .unit = "ms",
          .method = found ? "" : "n too small",
          .n = std::ssize(timed.times_ns)};
}

}  // namespace

const char* TimingCase::method() const {
  if (process_medians_ns.size() > 1) return "range";
  return interval_ns ? "order" : "";
}

std::string TimingCase::suffix() const {
  std::string text;
  if (scope != "compute") text += "_" + scope;
  if (cache != "hot") text += "_" + cache;
  if (mode != "eager") text += "_" + mode;
  return text;
}

std::vector<TimingCase> timing_cases(const std::vector<TimingSample>& samples) {
  std::vector<TimingCase> cases;
  for (const TimingSample& first : samples) {
    const auto same = [&](const auto& other) {
      return other.batch == first.batch && other.scope == first.scope &&
             other.cache == first.cache && other.mode == first.mode;
    };
    if (std::ranges::any_of(cases, same)) continue;
    TimingCase timed;
    timed.batch = first.batch;
    timed.scope = first.scope;
    timed.cache = first.cache;
    timed.mode = first.mode;
    TimesByProcess wall, device;
    for (const TimingSample& sample : samples) {
      if (!same(sample)) continue;
      timed.throttled += has_flag(sample, "throttled");
      timed.jumps += has_flag(sample, "clock");
      timed.outliers += has_flag(sample, "outlier");
      if (is_excluded(sample)) continue;
      wall[sample.launch].push_back(sample.wall_ns);
      if (sample.device_ns) device[sample.launch].push_back(*sample.device_ns);
    }
    if (!wall.empty()) summarise(wall, device, timed);
    cases.push_back(std::move(timed));
  }
  std::erase_if(cases, [](const TimingCase& timed) { return timed.times_ns.empty(); });
  return cases;
}

std::vector<Metric> timing_metrics(const std::vector<TimingSample>& samples, double highest) {
  std::vector<Metric> metrics;
  for (const TimingCase& timed : timing_cases(samples)) {
    const std::string end = fmt::format("_b{}{}", timed.batch, timed.suffix());
    const double images = 1e9 * static_cast<double>(timed.batch);
    std::optional<Interval> rate, milliseconds;
    if (const std::optional<Interval>& ns = timed.interval_ns) {
      rate = Interval{images / ns->upper, images / ns->lower};
      milliseconds = Interval{ns->lower / 1e6, ns->upper / 1e6};
    }
    const std::int64_t n = timed.process_medians_ns.size() > 1
                               ? std::ssize(timed.process_medians_ns)
                               : std::ssize(timed.times_ns);
    metrics.push_back({.name = "images_per_second" + end,
                       .value = timed.images_per_second(),
                       .unit = "img/s",
                       .interval = rate,
                       .method = timed.method(),
                       .n = n});
    metrics.push_back({.name = "latency_ms" + end,
                       .value = timed.median_ns / 1e6,
                       .unit = "ms",
                       .interval = milliseconds,
                       .method = timed.method(),
                       .n = n});
    if (!timed.suffix().empty()) continue;
    for (const LeastSamples& least : kLeastSamples)
      if (least.percentile <= highest)
        metrics.push_back(percentile_metric(timed, least.percentile));
  }
  return metrics;
}

std::vector<Metric> memory_metrics(std::int64_t batch,
                                   double resident,
                                   std::optional<double> allocator,
                                   std::optional<double> driver) {
  constexpr double kMebibyte = 1 << 20;
  std::vector<Metric> metrics;
  const auto add = [&](const char* name, const std::optional<double>& bytes) {
    if (bytes)
      metrics.push_back({.name = fmt::format("{}_b{}", name, batch),
                         .value = *bytes / kMebibyte,
                         .unit = "MiB",
                         .n = 1});
  };
  add("peak_rss", resident);
  add("peak_gpu_allocator", allocator);
  add("gpu_driver_delta", driver);
  return metrics;
}

std::optional<Metric> energy_metric(
    std::int64_t batch, double before, double after, double seconds, double images) {
  if (seconds < 5 || images <= 0 || !(after > before)) return std::nullopt;
  return Metric{.name = fmt::format("energy_mj_per_image_b{}", batch),
                .value = 1e3 * (after - before) / images,
                .unit = "mJ",
                .method = fmt::format("NVML, whole GPU, {:.1f} s", seconds),
                .n = 1};
}

}  // namespace mien
