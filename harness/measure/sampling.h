// How one time is measured: the warm-up, the samples, the rule that ends sampling, the samples that
// are excluded, and the order statistics that a number of samples allows. The device and its clocks
// are behind `TimedDevice`, so tests check every rule with a simulated device.
//
//   warm-up    Passes run untimed until two successive windows agree in median (2 %) and spread
//              (5 points), or until a time limit.
//   sample     One pass, or as many passes as take 20 us together.
//   stop       Sampling takes `least_samples`. It then goes on until there are enough samples for
//              `percentile` and the noise is below `noise`, or until `seconds` are over.
//   noise      Half the 95 % interval of the median by order statistics, as a share of the median.
//   throttled  The clock is below 75 % of its reference, or the device names a reason. All samples
//              since the last query are excluded. Sampling pauses and continues. If more than half
//              of all samples are excluded, the measurement fails.
//   clock      The time is impossible: not positive, not finite, longer on the device than on the
//              wall clock, or over a second and 1000 medians long (the machine slept). The sample
//              is excluded, and the measurement fails as above.
//   outlier    The time is more than 1.5 interquartile ranges outside of the quartiles (Tukey
//              1977). The sample is flagged and kept.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/statistics.h"
#include "harness/task/record.h"

namespace mien {

/// The device has no memory for a pass. The batch is too large; the task has not failed.
class OutOfMemory : public Error {
 public:
  explicit OutOfMemory(const std::string& line) : Error(Exit::kTaskFailed, line) {}
};

/// Nanoseconds of one pass, averaged over the passes of a sample.
struct PassTimes {
  double wall_ns = 0;
  std::optional<double> device_ns;  // by the device's own clock; none on a CPU
};

/// What a device reports about itself; a value that it does not report is absent.
struct DeviceState {
  std::optional<double> clock_mhz;
  std::optional<double> reference_mhz;  // its highest clock
  std::optional<double> temperature_c;
  std::string throttled;  // the reason; "" if the device is not throttled
};

/// What is timed, on which device, by which clocks.
class TimedDevice {
 public:
  virtual ~TimedDevice() = default;
  /// Runs `passes` passes and waits until they are done. Error: OutOfMemory.
  virtual PassTimes run(std::int64_t passes) = 0;
  /// Evicts the data that a pass reads from the caches.
  virtual void flush_caches() = 0;
  virtual DeviceState state() = 0;
  virtual void sleep(double seconds) = 0;
  /// Returns seconds since an arbitrary start.
  virtual double now() = 0;
};

struct MeasurePolicy {
  double warmup_seconds = 0.5;  // at most
  double seconds = 3;           // at most, except below least_samples
  std::int64_t least_samples = 7, most_samples = 20'000;
  double noise = 0.005;
  double percentile = 50;  // the highest that the samples shall allow
  bool cold = false;       // flushes the caches before every sample
};

struct MeasuredTimes {
  std::vector<TimingSample>
      samples;  // all, in order; the caller fills in batch, scope, cache, mode
  std::int64_t warmup_passes = 0;
  bool warm = false;               // the times became flat before the warm-up's limit
  std::vector<std::string> notes;  // what a reader must know: throttling, drift ...
};

/// One measurement, sample by sample, for a loop that others drive.
class Measurement {
 public:
  Measurement(TimedDevice& device, const MeasurePolicy& policy);

  /// Runs at least one untimed pass. Error: OutOfMemory.
  void warm_up();
  /// Returns the number of samples to take before the next call; 0 ends the measurement.
  /// Error: as step().
  std::int64_t wanted();
  /// Takes one sample, pauses after it if the device is throttled, and returns its wall time in
  /// seconds. Error (Exit::kTaskFailed): more than half of the samples are excluded.
  double step();
  /// Flags outliers, writes the notes and returns all samples.
  MeasuredTimes finish();

 private:
  std::vector<double> included_times() const;
  std::int64_t missing_samples() const;
  void warm_up_window(double seconds, double end, std::vector<double>& times);
  void query_device();
  void check_clock(TimingSample& sample) const;
  void fail_if_most_are_excluded() const;
  void describe(const std::vector<double>& times);

  TimedDevice& device_;
  MeasurePolicy policy_;
  MeasuredTimes measured_;
  std::int64_t passes_ = 1;                 // of one sample
  std::int64_t throttled_ = 0, jumps_ = 0;  // excluded samples
  std::size_t checked_ = 0;                 // samples taken before the last query of the device
  double sampling_seconds_ = 0;
  double queried_at_ = 0;          // by device_.now()
  double pause_ = 0, paused_ = 0;  // seconds: the next pause, all pauses
  DeviceState throttled_state_;
};

/// Runs a whole measurement: warms up, steps until no more samples are wanted, finishes.
MeasuredTimes measure(TimedDevice& device, const MeasurePolicy& policy);

/// The percentiles that are reported, and how many samples each needs at least.
struct LeastSamples {
  double percentile;
  std::int64_t samples;
};
inline constexpr LeastSamples kLeastSamples[] = {
    {50, 6}, {90, 64}, {95, 130}, {99, 662}, {99.9, 6636}};

/// Returns how many samples a percentile needs; between two rows of kLeastSamples, those of the
/// next one. Error (Exit::kUsage): it is above the last row.
std::int64_t samples_for(double percentile);

/// Returns the percentile of `values`; nothing if they are too few for it.
std::optional<double> percentile(std::span<const double> values, double percent);

/// Returns the 95 % interval of the median by order statistics; nothing below six values. (David &
/// Nagaraja 2003, Order Statistics, section 7.1.)
std::optional<Interval> median_interval(std::span<const double> values);

/// Returns the interquartile range as a share of the median.
double relative_spread(std::span<const double> times);

/// Returns true if `flag` is one of the words of sample.flags.
bool has_flag(const TimingSample& sample, const std::string& flag);

/// Returns true if the sample is stored, but not part of the statistics.
bool is_excluded(const TimingSample& sample);

}  // namespace mien
