#include "harness/engine/timing/execution_paths.h"

#include <chrono>
#include <cmath>

#include "harness/base/error.h"
#include "harness/base/statistics.h"
#include "harness/base/text.h"
#include "harness/engine/context/task_context.h"
#include "harness/engine/timing/timed_batch.h"
#include "harness/engine/train/batches.h"
#include "harness/engine/train/cuda_graph.h"
#include "harness/engine/train/evaluate.h"
#include "harness/engine/train/precision.h"
#include "harness/measure/interference.h"
#include "harness/measure/interleaved.h"
#include "harness/system/environment.h"
#include "models/inference/inference.h"
#include "models/registry.h"
#include "models/weights.h"

namespace mien {
namespace {

constexpr double kSampleNs = 5e6;

using Forward = std::function<torch::Tensor(const torch::Tensor&)>;

struct ExecutionPath {
  std::string name;
  Precision precision = Precision::kFp32;
  Forward forward = {};      // empty if there is a problem
  std::string problem = {};  // why the path cannot run here
};

/// Images have their rows innermost, because channels_last is a path of its own.
Protocol rows_innermost(Protocol protocol) {
  protocol.memory_format = MemoryFormat::kContiguous;
  return protocol;
}

double nanoseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::nano>(now).count();
}

/// A trained network and the test split that it is scored on.
class TrainedTask {
 public:
  TrainedTask(const Task& task, const PathOptions& options)
      : task_(task),
        options_(options),
        entry_(find_model(task.model, task.variant)),
        device_(options.device),
        pack_(open_planned_pack(task, options.pack)),
        augmenter_(rows_innermost(task.protocol),
                   entry_.card.input,
                   static_cast<std::uint64_t>(task.seed)) {
    check_shapes(entry_.card, pack_, task.protocol.input.resize_px);
    const Fold fold = make_fold(pack_, task.protocol.splits, task.fold);
    const ImageForm form = image_form(task.protocol, entry_.card.input[0]);
    test_ = load_split(pack_, fold.test, task.protocol.limit.test, form, device_);
    if (has_numbers()) add_targets(test_, pack_, entry_.card.target, width());
    images_ = inputs(0, per_pass());
  }

  bool has_numbers() const { return task_.kind == TaskKind::kRegression; }
  torch::Device device() const { return device_; }
  const torch::Tensor& images() const { return images_; }  // of one pass
  std::int64_t batch() const { return images_.size(0); }

  std::shared_ptr<Model> network() const {
    const std::int64_t outputs =
        has_numbers() ? entry_.card.outputs : std::ssize(pack_.class_names());
    const std::shared_ptr<Model> model = entry_.make({outputs, task_.protocol.dropout});
    load_weights(*model, options_.weights);
    model->to(device_);
    model->eval();
    return model;
  }

  /// Returns the outputs of all test images, float [N, outputs] on the CPU. The last pass is filled
  /// up to full size.
  torch::Tensor outputs(const ExecutionPath& path) const {
    std::vector<torch::Tensor> parts;
    const std::int64_t crops = augmenter_.test_crops();
    for (std::int64_t at = 0; at < test_.size(); at += per_pass()) {
      const std::int64_t count = std::min(per_pass(), test_.size() - at);
      const torch::Tensor images = inputs(at, per_pass());
      const PrecisionScope scope(path.precision, device_);
      const torch::Tensor found = path.forward(images).to(torch::kFloat);
      parts.push_back(
          found.view({crops, per_pass(), found.size(1)}).mean(0).narrow(0, 0, count).cpu());
    }
    return torch::cat(parts);
  }

  void compare(const torch::Tensor& reference,
               const torch::Tensor& outputs,
               ExecutionPathRow& row) const {
    if (has_numbers())
      compare_numbers(reference, outputs, test_.targets.cpu(), row);
    else
      compare_classes(reference, outputs, test_.labels.cpu(), row);
  }

 private:
  std::int64_t per_pass() const {
    return std::max<std::int64_t>(1, options_.batch / augmenter_.test_crops());
  }

  /// Returns how many numbers both the network and the pack have.
  std::int64_t width() const {
    const Card& card = entry_.card;
    const auto found = pack_.targets().find(card.target);
    if (found == pack_.targets().end())
      fail(Exit::kUsage, "{} has no {}", pack_.dataset(), card.target);
    return std::min(card.targeted > 0 ? card.targeted : card.outputs,
                    std::ssize(found->second.names));
  }

