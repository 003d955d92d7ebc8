// Samples to figures: the timing cases of a task and the metrics of each. Also the metrics of the
// memory and the energy that a batch takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/statistics.h"
#include "harness/task/record.h"

namespace mien {

/// The samples of one batch, scope, cache and mode, over all timing processes of the task.
struct TimingCase {
  std::int64_t batch = 0;
  std::string scope, cache, mode;
  std::vector<double> process_medians_ns;  // the median wall time of each process
  std::vector<double> times_ns;            // of all processes, without the excluded samples
  double median_ns = 0;                    // of process_medians_ns
  /// The range of process_medians_ns; for one process, median_interval() of its times.
  std::optional<Interval> interval_ns;
  std::optional<double> device_ns;  // like median_ns, by the device's own clock
  double spread = 0;                // relative_spread() of times_ns
  std::int64_t throttled = 0, jumps = 0, outliers = 0;

  double images_per_second() const { return 1e9 * static_cast<double>(batch) / median_ns; }
  /// Returns how interval_ns was made: "range", "order" for one process, "" without an interval.
  const char* method() const;
  /// Returns true if the wall clock shows much more time than the device: the host launches work
  /// more slowly than the device does it.
  bool launch_bound() const { return device_ns && median_ns > 1.5 * *device_ns; }
  /// Returns "" for compute, hot, eager, and else what differs: "_cold", "_end-to-end", "_graph".
  std::string suffix() const;
};

/// Groups the samples into cases, in the order of their first samples. A case without included
/// samples is left out.
std::vector<TimingCase> timing_cases(const std::vector<TimingSample>& samples);

/// Returns images_per_second_b<batch><suffix> and latency_ms_b<batch><suffix> of every case. Adds
/// latency_ms_b<batch>_p<percentile> up to `highest` for compute, hot, eager; such a metric has no
/// value and the method "n too small" if the samples are too few.
std::vector<Metric> timing_metrics(const std::vector<TimingSample>& samples, double highest);

/// Returns up to three metrics in MiB: peak_rss_b<batch>, the largest resident set;
/// peak_gpu_allocator_b<batch>, the allocator's peak; gpu_driver_delta_b<batch>, the growth that
/// the driver reports. Arguments in bytes; an absent one gives no metric.
std::vector<Metric> memory_metrics(std::int64_t batch,
                                   double resident,
                                   std::optional<double> allocator,
                                   std::optional<double> driver);

/// Returns energy_mj_per_image_b<batch> by two readings of a counter in joules, `seconds` apart,
/// between which `images` were processed. The length of the window is in the method. Returns
/// nothing for a window below 5 s, in which the counter moves too seldom, or if it did not move.
std::optional<Metric> energy_metric(
    std::int64_t batch, double before, double after, double seconds, double images);

}  // namespace mien
