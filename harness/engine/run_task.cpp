#include "harness/engine/run_task.h"

#include <cmath>
#include <limits>

#include "harness/core/error.h"
#include "harness/core/predictions.h"
#include "harness/core/sha256.h"
#include "harness/engine/evaluate.h"
#include "harness/engine/external.h"
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
  if (task.external)
    record.notes.push_back({"warning", "trained elsewhere; on what is not checked"});
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

/// Rows by the rule of the protocol; their sizes, leaks and classes go into the record.
Fold open_fold(const Task& task,
               const Pack& pack,
               const WorkerOptions& options,
               const Progress& progress,
               TaskRecord& record) {
  const Fold fold = make_fold(pack, task.protocol.splits, task.fold);
  record.fold = {{digest(pack, fold),
                  std::ssize(fold.train),
                  std::ssize(fold.validation),
                  std::ssize(fold.test)}};
  progress(0, "leak audit");
  record.leaks = audit(pack, fold);
  options.say("audit: " + summary(record.leaks));
  record.class_names = pack.class_names();
  return fold;
}

/// A model and how many parameters it has.
struct Network {
  std::shared_ptr<Model> model;
  std::int64_t parameters = 0;
};

/// With fresh weights, or from outside and trained. `class_names` is empty where there is no
/// dataset.
Network make_network(const Task& task,
                     const ModelEntry& entry,
                     const WorkerOptions& options,
                     const std::vector<std::string>& class_names,
                     torch::Device device) {
  if (task.external) {
    const ExternalModel loaded =
        load_external(task, options.model, options.map, class_names, device);
    return {loaded.model, loaded.parameters};
  }
  const std::int64_t outputs = class_names.empty() ? entry.card.outputs : std::ssize(class_names);
  const std::shared_ptr<Model> model = entry.make({outputs, task.protocol.dropout});
  model->to(device);
  use_channels_last(*model);
  return {model, entry.card.parameters};
}

void add_parameters(const Network& network, TaskRecord& record) {
  record.metrics.push_back(plain("parameters", static_cast<double>(network.parameters), "count"));
}

void add_training(const Training& trained, std::int64_t images, TaskRecord& record) {
  record.curve = trained.curve;
  record.metrics.push_back(plain("training_images", static_cast<double>(images), "count"));
  if (trained.selected_epoch == 0) return;
  record.metrics.push_back(
      plain("selected_epoch", static_cast<double>(trained.selected_epoch), "count"));
  record.metrics.push_back(plain("train_seconds", trained.seconds, "s"));
  record.metrics.push_back(
      plain("loop_overhead", 100 * trained.other_seconds / trained.seconds, "%"));
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
  const Network network = make_network(task, entry, options, pack.class_names(), device);
  Model& model = *network.model;
  const Fold fold = open_fold(task, pack, options, progress, record);
  const std::int64_t classes = std::ssize(pack.class_names());
  const std::uint64_t seed = static_cast<std::uint64_t>(task.seed);
  const ImageForm form = image_form(protocol, entry.card.input[0]);
  const std::vector<std::int64_t> trained_on = task.external ? decltype(fold.train)() : fold.train;
  const Split training = load_split(pack, trained_on, protocol.limit_train, form, device);
  const Split validation =
      load_split(pack, fold.validation, protocol.limit_validation, form, device);
  const Split test = load_split(pack, fold.test, protocol.limit_test, form, device);

  const double training_share = task.external ? 0 : 0.9;  // of the progress bar
  Training trained;
  if (!task.external)
    trained = train(
        model,
        entry,
        protocol,
        seed,
        training,
        validation,
        test,
        classes,
        [&](double share, const std::string& what) { progress(training_share * share, what); });
  const Augmenter augmenter(protocol, entry.card.input, seed);
  const auto scoring = [&](double share) {
    progress(training_share + (1 - training_share) * share, "test");
  };
  if (validation.size() > 0)
    store_evaluation(
        record, "validation", validation, pack, evaluate(model, validation, augmenter, classes));
  store_evaluation(record, "test", test, pack, evaluate(model, test, augmenter, classes, scoring));
  if (!task.external) add_training(trained, training.size(), record);
  add_parameters(network, record);
  add_notes(task, record);
  if (!task.external) save(task, model, options, record);
}

/// What others' model said of the fold: joined by sample id, scored like a model's answers.
void run_predictions(const Task& task,
                     const WorkerOptions& options,
                     const Progress& progress,
                     TaskRecord& record) {
  const External& external = *task.external;
  const Pack pack = open_planned_pack(task, options.pack);
  check_digest(options.model, external.sha256);
  const Fold fold = open_fold(task, pack, options, progress, record);
  const ImageForm as_stored{pack.image_shape()[0]};
  const Split test =
      load_split(pack, fold.test, task.protocol.limit_test, as_stored, torch::kCPU);
  ExternalScores found = read_predictions(options.model, pack, test.rows);
  const torch::Tensor scores =
      torch::tensor(found.scores).view({test.size(), std::ssize(pack.class_names())});
  Evaluation evaluation = evaluate_logits(scores, test.labels);
  evaluation.loss = std::nan("");  // it is not known of what the scores are
  store_evaluation(record, "test", test, pack, evaluation);
  add_notes(task, record);
  if (found.unknown > 0)
    record.notes.push_back(
        {"warning",
         fmt::format("{} of {} samples of the file are not in the pack, and are not used",
                     found.unknown,
                     found.lines)});
  if (external.images_per_second <= 0) return;
  Metric speed = plain("images_per_second_external", external.images_per_second, "img/s");
  speed.method = "external";
  record.metrics.push_back(speed);
  record.notes.push_back({"warning", "timed by others: " + external.timing_source});
}

void run_throughput(const Task& task,
                    const ModelEntry& entry,
                    const WorkerOptions& options,
                    torch::Device device,
                    const Progress& progress,
                    TaskRecord& record) {
  const Network network = make_network(task, entry, options, {}, device);
  record.timings =
      time_inference(network.model, entry.card, task.protocol, device, [&](double share) {
        progress(share, "timing");
      });
  record.metrics = timing_metrics(record.timings);
  add_parameters(network, record);
}

}  // namespace

std::string blas_in_use() { return at::hasMKL() ? at::get_mkl_version() : loaded_blas(); }

TaskRecord run_task(const Task& task, const WorkerOptions& options, const Progress& progress) {
  const ModelEntry entry =
      task.external ? external_entry(task) : find_model(task.model, task.variant);
  const torch::Device device = open_device(options.device);
  make_repeatable(task);
  torch::set_num_threads(options.threads);
  TaskRecord record;
  record.task = task;
  record.environment = environment_of(device, options.threads);
  if (task.kind == TaskKind::kThroughput)
    run_throughput(task, entry, options, device, progress, record);
  else if (task.external && task.external->kind == ExternalKind::kPredictions)
    run_predictions(task, options, progress, record);
  else
    run_accuracy(task, entry, options, device, progress, record);
  return record;
}

}  // namespace mien
