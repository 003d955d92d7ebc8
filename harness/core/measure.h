// How a time is taken: when to warm up, when to stop, what to set aside, what n allows. Pure: the
// device and its clocks are behind `TimedDevice`, so every rule is tested with a simulated one.
//
//   warm-up     until two windows of passes agree in median (2 %) and spread (5 points), or a limit
//   samples     of one pass, or of as many as last 20 us together; at least `least_samples`, then
//   until
//               they say enough (`stop`) and n allows `percentile`, or `seconds` are over
//   noise       half the 95 % interval of the median, by order statistics, as a share of the
//   median; less
//               than `noise` is enough
//   entropy     of the histogram of the times, bins 0.5 % wide, after each sample: enough where a
//   line
//               through the last 299 of them rises by no more than tan(0.048 degrees) bits a sample
//               and explains 36 % of their variance, or where they are all the same (NVBench's
//               criterion and its constants; its bins are single ticks of a clock of 0.5 us)
//   throttled   a clock below 75 % of the reference, or a reason that the device names: all samples
//   since
//               the last look are set aside, we pause and go on; where it is more than half, we
//               fail
//   clock       not a time: below zero, not finite, longer on the device than on the wall, or 1000
//               medians long and over a second (a machine asleep). Set aside, failed likewise
//   outliers    beyond 1.5 interquartile ranges of the quartiles (Tukey 1977): flagged, and kept
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/core/error.h"
#include "harness/core/record.h"
#include "harness/core/statistics.h"

namespace mien {

/// The device has no memory for a pass; a batch that is too large, no failure of the task.
class OutOfMemory : public Error {
 public:
  explicit OutOfMemory(const std::string& line) : Error(Exit::kTaskFailed, line) {}
};

/// Nanoseconds of one pass, mean over those of a sample. `device`: NaN without a clock of its own.
struct PassTimes {
  double wall = 0;
  double device = std::numeric_limits<double>::quiet_NaN();
};

/// What a device says of itself; NaN and "" where it does not.
struct DeviceState {
  double clock_mhz = std::numeric_limits<double>::quiet_NaN();
  double reference_mhz = std::numeric_limits<double>::quiet_NaN();  // its highest
  double temperature_c = std::numeric_limits<double>::quiet_NaN();
  std::string throttled;  // why
};

/// What is timed, where, and by which clocks.
class TimedDevice {
 public:
  virtual ~TimedDevice() = default;
  /// Runs `passes` passes and waits for their end. Error: OutOfMemory.
  virtual PassTimes run(std::int64_t passes) = 0;
  /// Puts what a pass reads out of the caches.
  virtual void flush_caches() = 0;
  virtual DeviceState state() = 0;
  virtual void sleep(double seconds) = 0;
  virtual double now() = 0;  // seconds since whenever
};

struct MeasurePolicy {
  double warmup_seconds = 0.5, seconds = 3;  // longest; sampling goes on below least_samples
  std::int64_t least_samples = 7, most_samples = 20'000;
  TimingStop stop = TimingStop::kNoise;
  double noise = 0.005;
  double percentile = 50;  // the highest that n shall allow
  bool cold = false;       // caches are flushed before every sample
};

struct MeasuredTimes {
  std::vector<TimingSample> samples;  // all, in order; batch, scope ... are the caller's
  std::int64_t warmup_passes = 0;
  bool warm = false;               // the warm-up ended by itself
  std::vector<std::string> notes;  // what a reader must know: throttled, drift ...
};

/// One measurement, sample by sample, for a loop that others drive.
class Measurement {
 public:
  Measurement(TimedDevice& device, const MeasurePolicy& policy);

  /// At least one pass. Error: OutOfMemory.
  void warm_up();
  /// Samples to take before asking again; 0 where it is finished. Error: as step.
  std::int64_t wanted();
  /// Takes one sample, pausing behind it where the device is throttled; its wall time in seconds.
  /// Error (Exit::kTaskFailed): more than half of the samples had to be set aside.
  double step();
  MeasuredTimes finish();

 private:
  std::vector<double> kept() const;
  bool is_enough() const;
  std::int64_t lacking() const;
  void warm_up_window(double seconds, double end, std::vector<double>& times);
  void look();
  void check_clock(TimingSample& sample) const;
  void fail_if_most_are_set_aside() const;
  void describe(const std::vector<double>& times);

