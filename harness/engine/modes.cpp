#include "harness/engine/modes.h"

#include <chrono>
#include <cmath>

#include "harness/core/error.h"
#include "harness/core/measure.h"
#include "harness/core/statistics.h"
#include "harness/engine/batches.h"
#include "harness/engine/evaluate.h"
#include "harness/engine/precision.h"
#include "harness/engine/replay.h"
#include "harness/engine/task_parts.h"
#include "harness/engine/timed_batch.h"
#include "harness/environment.h"
#include "models/inference.h"
#include "models/registry.h"
#include "models/weights.h"

namespace mien {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kSampleNs = 5e6;

using Forward = std::function<torch::Tensor(const torch::Tensor&)>;

struct Mode {
  std::string name;
  Precision precision = Precision::kFp32;
  Forward forward;      // empty where there is a problem
  std::string problem;  // why
};

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Images come with rows innermost: channels_last is a mode.
Protocol rows_innermost(Protocol protocol) {
  protocol.memory_format = MemoryFormat::kContiguous;
  return protocol;
}

double nanoseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::nano>(now).count();
}

/// A trained network and what it is scored on.
class Subject {
 public:
  Subject(const Task& task, const ModeOptions& options)
      : task_(task),
        options_(options),
        entry_(find_model(task.model, task.variant)),
        device_(options.device),
        pack_(open_planned_pack(task, options.pack)),
        augmenter_(rows_innermost(task.protocol),
                   entry_.card.input,
                   static_cast<std::uint64_t>(task.seed)) {
    check_shapes(entry_.card, pack_, task.protocol.resize_px);
    const Fold fold = make_fold(pack_, task.protocol.splits, task.fold);
    const ImageForm form = image_form(task.protocol, entry_.card.input[0]);
    test_ = load_split(pack_, fold.test, task.protocol.limit_test, form, device_);
    if (of_numbers()) add_targets(test_, pack_, entry_.card.target, width());
    images_ = inputs(0, per_pass());
  }

  bool of_numbers() const { return task_.kind == TaskKind::kRegression; }
  torch::Device device() const { return device_; }
  const torch::Tensor& images() const { return images_; }  // of one pass
  std::int64_t batch() const { return images_.size(0); }

  std::shared_ptr<Model> network() const {
    const std::int64_t outputs =
        of_numbers() ? entry_.card.outputs : std::ssize(pack_.class_names());
    const std::shared_ptr<Model> model = entry_.make({outputs, task_.protocol.dropout});
    load_weights(*model, options_.weights);
    model->to(device_);
    model->eval();
    return model;
  }

  /// Outputs of every test image, float [N, outputs] on the CPU. The last pass is filled up.
  torch::Tensor outputs(const Mode& mode) const {
    std::vector<torch::Tensor> parts;
    const std::int64_t crops = augmenter_.test_crops();
    for (std::int64_t at = 0; at < test_.size(); at += per_pass()) {
      const std::int64_t count = std::min(per_pass(), test_.size() - at);
      const torch::Tensor images = inputs(at, per_pass());
      const PrecisionScope scope(mode.precision, device_);
      const torch::Tensor found = mode.forward(images).to(torch::kFloat);
      parts.push_back(
          found.view({crops, per_pass(), found.size(1)}).mean(0).narrow(0, 0, count).cpu());
    }
    return torch::cat(parts);
  }

  void compare(const torch::Tensor& reference, const torch::Tensor& outputs, ModeRow& row) const {
    if (of_numbers())
      compare_numbers(reference, outputs, test_.targets.cpu(), row);
    else
      compare_classes(reference, outputs, test_.labels.cpu(), row);
  }

 private:
  std::int64_t per_pass() const {
    return std::max<std::int64_t>(1, options_.batch / augmenter_.test_crops());
  }

  /// As many numbers as the network and the pack both have.
  std::int64_t width() const {
    const Card& card = entry_.card;
    const auto found = pack_.targets().find(card.target);
    if (found == pack_.targets().end())
      fail(Exit::kUsage, "{} has no {}", pack_.dataset(), card.target);
    return std::min(card.targeted > 0 ? card.targeted : card.outputs,
                    std::ssize(found->second.names));
  }

  /// `count` images from `at` on as the network takes them, crop by crop; the first ones again
  /// where the split ends.
  torch::Tensor inputs(std::int64_t at, std::int64_t count) const {
    const torch::Tensor rows =
        torch::arange(at, at + count, torch::TensorOptions(torch::kInt64).device(device_))
            .remainder(test_.size());
    return augmenter_.test(rows_of(test_.images, rows));
  }

  const Task& task_;
  const ModeOptions& options_;
  const ModelEntry& entry_;
  torch::Device device_;
  Pack pack_;
  Augmenter augmenter_;
  Split test_;
  torch::Tensor images_;
};

