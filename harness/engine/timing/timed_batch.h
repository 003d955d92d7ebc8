// A network, a batch and a device, as the loop of harness/measure/sampling needs them.
//
//   compute      The forward pass. Its input is on the device already.
//   copies       Float input to the device, the pass, its outputs to the host. CUDA only: on a CPU
//                nothing is copied, and the scope is not measured.
//   end-to-end   uint8 images of the model's size on the host: to the device, to float, normalised,
//                the pass, its outputs to the host. Decoding and scaling belong to the dataset and
//                are not included.
//   cold         Before the pass, the caches are flushed: on a CPU by reading and writing twice the
//                size of the last-level cache, on CUDA by writing the size of the L2 cache.
//   graph        The compute pass, captured once as a CUDA graph and replayed.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/measure/roofline.h"
#include "harness/measure/sampling.h"
#include "harness/system/nvml.h"
#include "harness/task/protocol.h"
#include "models/model.h"

namespace mien {

/// How a pass is run; with a batch, this is a timing case.
struct CaseSettings {
  std::string_view scope, cache, mode;
  bool operator==(const CaseSettings&) const = default;
};
inline constexpr CaseSettings kLatencyCase{"compute", "hot", "eager"};

/// Returns the settings that the device supports, kLatencyCase first.
std::vector<CaseSettings> case_settings(torch::Device device);

/// Returns NVML's name of a CUDA device, "00000000:3b:00.0"; "" in a build without CUDA.
std::string bus_id(torch::Device device);

/// Returns the most bytes that the caching allocator has held since reset_peak_memory(); 0 without
/// CUDA.
std::int64_t peak_allocated_bytes(torch::Device device);
void reset_peak_memory(torch::Device device);

/// Returns the bytes that the caching allocator holds now; 0 without CUDA.
std::int64_t reserved_bytes(torch::Device device);

/// Runs the probe, a fixed piece of work, and returns its nanoseconds. On a CPU it is arithmetic on
/// every thread, on a GPU a kernel that spins for kSpinCycles of the SM clock.
double probe_ns(torch::Device device);
inline constexpr double kSpinCycles = 1.5e6;  // about a millisecond

/// Measures the peak of the device: the fastest of several products of large square matrices, by
/// BLAS or as a convolution, and the fastest of several copies far larger than the caches. Uses the
/// precision that the caller has set and LibTorch's number of threads.
Roofline measure_roofline(torch::Device device);

/// Runs `work`. Error (OutOfMemory): memory is lacking; the allocator's free memory is released
/// first.
void or_out_of_memory(const std::function<void()>& work);

class TimedBatch : public TimedDevice {
 public:
  /// Prepares passes over `batch` images drawn from a fixed seed, in evaluation mode and in the
  /// precision that the caller has set. On a CPU, models/inference compiles the model if it can be
  /// traced. `gpu` may be null. Error: OutOfMemory.
  TimedBatch(std::shared_ptr<Model> model,
             const Card& card,
             torch::Device device,
             std::int64_t batch,
             const NvmlGpu* gpu);

  /// Selects the pass that run() runs. Errors: OutOfMemory; c10::Error (the pass cannot be captured
  /// as a graph).
  void select(const CaseSettings& settings);
  /// Returns the outputs of the last pass, on the host. REQUIRES: a pass ran since select().
  /// Error (Exit::kTaskFailed): they differ from the outputs of the scored model for the same
  /// images by more than 1e-4 of their scale on a CPU, or 1e-2 on a GPU, where the algorithms, and
  /// so the rounding, are chosen at run time.
  torch::Tensor checked_outputs() const;

  PassTimes run(std::int64_t passes) override;
  void flush_caches() override;
  DeviceState state() override;
  void sleep(double seconds) override;
  double now() override;

 private:
  using Pass = std::function<torch::Tensor()>;
  struct Events;  // of CUDA

  Pass end_to_end();
  Pass copies();

  std::shared_ptr<Model> model_;
  const Card& card_;
  torch::Device device_;
  std::int64_t batch_;
  const NvmlGpu* gpu_;
  torch::Tensor images_;      // float, on the device
  torch::Tensor scored_;      // the model's outputs for them, on the host
  bool is_compiled_ = false;  // by models/inference, which takes contiguous images
  std::function<torch::Tensor(const torch::Tensor&)> forward_;
  Pass pass_;
  torch::Tensor expected_, last_;  // outputs of the selected pass
  std::shared_ptr<Events> events_;
  torch::Tensor flushed_;  // allocated at the first flush
};

}  // namespace mien