  TimedDevice& device_;
  MeasurePolicy policy_;
  MeasuredTimes measured_;
  std::int64_t passes_ = 1;                 // of one sample
  std::int64_t throttled_ = 0, jumps_ = 0;  // samples set aside
  std::size_t seen_ = 0;                    // samples before the last look at the device
  double spent_ = 0, looked_ = 0, pause_ = 0, paused_ = 0;  // seconds
  DeviceState slow_;                                        // as it was found throttled
};

/// warm_up, step until nothing is wanted, finish.
MeasuredTimes measure(TimedDevice& device, const MeasurePolicy& policy);

/// Bits of the histogram of the times after each of them: the Shannon entropy of its bins.
std::vector<double> entropies(std::span<const double> times);
/// Whether more samples tell nothing new of how times are distributed; rule above.
bool entropy_is_flat(std::span<const double> times);

/// Least n of a percentile: 50 6, 90 64, 95 130, 99 662, 99.9 6636; of one between, the next.
std::int64_t samples_for(double percentile);
/// Nothing where n is too small.
std::optional<double> percentile(std::span<const double> values, double percent);

/// 95 % interval of the median by order statistics; NaN below six values. (David & Nagaraja 2003,
/// Order Statistics, section 7.1.)
Interval median_interval(std::span<const double> values);

/// Whether `flag` is among the words of sample.flags.
bool has_flag(const TimingSample& sample, const std::string& flag);

/// Times of several things by turns, a sample of each in every round, so that what happens to the
/// machine happens to all of them; each begins a round in its turn. At least 7 rounds, then until
/// `seconds` are over, at most 501. [thing][round], ns.
std::vector<std::vector<double>> by_turns(const std::vector<std::function<double()>>& sample_ns,
                                          double seconds,
                                          const std::function<double()>& now);
/// How much faster `times` are than `reference` of the same rounds: median of the rounds' ratios,
/// and its 95 % interval by order statistics. Rounds with what is no time are left out; NaN without
/// any.
struct SpeedUp {
  double value;
  Interval interval;
};
SpeedUp speed_up(std::span<const double> reference, std::span<const double> times);

/// Images per second over batches 1, 2, 4 ... until the gain is below `least_gain` or memory ends.
struct Sweep {
  std::vector<SweepPoint> points;  // the last one without a value where memory ended
  std::int64_t knee = 0;           // the batch that doubling does not speed up; 0: not reached
  std::int64_t out_of_memory = 0;  // batch; 0: memory did not end
};
/// `rate` fills value, lower, upper and n. Error: memory ends at batch 1.
Sweep sweep_batches(const std::function<SweepPoint(std::int64_t batch)>& rate,
                    double least_gain = 0.02,
                    std::int64_t most = 65536);

/// What a fixed piece of work says of the device: others take it from us, and it is slower for
/// that, also where their processes cannot be seen. NaN where no piece has a time.
struct Calibration {
  double least_ns = std::numeric_limits<double>::quiet_NaN();  // of a piece: nobody was there
  double waited = std::numeric_limits<double>::quiet_NaN();    // mean of a piece / least_ns - 1
};
/// Runs the piece 50 times; the mean is without the longest tenth, which a single hiccup can make.
Calibration calibrate(const std::function<double()>& piece_ns);

/// Figures for a record, and what a reader must know of them.
struct Findings {
  std::vector<Metric> metrics;
  std::vector<std::string> notes;
};
/// foreign_work_before and _after in %; from 10 % on a note, as where the device became slower by
/// that.
Findings foreign_work(const Calibration& before, const Calibration& after);
/// gpu_memory_others and _after: bytes in use on a GPU before we came, and at the end less our own.
/// From 5 % of its memory (`total`, 0 where it is not known) on a note.
Findings foreign_memory(std::int64_t before, std::int64_t after, std::int64_t total);

/// Largest resident set, and on a GPU the allocator's peak and how much more the driver gave away
/// than before we came: three metrics peak_rss_b<batch> ..., in MiB. Arguments in bytes.
std::vector<Metric> memory_metrics(std::int64_t batch,
                                   double resident,
                                   std::optional<double> allocator,
                                   std::optional<double> driver);
/// energy_mj_per_image_b<batch>, its window the method, by two readings of a counter in joules.
/// Nothing for a window below 5 s, in which the counter moves too seldom, or where it stands still.
std::optional<Metric> energy_metric(
    std::int64_t batch, double before, double after, double seconds, double images);

/// The samples of one batch, scope, cache and mode over all launches of the process.
struct Cell {
  std::int64_t batch = 0;
  std::string scope, cache, mode;
  std::vector<double> launches;  // median wall time of each, ns
  std::vector<double> times;     // of all, ns; without those set aside
  double median_ns = 0;          // of the launches
  Interval interval_ns = {};     // range of the launches; of one launch: median_interval
  double device_ns = 0;          // median of the launches; NaN without a clock
  double spread = 0;             // interquartile range as a share of the median
  std::int64_t throttled = 0, jumps = 0, outliers = 0;

  double images_per_second() const { return 1e9 * static_cast<double>(batch) / median_ns; }
  /// "range", or "order" for one launch, "" for less than six samples of it.
  const char* method() const;
  /// More time passes on the wall than on the device: the host cannot feed it.
  bool launch_bound() const { return median_ns > 1.5 * device_ns; }
  /// "" for compute, hot, eager; else what differs: "_cold", "_end-to-end", "_graph" ...
  std::string suffix() const;
};
/// In the order of their first samples; a cell of which everything was set aside is left out.
std::vector<Cell> cells_of(const std::vector<TimingSample>& samples);

/// images_per_second_b<batch><suffix> and latency_ms_b<batch><suffix> of every cell; of compute,
/// hot, eager also latency_ms_b<batch>_p<percentile> up to `highest`, NaN and "n too small" as the
/// method where it is.
std::vector<Metric> timing_metrics(const std::vector<TimingSample>& samples, double highest);

/// What a device does at most, as measured on it.
struct Roof {
  double flop_per_second = 0, bytes_per_second = 0;
};

/// What a forward pass asks for: two operations per multiply-accumulate, and the bytes that move at
/// least: the weights once per pass, every image and its answer once.
struct Work {
  double flop_per_image = 0, bytes_per_image = 0, bytes_per_pass = 0;
};

/// peak_gflop_per_second, peak_gbyte_per_second, and of every cell of compute with hot caches
/// roofline_b<batch><suffix>: the time that the roof allows, in % of the measured one (Williams,
/// Waterman & Patterson 2009, CACM 52(4)). Beyond 100 where an algorithm does with fewer operations
/// than are counted, as Winograd's does, or caches hold the weights.
std::vector<Metric> roofline_metrics(const std::vector<TimingSample>& samples,
                                     const Work& work,
                                     const Roof& roof);

}  // namespace mien
