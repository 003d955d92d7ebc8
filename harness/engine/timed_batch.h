// A network, a batch and a device as the measuring loop wants them: what is run, flushed, asked.
//
//   compute      the forward pass, on an input that is on the device already
//   copies       float input to the device, the pass, its answer to the host (CUDA; on a CPU there
//   is
//                nothing to copy, and the scope is not measured)
//   end-to-end   uint8 images of the model's size on the host: to the device, to float, normalised,
//   the
//                pass, its answer to the host. Decoding and scaling belong to the dataset, and are
//                none of it
//   cold         a CPU reads and writes twice the last-level cache, CUDA the L2 cache, before the
//   pass graph        the compute pass captured once as a CUDA graph, and replayed
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/core/measure.h"
#include "harness/core/protocol.h"
#include "harness/nvml.h"
#include "models/model.h"

namespace mien {

/// What is timed at one batch.
struct TimedCell {
  std::string scope, cache, mode;
};
/// compute hot eager first; those that the device has.
std::vector<TimedCell> timed_cells(torch::Device device);

/// NVML's name of a CUDA device, "00000000:3b:00.0"; "" where this build has no CUDA.
std::string bus_id(torch::Device device);

/// Most that the caching allocator has held since `reset_peak_memory`, in bytes; 0 without CUDA.
std::int64_t peak_allocated_bytes(torch::Device device);
void reset_peak_memory(torch::Device device);

/// Bytes that the caching allocator holds now; 0 without CUDA.
std::int64_t reserved_bytes(torch::Device device);

/// Runs a fixed piece of work, always the same, and gives its nanoseconds: arithmetic on every
/// thread of a CPU, kSpinCycles of the SM clock on a GPU.
double fixed_work_ns(torch::Device device);
inline constexpr double kSpinCycles = 1.5e6;  // about a millisecond

/// The best of several products of square matrices, as LibTorch's BLAS and its convolutions do
/// them, and of several copies far larger than caches; in the precision that the caller has set,
/// with the threads that LibTorch has.
Roof measured_roof(torch::Device device);

/// Runs `work`; a lack of memory is OutOfMemory, and what the allocator kept is given back.
void or_out_of_memory(const std::function<void()>& work);

class TimedBatch : public TimedDevice {
 public:
  /// Evaluation mode, in the precision that the caller has set, on a CPU made ready by
  /// models/inference. Images are drawn from a fixed seed. `gpu` may be absent. Error: OutOfMemory.
  TimedBatch(std::shared_ptr<Model> model,
             const Card& card,
             torch::Device device,
             std::int64_t batch,
             const NvmlGpu* gpu);

  /// Makes the passes of `cell` those that run. Error (c10::Error): a graph cannot be captured.
  void select(const TimedCell& cell);
  /// What the last pass answered, on the host. REQUIRES: one ran since `select`.
  /// Error (Exit::kTaskFailed): it differs from what the model answers to the same images as it is
  /// scored, by more than 1e-4 of its scale on a CPU, or 1e-2 on a GPU, where algorithms of other
  /// rounding are chosen as it runs.
  torch::Tensor answer() const;

  PassTimes run(std::int64_t passes) override;
  void flush_caches() override;
  DeviceState state() override;
  void sleep(double seconds) override;
  double now() override;

 private:
  using Pass = std::function<torch::Tensor()>;
  struct Events;  // of CUDA

  /// The forward pass of `images`, where they are.
  torch::Tensor forward(const torch::Tensor& images);
  Pass end_to_end();
  Pass copies();

  std::shared_ptr<Model> model_;
  const Card& card_;
  torch::Device device_;
  std::int64_t batch_;
  const NvmlGpu* gpu_;
  torch::Tensor images_;        // float, on the device
  torch::Tensor scored_;        // what the model answers to them, on the host
  bool is_made_ready_ = false;  // by models/inference, which wants them as they are
  std::function<torch::Tensor(const torch::Tensor&)> ready_;
  Pass pass_;
  torch::Tensor expected_, last_;  // of the passes that are selected
  std::shared_ptr<Events> events_;
  torch::Tensor flushed_;  // made when it is needed first
};

}  // namespace mien
