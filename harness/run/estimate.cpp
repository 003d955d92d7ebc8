#include "harness/run/estimate.h"

#include <algorithm>
#include <filesystem>

#include "harness/base/parallel.h"

namespace mien {
namespace {

// Rough speeds.
constexpr double kCoreMacsPerSecond = 6e10, kGpuMacsPerSecond = 2e12;
constexpr double kCorePassesPerSecond = 8e3;  // of a network without arithmetic
constexpr double kStartSeconds = 2;
// Memory of a process: LibTorch and its buffers, or a CUDA context and its libraries.
constexpr double kCpuProcessBytes = 300e6, kGpuProcessBytes = 700e6;
constexpr double kMacsPerActivation = 150;  // of a network of 3x3 convolutions

double number(const std::optional<std::int64_t>& value) {
  return static_cast<double>(value.value_or(0));
}

double at_most(std::size_t images, std::int64_t limit) {
  const auto known = static_cast<std::int64_t>(images);
  return static_cast<double>(limit > 0 ? std::min(limit, known) : known);
}

double seconds_per_pass(const Task& task, const ModelInfo& model) {
  const double macs = number(model.macs);
  if (task.device_class == "cuda")
    return macs / kGpuMacsPerSecond + 1 / (10 * kCorePassesPerSecond);
  return (macs / kCoreMacsPerSecond + 1 / kCorePassesPerSecond) / usable_processors();
}

}  // namespace

double estimate_seconds(const Task& task, const ModelInfo& model, const Fold& fold) {
  const Protocol& p = task.protocol;
  constexpr double kCellsPerBatch = 3;
  if (task.kind == TaskKind::kThroughput)
    return static_cast<double>(p.timing.launches) *
           (kStartSeconds + kCellsPerBatch * static_cast<double>(p.timing.batches.size()) *
                                (p.timing.warmup_seconds + p.timing.seconds));
  constexpr double kSecondsPerMesh = 1;
  if (task.kind == TaskKind::kReconstruction)
    return kStartSeconds + kSecondsPerMesh * static_cast<double>(fold.test.size());
  const bool predicted = task.external && task.external->kind == ExternalKind::kPredictions;
  if (model.parameters == 0 || predicted) return kStartSeconds;
  const double crops = p.test_crop == TestCrop::kTen ? 10 : 1;
  const double train =
      at_most(fold.train.size(), p.limit.train) * (p.augment.crop == TrainCrop::kTen ? 10 : 1);
  const double validation = at_most(fold.validation.size(), p.limit.validation) * crops;
  const double test = at_most(fold.test.size(), p.limit.test) * crops;
  constexpr double kTrainPasses = 3;  // forward, and backward twice over
  const double epochs = task.external ? 0 : static_cast<double>(p.epochs);
  const double passes = epochs * (kTrainPasses * train + validation) + validation + test;
  return kStartSeconds + passes * seconds_per_pass(task, model);
}

std::int64_t gpu_process_bytes(std::int64_t allocated) {
  constexpr double kAllocatorSlack = 1.25;  // an allocator holds more than what is in use
  return static_cast<std::int64_t>(kGpuProcessBytes +
                                   kAllocatorSlack * static_cast<double>(allocated));
}

std::int64_t estimate_bytes(const Task& task, const ModelInfo& model, const std::string& pack) {
  const double crops = task.protocol.augment.crop == TrainCrop::kTen ? 10 : 1;
  constexpr double kFewestImages = 64;  // that are scored at once
  const double images = std::max(kFewestImages, crops * static_cast<double>(task.protocol.batch));
  std::error_code absent;
  const std::uintmax_t size = std::filesystem::file_size(pack, absent);
  // Per parameter: weight, gradient, two moments of the optimizer, the best epoch's weight.
  const double floats =
      5 * number(model.parameters) + 2 * images * number(model.macs) / kMacsPerActivation;
  return static_cast<std::int64_t>(
      (task.device_class == "cuda" ? kGpuProcessBytes : kCpuProcessBytes) +
      (absent ? 0 : 2 * static_cast<double>(size)) + sizeof(float) * floats);
}

}  // namespace mien
