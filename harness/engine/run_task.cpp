#include "harness/engine/run_task.h"

#include <cmath>

#include "harness/core/error.h"
#include "harness/core/predictions.h"
#include "harness/engine/emotion.h"
#include "harness/engine/evaluate.h"
#include "harness/engine/external.h"
#include "harness/engine/reconstruction.h"
#include "harness/engine/regress.h"
#include "harness/engine/task_parts.h"
#include "harness/engine/timed_batch.h"
#include "harness/engine/timing.h"
#include "harness/environment.h"
#include "models/registry.h"

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
  if (!device.is_cuda()) return environment;
  const int index = device.has_index() ? device.index() : 0;
  describe_gpu(index, NvmlGpu(index, bus_id(device)), environment);
  return environment;
}

/// An accuracy is of classes.
void check_predicts(const Card& card) {
  if (card.predicts != Predicts::kClasses)
    fail(Exit::kUsage,
         "{} predicts {} coefficients, not classes: it can be timed, but has no accuracy",
         card.name,
         card.outputs);
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
        record, "validation", validation, pack, evaluate(model, validation, augmenter));
  store_evaluation(record, "test", test, pack, evaluate(model, test, augmenter, scoring));
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
  const Split test = load_split(pack, fold.test, task.protocol.limit_test, as_stored, torch::kCPU);
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
  else if (task.kind == TaskKind::kRegression)
    run_regression(task, entry, options, device, progress, record);
  else if (task.kind == TaskKind::kReconstruction)
    run_reconstruction(task, options, device, progress, record);
  else if (!task.networks.empty())
    run_emotion(task, entry, options, device, progress, record);
  else if (task.external && task.external->kind == ExternalKind::kPredictions)
    run_predictions(task, options, progress, record);
  else
    run_accuracy(task, entry, options, device, progress, record);
  return record;
}

}  // namespace mien
