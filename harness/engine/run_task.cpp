#include "harness/engine/run_task.h"

#include <cmath>
#include <limits>

#include "harness/core/error.h"
#include "harness/core/sha256.h"
#include "harness/engine/evaluate.h"
#include "harness/engine/timing.h"
#include "harness/environment.h"
#include "models/registry.h"
#include "models/weights.h"

namespace mien {
namespace {

torch::Device open_device(const std::string& name) {
  if (name != "cpu" && !name.starts_with("cuda"))
    fail(Exit::kUsage, "--device {}: must be cpu or cuda:N", name);
  const torch::Device device(name);
  if (device.is_cuda() && !torch::cuda::is_available())
    fail(Exit::kPrecondition,
         "--device {}: no CUDA device is usable here; try --device cpu, or see "
         "bench doctor",
         name);
  return device;
}

/// Same build, machine class and seed: same bits. Operations without a deterministic form on the
/// device warn on stderr instead of failing.
void make_repeatable(const Task& task) {
  torch::manual_seed(static_cast<std::uint64_t>(task.seed));
  at::globalContext().setDeterministicAlgorithms(task.protocol.deterministic, /*warn_only=*/true);
  at::globalContext().setDeterministicCuDNN(task.protocol.deterministic);
  at::globalContext().setBenchmarkCuDNN(!task.protocol.deterministic);
}

Environment environment_of(const torch::Device& device, int threads) {
  Environment environment = host_environment();
  environment.libtorch = TORCH_VERSION;
  environment.threads = threads;
  environment.blas = blas_in_use();
  if (device.is_cuda()) describe_gpu(device.has_index() ? device.index() : 0, environment);
  return environment;
}

Pack open_planned_pack(const Task& task, const std::filesystem::path& path) {
  const std::string found = sha256_file(path);
  if (found != task.pack_sha256)
    fail(Exit::kIntegrity,
         "{}: SHA-256 is {}, the task was planned on {}; run bench data prepare {}",
         path.string(),
         found.substr(0, 16),
         task.pack_sha256.substr(0, 16),
         task.dataset);
  return Pack(path);
}

Metric plain(const std::string& name, double value, const std::string& unit) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  return {name, "", value, unit, none, none, "", 1};
}

/// Crops may cut an image down to the model's input, but never invent pixels.
void check_shapes(const Card& card, const Pack& pack, std::int64_t resize_px) {
  const auto shape = pack.image_shape();
  const std::int64_t height = resize_px > 0 ? resize_px : shape[1];
  const std::int64_t width = resize_px > 0 ? resize_px : shape[2];
  if (height < card.input[1] || width < card.input[2])
    fail(Exit::kUsage,
         "{} takes {} images, {} has {}x{}; set resize_px to {} or more",
         card.name,
         fmt::join(card.input, "x"),
         pack.dataset(),
         height,
         width,
         std::max(card.input[1], card.input[2]));
}

/// An accuracy is of classes.
void check_predicts(const Card& card) {
  if (card.predicts != Predicts::kClasses)
    fail(Exit::kUsage,
         "{} predicts {} coefficients, not classes: it can be timed, but has no accuracy",
         card.name,
         card.outputs);
}

void add_notes(const Task& task, TaskRecord& record) {
  if (task.protocol.select == Select::kBestTest)
    record.notes.push_back({"taint", "the scored epoch was chosen on the test split"});
  const SplitRule& splits = task.protocol.splits;
  if (splits.scheme != SplitScheme::kOfficial) return;
  for (const std::string& split : splits.test)
    for (const std::string& trained : splits.train)
      if (split == trained)
        record.notes.push_back({"taint", "split " + split + " was trained on and scored"});
}

void save(const Task& task, const Model& model, const WorkerOptions& options, TaskRecord& record) {
  if (options.weights.empty() || parameter_count(model) == 0) return;
  const std::string sha256 =
      save_weights(model,
                   options.weights,
                   {{"model", task.model}, {"variant", task.variant}, {"task", task_id(task)}});
  record.artifacts.push_back(
      {"weights",
       options.weights.string(),
       sha256,
       static_cast<std::int64_t>(std::filesystem::file_size(options.weights))});
}

void run_accuracy(const Task& task,
                  const ModelEntry& entry,
                  const WorkerOptions& options,
                  torch::Device device,
                  const Progress& progress,
                  TaskRecord& record) {
  check_predicts(entry.card);
  const Pack pack = open_planned_pack(task, options.pack);
  const Protocol& protocol = task.protocol;
  check_shapes(entry.card, pack, protocol.resize_px);
  const Fold fold = make_fold(pack, protocol.splits, task.fold);
  record.fold = {{digest(pack, fold),
                  std::ssize(fold.train),
                  std::ssize(fold.validation),
                  std::ssize(fold.test)}};
  progress(0, "leak audit");
  record.leaks = audit(pack, fold);
  options.say("audit: " + summary(record.leaks));
  record.class_names = pack.class_names();
  const std::int64_t classes = std::ssize(record.class_names);
  const std::uint64_t seed = static_cast<std::uint64_t>(task.seed);
  const ImageForm form{entry.card.input[0], protocol.resize_px};
  const Split training = load_split(pack, fold.train, protocol.limit_train, form, device);
  const Split validation =
      load_split(pack, fold.validation, protocol.limit_validation, form, device);
  const Split test = load_split(pack, fold.test, protocol.limit_test, form, device);

  const std::shared_ptr<Model> model = entry.make({classes, protocol.dropout});
  model->to(device);
  use_channels_last(*model);
  constexpr double kTrainingShare = 0.9;  // of the progress bar
  const Training trained =
      train(*model,
            entry,
            protocol,
            seed,
            training,
            validation,
            test,
            classes,
            [&](double share, const std::string& what) { progress(kTrainingShare * share, what); });
  const Augmenter augmenter(protocol, entry.card.input, seed);
  const auto scoring = [&](double share) {
    progress(kTrainingShare + (1 - kTrainingShare) * share, "test");
  };
  if (validation.size() > 0)
    store_evaluation(
        record, "validation", validation, pack, evaluate(*model, validation, augmenter, classes));
  store_evaluation(record, "test", test, pack, evaluate(*model, test, augmenter, classes, scoring));
  record.curve = trained.curve;
  record.metrics.push_back(plain("training_images", static_cast<double>(training.size()), "count"));
  if (trained.selected_epoch > 0) {
    record.metrics.push_back(
        plain("selected_epoch", static_cast<double>(trained.selected_epoch), "count"));
    record.metrics.push_back(plain("train_seconds", trained.seconds, "s"));
    record.metrics.push_back(
        plain("loop_overhead", 100 * trained.other_seconds / trained.seconds, "%"));
  }
  add_notes(task, record);
  save(task, *model, options, record);
}

void run_throughput(const Task& task,
                    const ModelEntry& entry,
                    torch::Device device,
                    const Progress& progress,
                    TaskRecord& record) {
  const std::shared_ptr<Model> model = entry.make({entry.card.outputs, task.protocol.dropout});
  model->to(device);
  use_channels_last(*model);
  record.timings = time_inference(
      *model, entry.card, task.protocol, device, [&](double share) { progress(share, "timing"); });
  record.metrics = timing_metrics(record.timings);
}

}  // namespace

std::string blas_in_use() { return at::hasMKL() ? at::get_mkl_version() : loaded_blas(); }

TaskRecord run_task(const Task& task, const WorkerOptions& options, const Progress& progress) {
  const ModelEntry& entry = find_model(task.model, task.variant);
  const torch::Device device = open_device(options.device);
  make_repeatable(task);
  torch::set_num_threads(options.threads);
  TaskRecord record;
  record.task = task;
  record.environment = environment_of(device, options.threads);
  if (task.kind == TaskKind::kThroughput)
    run_throughput(task, entry, device, progress, record);
  else
    run_accuracy(task, entry, options, device, progress, record);
  record.metrics.push_back(
      plain("parameters", static_cast<double>(entry.card.parameters), "count"));
  return record;
}

}  // namespace mien
