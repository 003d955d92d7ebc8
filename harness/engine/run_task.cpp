#include "harness/engine/run_task.h"

#include "harness/base/error.h"
#include "harness/engine/context/external.h"
#include "harness/engine/context/task_context.h"
#include "harness/engine/tasks/accuracy.h"
#include "harness/engine/tasks/coefficient_classifier.h"
#include "harness/engine/tasks/reconstruction.h"
#include "harness/engine/tasks/regression.h"
#include "harness/engine/timing/timed_batch.h"
#include "harness/engine/timing/timing.h"
#include "harness/system/environment.h"
#include "models/registry.h"

namespace mien {
namespace {

torch::Device open_device(const std::string& name) {
  if (name != "cpu" && !name.starts_with("cuda"))
    fail(Exit::kUsage, "--device {}: must be cpu or cuda:N", name);
  const torch::Device device(name);
  if (device.is_cuda() && !torch::cuda::is_available())
    fail(Exit::kPrecondition,
         "--device {}: no CUDA device is usable here; try --device cpu, or see bench doctor",
         name);
  return device;
}

/// Makes the same build, machine class and seed give the same bits, if the protocol asks for it.
/// Operations without a deterministic form on the device warn on stderr instead of failing.
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

using Runner = void (*)(TaskContext&);

Runner runner_of(const Task& task) {
  switch (task.kind) {
    case TaskKind::kThroughput:
      return run_throughput;
    case TaskKind::kRegression:
      return run_regression;
    case TaskKind::kReconstruction:
      return run_reconstruction;
    case TaskKind::kAccuracy:
      break;
  }
  if (!task.networks.empty()) return run_coefficient_classifier;
  if (task.external && task.external->kind == ExternalKind::kPredictions) return run_predictions;
  return run_accuracy;
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
  TaskContext context{.task = task,
                      .entry = entry,
                      .options = options,
                      .device = device,
                      .progress = progress,
                      .record = record};
  runner_of(task)(context);
  return record;
}

}  // namespace mien
