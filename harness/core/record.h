// What one run of a task leaves behind: plain data, filled by the worker, stored by results/store,
// judged and rendered elsewhere. Names follow results/schema.sql, and a test compares them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/audit.h"
#include "harness/core/task.h"

namespace mien {

/// Where a task ran. Measured, never taken from a label.
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
const char* name_of(AttemptState state);  // done failed timeout oom crashed interrupted

/// One try at a task. Failed attempts are kept.
struct Attempt {
  std::int64_t started_ns = 0, ended_ns = 0;  // UTC, since the epoch
  AttemptState state = AttemptState::kDone;
  std::int64_t exit_code = 0, signal = 0;
  std::string message;      // one line; empty when done
  std::string stderr_tail;  // last lines of the worker's log
  std::int64_t peak_rss_bytes = 0;
};

struct Metric {
  std::string name;   // accuracy, uar, macro_f1, loss, parameters, loop_overhead, train_seconds,
                      // images_per_second_b32, latency_ms_b1 ...
  std::string split;  // test, validation, or "" where it has none
  double value = 0;
  std::string unit;             // %, s, img/s, ms, count ...
  double lower = 0, upper = 0;  // 95 % interval; both NaN where there is none (stored as NULL)
  std::string method;           // wilson, quantile, "" ...
  std::int64_t n = 0;           // denominator: samples scored, or repetitions
};

struct Prediction {
  std::string split;        // test | validation
  std::int64_t sample = 0;  // row of the pack
  std::string sample_id;
  std::int64_t truth = 0, predicted = 0;
  std::vector<float> scores;  // logits, one per class
};

/// Numbers of one sample: what a network says, and the truth where the pack has it.
struct Coefficients {
  std::string split;        // test | validation
  std::int64_t sample = 0;  // row of the pack
  std::string sample_id;
  std::string target;                   // of the pack: coefficients, identity, pose
  std::vector<float> truth, predicted;  // truth is empty where it is not known
};

/// The REALY error of one region of one mesh. Lengths in mm; NaN where it could not be scored.
struct MeshError {
  std::string mode;    // compat | strict
  std::string mesh;    // name of its picture
  std::string region;  // nose | mouth | forehead | cheek
  std::int64_t subject = 0;
  double error_mm = 0;
  double scan_to_mesh_mm = 0;  // after the rigid fit, before any bending
  std::string failure;         // why there is no error; empty where there is
  bool reflected = false, hit_cap = false;
  std::int64_t fits = 0, solves = 0;  // of rICP and bICP
  double dropped_share = 0;           // of vertices without weight, over the solves
  std::int64_t held_vertices = 0;     // that no equation held (strict)
};

/// One point of a curve beside the task's metric: what it would be with another setting.
struct SweepPoint {
  std::string parameter;  // scale_percent, neighbours, landmark_noise_px
  double setting = 0;
  std::string metric, unit;
  double value = 0;
  double lower = 0, upper = 0;  // 95 % interval; NaN where there is none
  std::int64_t n = 0;
};

/// How a trained network answers the test split when its forward pass runs in another way, beside
/// the way `fp32` on the same device. NaN where a figure does not apply or was not measured.
struct ModeRow {
  std::string device, libtorch;  // name of the GPU, or of the CPU
  std::int64_t threads = 0;
  std::string mode;          // fp32 | channels_last | tf32 | bf16 | fp16 | graph | inference
  std::string problem;       // why there are no figures: the device has no such mode ...
  std::int64_t n = 0;        // test samples
  std::string metric, unit;  // accuracy, %; coefficient_error, sd
  double value = 0;
  std::int64_t flipped = 0;           // predicted classes other than fp32's
  std::int64_t lost = 0, gained = 0;  // flips away from the truth, and to it
  double p = 0;                       // of these two, McNemar's exact test
  double largest = 0, relative = 0;  // |difference| of a logit (coefficient: sd); as a share of the
                                     // largest |logit|
  std::int64_t batch = 0;            // images of a pass
  double images_per_second = 0;      // fp32's, times the speed-up
  double speed_up = 0, lower = 0, upper = 0;  // over fp32, median over rounds; its 95 % interval
};

struct ConfusionCell {
  std::string split;
  std::int64_t truth = 0, predicted = 0, count = 0;
};

struct EpochPoint {
  std::int64_t epoch = 0;  // from 1
  double learning_rate = 0;
  double train_loss = 0, train_accuracy = 0;  // accuracy in percent, of augmented batches
  double validation_loss = 0, validation_accuracy = 0;
  double seconds = 0;        // whole epoch, evaluation included
  double other_seconds = 0;  // training time outside forward, backward and step
};

/// Times are of one pass of `batch` images, mean over `iterations`; NaN where there is no such
/// clock.
struct TimingSample {
  std::int64_t batch = 0;
  std::string scope = "compute";  // compute | copies | end-to-end
  std::string cache = "hot";      // hot | cold: flushed before the pass
  std::string mode = "eager";     // eager | graph: replayed
  std::int64_t launch = 1;        // of the process, from 1
  std::int64_t repetition = 0, iterations = 0;
  double wall_ns = 0, device_ns = 0;
  double clock_mhz = 0;    // of the device when it was last asked
  std::string flags = {};  // words: throttled, clock (both set aside), outlier (kept)
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
  std::vector<ModeRow> modes;  // left by `bench modes`, when the task had long been done
};

}  // namespace mien