Forward eager(const std::shared_ptr<Model>& network) {
  return [network](const torch::Tensor& images) { return network->forward(images); };
}

Forward with_channels_last(const Subject& subject) {
  const std::shared_ptr<Model> network = subject.network();
  use_memory_format(*network, MemoryFormat::kChannelsLast);
  return [network](const torch::Tensor& images) { return network->forward(channels_last(images)); };
}

/// The graph reads one place in memory, where images are put.
Forward replayed(const Subject& subject, const std::shared_ptr<Model>& network) {
  const torch::Tensor place = subject.images().clone();
  const PrecisionScope scope(Precision::kFp32, subject.device());
  const auto replay =
      captured([network, place] { return network->forward(place); }, subject.device());
  return [place, replay](const torch::Tensor& images) mutable {
    place.copy_(images);
    return replay();
  };
}

Forward made_ready(const Subject& subject) {
  const std::shared_ptr<Model> network = subject.network();
  if (!network->can_be_traced())
    fail(Exit::kUsage, "models/inference cannot take this model apart");
  const auto made = std::make_shared<Inference>(network, subject.images().sizes().vec());
  return [made](const torch::Tensor& images) { return made->run(images); };
}

/// Everything that the device might have, in the order of the table.
std::vector<Mode> open_modes(const Subject& subject) {
  std::vector<Mode> modes;
  const torch::Device device = subject.device();
  const std::shared_ptr<Model> network = subject.network();
  const auto add = [&](const std::string& name,
                       const std::string& absent,
                       Precision precision,
                       const std::function<Forward()>& open) {
    Mode& mode = modes.emplace_back(Mode{name, precision, {}, {}});
    if (!absent.empty()) mode.problem = "not on this device: " + absent;
    if (!absent.empty()) return;
    try {
      mode.forward = open();
    } catch (const c10::Error& error) {
      mode.problem = first_line(error.what_without_backtrace());
    } catch (const Error& error) {
      mode.problem = error.what();
    }
  };
  const auto as_it_stands = [&] { return eager(network); };
  add("fp32", "", Precision::kFp32, as_it_stands);
  add("channels_last", "", Precision::kFp32, [&] { return with_channels_last(subject); });
  for (const Precision precision : {Precision::kTf32, Precision::kBf16, Precision::kFp16})
    add(choice_name(kPrecisions, precision), why_not(precision, device), precision, as_it_stands);
  add("graph", device.is_cuda() ? "" : "graphs are of CUDA devices", Precision::kFp32, [&] {
    return replayed(subject, network);
  });
  add("inference", device.is_cpu() ? "" : "models/inference is of the CPU", Precision::kFp32, [&] {
    return made_ready(subject);
  });
  return modes;
}

/// What both comparisons have in common; false where there is nothing more to say.
bool compare_values(const torch::Tensor& reference, const torch::Tensor& outputs, ModeRow& row) {
  row.n = outputs.size(0);
  if (!outputs.isfinite().all().item<bool>()) {
    row.problem = "its outputs are not finite";
    return false;
  }
  row.largest = (outputs - reference).abs().max().item<double>();
  row.relative = row.largest / std::max(1e-30, reference.abs().max().item<double>());
  return true;
}

/// Samples of every mode that has answers, by turns, into rates and speed-ups over the first.
void time_modes(const Subject& subject,
                const std::vector<Mode>& modes,
                double seconds,
                std::vector<ModeRow>& rows) {
  std::vector<std::function<double()>> samples;
  std::vector<std::size_t> timed;
  const auto passes_ns = [&subject](const Mode& mode, std::int64_t passes) {
    const PrecisionScope scope(mode.precision, subject.device());
    const auto wait = [&] {
      if (subject.device().is_cuda()) torch::cuda::synchronize(subject.device().index());
    };
    mode.forward(subject.images());  // what others put out of the caches comes back
    wait();
    const double start = nanoseconds();
    for (std::int64_t i = 0; i < passes; ++i) mode.forward(subject.images());
    wait();
    return (nanoseconds() - start) / static_cast<double>(passes);
  };
  for (std::size_t i = 0; i < modes.size(); ++i) {
    if (!modes[i].forward || !rows[i].problem.empty()) continue;
    passes_ns(modes[i], 2);  // warm-up
    const double once = std::max(1.0, passes_ns(modes[i], 1));
    const std::int64_t passes =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(kSampleNs / once), 1, 10'000);
    timed.push_back(i);
    samples.push_back([&mode = modes[i], passes, passes_ns] { return passes_ns(mode, passes); });
  }
  const auto times = by_turns(
      samples, seconds * static_cast<double>(samples.size()), [] { return nanoseconds() / 1e9; });
  for (std::size_t k = 0; k < timed.size(); ++k) {
    ModeRow& row = rows[timed[k]];
    row.images_per_second = 1e9 * static_cast<double>(subject.batch()) / median(times[0]);
    if (k == 0) continue;
    const SpeedUp found = speed_up(times[0], times[k]);
    row.images_per_second *= found.value;
    row.speed_up = found.value;
    row.lower = found.interval.lower;
    row.upper = found.interval.upper;
  }
}