  /// Returns `count` images from `at` on in the form that the network takes, crop by crop. Beyond
  /// the end of the split, the first images follow again.
  torch::Tensor inputs(std::int64_t at, std::int64_t count) const {
    const torch::Tensor rows =
        torch::arange(at, at + count, torch::TensorOptions(torch::kInt64).device(device_))
            .remainder(test_.size());
    return augmenter_.test(rows_of(test_.images, rows));
  }

  const Task& task_;
  const PathOptions& options_;
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

Forward with_channels_last(const TrainedTask& trained) {
  const std::shared_ptr<Model> network = trained.network();
  use_memory_format(*network, MemoryFormat::kChannelsLast);
  return [network](const torch::Tensor& images) { return network->forward(channels_last(images)); };
}

/// The graph reads its input at one address, to which images are copied.
Forward as_graph(const TrainedTask& trained, const std::shared_ptr<Model>& network) {
  const torch::Tensor input = trained.images().clone();
  const PrecisionScope scope(Precision::kFp32, trained.device());
  const auto replay =
      capture_graph([network, input] { return network->forward(input); }, trained.device());
  return [input, replay](const torch::Tensor& images) mutable {
    input.copy_(images);
    return replay();
  };
}

Forward compiled(const TrainedTask& trained) {
  const std::shared_ptr<Model> network = trained.network();
  if (!network->can_be_traced())
    fail(Exit::kUsage, "models/inference cannot compile this model: it cannot be traced");
  const auto inference = std::make_shared<Inference>(network, trained.images().sizes().vec());
  return [inference](const torch::Tensor& images) { return inference->run(images); };
}

/// Opens every path, in the order of the table.
std::vector<ExecutionPath> open_paths(const TrainedTask& trained) {
  std::vector<ExecutionPath> paths;
  const torch::Device device = trained.device();
  const std::shared_ptr<Model> network = trained.network();
  const auto add = [&](const std::string& name,
                       const std::string& absent,
                       Precision precision,
                       const std::function<Forward()>& open) {
    ExecutionPath& path = paths.emplace_back(ExecutionPath{name, precision});
    if (!absent.empty()) path.problem = "not on this device: " + absent;
    if (!absent.empty()) return;
    try {
      path.forward = open();
    } catch (const c10::Error& error) {
      path.problem = first_line(error.what_without_backtrace());
    } catch (const Error& error) {
      path.problem = error.what();
    }
  };
  const auto open_eager = [&] { return eager(network); };
  add("fp32", "", Precision::kFp32, open_eager);
  add("channels_last", "", Precision::kFp32, [&] { return with_channels_last(trained); });
  for (const Precision precision : {Precision::kTf32, Precision::kBf16, Precision::kFp16})
    add(name_of(precision), why_not(precision, device), precision, open_eager);
  add("graph", device.is_cuda() ? "" : "only CUDA devices have graphs", Precision::kFp32, [&] {
    return as_graph(trained, network);
  });
  add("inference",
      device.is_cpu() ? "" : "models/inference runs on the CPU only",
      Precision::kFp32,
      [&] { return compiled(trained); });
  return paths;
}

/// Compares what classes and numbers have in common. Returns false if the outputs cannot be
/// compared further.
bool compare_values(const torch::Tensor& reference,
                    const torch::Tensor& outputs,
                    ExecutionPathRow& row) {
  row.n = outputs.size(0);
  if (!outputs.isfinite().all().item<bool>()) {
    row.problem = "its outputs are not finite";
    return false;
  }
  row.largest = (outputs - reference).abs().max().item<double>();
  row.relative = *row.largest / std::max(1e-30, reference.abs().max().item<double>());
  return true;
}

/// Returns the mean time of `passes` passes, after one untimed pass that fills the caches again.
double pass_ns(const TrainedTask& trained, const ExecutionPath& path, std::int64_t passes) {
  const PrecisionScope scope(path.precision, trained.device());
  const auto wait = [&] {
    if (trained.device().is_cuda()) torch::cuda::synchronize(trained.device().index());
  };
  path.forward(trained.images());
  wait();
  const double start = nanoseconds();
  for (std::int64_t i = 0; i < passes; ++i) path.forward(trained.images());
  wait();
  return (nanoseconds() - start) / static_cast<double>(passes);
}

/// Times all paths that have outputs, and fills in rates and the speed-ups over the first path.
void time_paths(const TrainedTask& trained,
                const std::vector<ExecutionPath>& paths,
                double seconds,
                std::vector<ExecutionPathRow>& rows) {
  std::vector<std::function<double()>> samples;
  std::vector<std::size_t> timed;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (!paths[i].forward || !rows[i].problem.empty()) continue;
    pass_ns(trained, paths[i], 2);  // warm-up
    const double once = std::max(1.0, pass_ns(trained, paths[i], 1));
    const std::int64_t passes =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(kSampleNs / once), 1, 10'000);
    timed.push_back(i);
    samples.push_back(
        [&trained, &path = paths[i], passes] { return pass_ns(trained, path, passes); });
  }
  const auto times = interleaved(
      samples, seconds * static_cast<double>(samples.size()), [] { return nanoseconds() / 1e9; });
  for (std::size_t k = 0; k < timed.size(); ++k) {
    ExecutionPathRow& row = rows[timed[k]];
    const double reference = 1e9 * static_cast<double>(trained.batch()) / median(times[0]);
    if (k == 0) row.images_per_second = reference;
    if (k == 0) continue;
    const std::optional<SpeedUp> found = speed_up(times[0], times[k]);
    if (!found) continue;
    row.images_per_second = reference * found->value;
    row.speed_up = found->value;
    row.interval = found->interval;
  }
}

ExecutionPathRow empty_row(const TrainedTask& trained,
                           const PathOptions& options,
                           const ExecutionPath& path) {
  Environment environment = host_environment();
  const torch::Device device = trained.device();
  if (device.is_cuda()) {
    const int index = device.has_index() ? device.index() : 0;
    describe_gpu(index, NvmlGpu(index, bus_id(device)), environment);
  }
  ExecutionPathRow row;
  row.device = environment.gpu.empty() ? environment.cpu : environment.gpu;
  row.libtorch = TORCH_VERSION;
  row.threads = options.threads;
  row.mode = path.name;
  row.problem = path.problem;
  row.metric = trained.has_numbers() ? "coefficient_error" : "accuracy";
  row.unit = trained.has_numbers() ? "sd" : "%";
  row.batch = trained.batch();
  return row;
}

void check_task(const Task& task, const PathOptions& options) {
  const bool has_network =
      (task.kind == TaskKind::kAccuracy || task.kind == TaskKind::kRegression) && !task.external &&
      task.networks.empty();
  if (!has_network)
    fail(Exit::kUsage,
         "{}: this task trains no network of its own, so there is nothing to compare",
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
                     ExecutionPathRow& row) {
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
                     ExecutionPathRow& row) {
  const std::int64_t width = targets.size(1);
  const torch::Tensor meant = outputs.narrow(1, 0, width);
  if (!compare_values(reference.narrow(1, 0, width), meant, row)) return;
  row.value = std::sqrt((meant - targets).square().mean().item<double>());
}

PathReport compare_execution_paths(const Task& task,
                                   const PathOptions& options,
                                   const Progress& progress) {
  check_task(task, options);
  torch::set_num_threads(options.threads);
  at::globalContext().setBenchmarkCuDNN(true);
  const torch::NoGradGuard no_grad;
  const TrainedTask trained(task, options);
  const std::vector<ExecutionPath> paths = open_paths(trained);
  if (!paths[0].forward) fail(Exit::kTaskFailed, "fp32: {}", paths[0].problem);
  PathReport report;
  std::vector<ExecutionPathRow>& rows = report.rows;
  torch::Tensor reference;
  for (const ExecutionPath& path : paths) {
    ExecutionPathRow& row = rows.emplace_back(empty_row(trained, options, path));
    if (!path.forward) continue;
    progress(0.5 * static_cast<double>(rows.size()) / static_cast<double>(paths.size()), path.name);
    try {
      const torch::Tensor outputs = trained.outputs(path);
      if (!reference.defined()) reference = outputs;
      trained.compare(reference, outputs, row);
    } catch (const c10::Error& error) {
      if (!reference.defined()) throw;
      row.problem = first_line(error.what_without_backtrace());
    }
  }
  progress(0.5, "timing");
  const auto probe = [&] { return probe_ns(trained.device()); };
  const std::optional<ProbeTimes> before = run_probes(probe);
  time_paths(trained, paths, options.seconds, rows);
  report.notes = probe_interference(before, run_probes(probe)).notes;
  // The comparison of fp32 with itself means nothing.
  rows[0].p.reset();
  rows[0].largest.reset();
  rows[0].relative.reset();
  return report;
}

}  // namespace mien
