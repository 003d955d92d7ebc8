// The record of one run of a task. The worker fills it, results/store stores it, and the board
// reads it. The names of fields follow results/schema.sql; a test compares them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/statistics.h"
#include "harness/task/audit.h"
#include "harness/task/realy_regions.h"
#include "harness/task/task.h"

namespace mien {

/// The machine and the build on which a task ran, as read from the machine itself.
struct Environment {
  std::string mien_version, commit, dirty;  // dirty: "clean" | "dirty" | "unknown"
  std::string compiler, build_type, libtorch, blas;
  std::string os, cpu, gpu;  // gpu: name, or "" on a CPU device
  std::int64_t cores = 0, threads = 0;
  std::int64_t memory_bytes = 0, gpu_memory_bytes = 0;
  std::string gpu_uuid, gpu_driver;
  std::string gpu_pci, gpu_mig, gpu_ecc, gpu_persistence;  // bus id; "on" | "off"; "" unknown
  std::string gpu_power_limit;                             // "700 W"; "" unknown
};

enum class AttemptState { kDone, kFailed, kTimeout, kOutOfMemory, kCrashed, kInterrupted };
template <>
inline constexpr EnumNames<AttemptState> kEnumNames<AttemptState> = {
    {"done", AttemptState::kDone},
    {"failed", AttemptState::kFailed},
    {"timeout", AttemptState::kTimeout},
    {"oom", AttemptState::kOutOfMemory},
    {"crashed", AttemptState::kCrashed},
    {"interrupted", AttemptState::kInterrupted}};

/// One attempt at a task. Failed attempts are stored too.
struct Attempt {
  std::int64_t started_ns = 0, ended_ns = 0;  // UTC, since the epoch
  AttemptState state = AttemptState::kDone;
  std::int64_t exit_code = 0, signal = 0;
  std::string message;      // one line; empty when done
  std::string stderr_tail;  // last lines of the worker's log
  std::int64_t peak_rss_bytes = 0;
};

/// A figure that a task measured.
struct Metric {
  std::string name;  // accuracy, uar, macro_f1, loss, parameters, loop_overhead, train_seconds,
                     // images_per_second_b32, latency_ms_b1 ...
  std::string split = {};                 // test, validation, or "" where it has none
  std::optional<double> value = {};       // none: too few samples for it, see `method`
  std::string unit = {};                  // %, s, img/s, ms, count ...
  std::optional<Interval> interval = {};  // 95 %
  std::string method = {};                // wilson, quantile, "" ...
  std::int64_t n = 0;                     // denominator: samples scored, or repetitions
};

struct Prediction {
  std::string split;        // test | validation
  std::int64_t sample = 0;  // row of the pack
  std::string sample_id;
  std::int64_t truth = 0, predicted = 0;
  std::vector<float> scores;  // logits, one per class
};

/// The predicted numbers of one sample, and the true ones where the pack has them.
struct Coefficients {
  std::string split;        // test | validation
  std::int64_t sample = 0;  // row of the pack
  std::string sample_id;
  std::string target;                   // of the pack: coefficients, identity, pose
  std::vector<float> truth, predicted;  // truth is empty where it is not known
};

/// The REALY error of one region of one mesh. Lengths are in mm. A region that could not be scored
/// has a `failure` and no lengths.
struct MeshError {
  std::string mode;    // compat | strict
  std::string mesh;    // name of its picture
  std::string region;  // one of kRealyRegions
  std::int64_t subject = 0;
  std::optional<double> error_mm;
  std::optional<double> scan_to_mesh_mm;  // after the rigid fit, before any bending
  std::string failure;                    // why there is no error; empty where there is
  bool reflected = false, hit_cap = false;
  std::int64_t fits = 0, solves = 0;    // of rICP and bICP
  std::optional<double> dropped_share;  // of vertices without weight, over the solves
  std::int64_t held_vertices = 0;       // that no equation held (strict)
};

/// One point of a curve beside the task's metric: what it would be with another setting.
struct SweepPoint {
  std::string parameter;  // scale_percent, neighbours, landmark_noise_px
  double setting = 0;
  std::string metric, unit;
  std::optional<double> value = {};       // none: memory ended before it
  std::optional<Interval> interval = {};  // 95 %
  std::int64_t n = 0;
};

/// How a trained network answers the test split on one execution path, compared with the path
/// `fp32` on the same device. A figure that does not apply or was not measured is absent.
struct ExecutionPathRow {
  std::string device, libtorch;  // name of the GPU, or of the CPU
  std::int64_t threads = 0;
  std::string mode;          // fp32 | channels_last | tf32 | bf16 | fp16 | graph | inference
  std::string problem;       // why there are no figures: the device has no such mode ...
  std::int64_t n = 0;        // test samples
  std::string metric, unit;  // accuracy, %; coefficient_error, sd
  std::optional<double> value;
  std::int64_t flipped = 0;                 // predicted classes other than fp32's
  std::int64_t lost = 0, gained = 0;        // flips away from the truth, and to it
  std::optional<double> p;                  // of these two, McNemar's exact test
  std::optional<double> largest;            // |difference| of a logit (of a coefficient, in sd)
  std::optional<double> relative;           // the same as a share of the largest |logit|
  std::int64_t batch = 0;                   // images of a pass
  std::optional<double> images_per_second;  // fp32's, times the speed-up
  std::optional<double> speed_up;           // over fp32, median over rounds
  std::optional<Interval> interval;         // of speed_up, 95 %
};

struct ConfusionCell {
  std::string split;
  std::int64_t truth = 0, predicted = 0, count = 0;
};

struct EpochPoint {
  std::int64_t epoch = 0;  // from 1
  double learning_rate = 0;
  double train_loss = 0;
  std::optional<double> train_accuracy;  // in percent, of augmented batches; none of coefficients
  std::optional<double> validation_loss, validation_accuracy;  // none without validation images
  double seconds = 0;                                          // whole epoch, evaluation included
  std::optional<double> other_seconds;  // outside forward, backward and step; none on CUDA
};

/// One sample of a timing. Times are those of one pass of `batch` images, averaged over
/// `iterations` passes.
struct TimingSample {
  std::int64_t batch = 0;
  std::string scope = "compute";  // compute | copies | end-to-end
  std::string cache = "hot";      // hot | cold: flushed before the pass
  std::string mode = "eager";     // eager | graph: replayed
  std::int64_t launch = 1;        // of the process, from 1
  std::int64_t repetition = 0, iterations = 0;
  double wall_ns = 0;
  std::optional<double> device_ns = {};  // by the device's own clock; none on a CPU
  std::optional<double> clock_mhz = {};  // of the device at the last query; none if unknown
  std::string flags = {};                // words: throttled, clock (both excluded), outlier (kept)
};

struct Artifact {
  std::string kind;  // weights, or network-expression ...: weights that were read
  std::string path, sha256;
  std::int64_t bytes = 0;
};

/// The rows that were trained on, selected on and scored.
struct FoldSize {
  std::string sha256;  // digest() of the fold
  std::int64_t train = 0, validation = 0, test = 0;
};

struct Note {
  std::string kind;  // taint | departure | warning
  std::string text;
};

struct TaskRecord {
  Task task;
  Environment environment;
  Attempt attempt;
  std::vector<std::string> class_names;
  std::vector<Metric> metrics;
  std::vector<Prediction> predictions;
  std::vector<ConfusionCell> confusion;
  std::vector<EpochPoint> curve;
  std::vector<TimingSample> timings;
  std::vector<Artifact> artifacts;
  std::vector<Note> notes;
  std::vector<FoldSize> fold;  // one for an accuracy task
  std::vector<Leak> leaks;
  std::vector<Coefficients> coefficients;
  std::vector<MeshError> mesh_errors;
  std::vector<SweepPoint> sweep;
  std::vector<ExecutionPathRow>
      execution_paths;  // left by `bench modes`, when the task had long been done
};

}  // namespace mien