ModeRow empty_row(const Subject& subject, const ModeOptions& options, const Mode& mode) {
  Environment environment = host_environment();
  const torch::Device device = subject.device();
  if (device.is_cuda()) {
    const int index = device.has_index() ? device.index() : 0;
    describe_gpu(index, NvmlGpu(index, bus_id(device)), environment);
  }
  ModeRow row;
  row.device = environment.gpu.empty() ? environment.cpu : environment.gpu;
  row.libtorch = TORCH_VERSION;
  row.threads = options.threads;
  row.mode = mode.name;
  row.problem = mode.problem;
  row.metric = subject.of_numbers() ? "coefficient_error" : "accuracy";
  row.unit = subject.of_numbers() ? "sd" : "%";
  row.batch = subject.batch();
  row.value = row.p = row.largest = row.relative = kNone;
  row.images_per_second = row.speed_up = row.lower = row.upper = kNone;
  return row;
}

void check_task(const Task& task, const ModeOptions& options) {
  const bool has_network =
      (task.kind == TaskKind::kAccuracy || task.kind == TaskKind::kRegression) && !task.external &&
      task.networks.empty();
  if (!has_network)
    fail(Exit::kUsage,
         "{}: trains no network of its own, so no modes are compared",
         task.experiment);
  if (torch::Device(options.device).is_cuda() && !torch::cuda::is_available())
    fail(Exit::kPrecondition,
         "--device {}: no CUDA device is usable here; try --device cpu",
         options.device);
}

}  // namespace

void compare_classes(const torch::Tensor& reference,
                     const torch::Tensor& outputs,
                     const torch::Tensor& labels,
                     ModeRow& row) {
  if (!compare_values(reference, outputs, row)) return;
  const torch::Tensor before = reference.argmax(1), now = outputs.argmax(1);
  const torch::Tensor was_right = before == labels, is_right = now == labels;
  const auto count = [](const torch::Tensor& which) { return which.sum().item<std::int64_t>(); };
  row.value = 100 * static_cast<double>(count(is_right)) / static_cast<double>(row.n);
  row.flipped = count(before != now);
  row.lost = count(was_right.logical_and(is_right.logical_not()));
  row.gained = count(is_right.logical_and(was_right.logical_not()));
  row.p = mcnemar(row.lost, row.gained);
}

void compare_numbers(const torch::Tensor& reference,
                     const torch::Tensor& outputs,
                     const torch::Tensor& targets,
                     ModeRow& row) {
  const std::int64_t width = targets.size(1);
  const torch::Tensor meant = outputs.narrow(1, 0, width);
  if (!compare_values(reference.narrow(1, 0, width), meant, row)) return;
  row.value = std::sqrt((meant - targets).square().mean().item<double>());
}

ModeReport compare_modes(const Task& task, const ModeOptions& options, const Progress& progress) {
  check_task(task, options);
  torch::set_num_threads(options.threads);
  at::globalContext().setBenchmarkCuDNN(true);
  const torch::NoGradGuard no_grad;
  const Subject subject(task, options);
  std::vector<Mode> modes = open_modes(subject);
  if (!modes[0].forward) fail(Exit::kTaskFailed, "fp32: {}", modes[0].problem);
  ModeReport report;
  std::vector<ModeRow>& rows = report.rows;
  torch::Tensor reference;
  for (const Mode& mode : modes) {
    ModeRow& row = rows.emplace_back(empty_row(subject, options, mode));
    if (!mode.forward) continue;
    progress(0.5 * static_cast<double>(rows.size()) / static_cast<double>(modes.size()), mode.name);
    try {
      const torch::Tensor outputs = subject.outputs(mode);
      if (!reference.defined()) reference = outputs;
      subject.compare(reference, outputs, row);
    } catch (const c10::Error& error) {
      if (!reference.defined()) throw;
      row.problem = first_line(error.what_without_backtrace());
    }
  }
  progress(0.5, "timing");
  const auto fixed_work = [&] { return fixed_work_ns(subject.device()); };
  const Calibration before = calibrate(fixed_work);
  time_modes(subject, modes, options.seconds, rows);
  report.notes = foreign_work(before, calibrate(fixed_work)).notes;
  rows[0].p = rows[0].largest = rows[0].relative = kNone;  // beside itself
  return report;
}

}  // namespace mien
