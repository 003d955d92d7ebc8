// Device work of fixed shape as a CUDA graph: captured once, then replayed with one launch instead
// of hundreds. It pays if kernels are shorter than their launches.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <string>

namespace mien {

/// While it lives, this thread's work on a CUDA device goes to a stream beside the default one.
/// Work on the default stream cannot be captured. Does nothing on the CPU.
class SideStream {
 public:
  explicit SideStream(torch::Device device);
  ~SideStream();
  SideStream(const SideStream&) = delete;
  SideStream& operator=(const SideStream&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Runs the same work again and again. The first calls run it directly, so that libraries choose
/// their algorithms and allocate memory. Then the work is captured once and replayed.
/// REQUIRES: the work reads and writes the same addresses each time and does not wait for the
/// device. Random numbers continue as without a graph.
class CudaGraph {
 public:
  /// Captures only if `wanted`, on a CUDA device, in a build with CUDA.
  CudaGraph(bool wanted, torch::Device device) : wanted_(wanted && device.is_cuda()) {}

  /// Runs the work, directly or as a graph. REQUIRES: a SideStream lives, if the device is CUDA.
  void run(const std::function<void()>& work);

  /// Returns why the capture failed, after which work runs directly; "" if it did not fail.
  const std::string& why_not() const { return why_not_; }

 private:
  void capture(const std::function<void()>& work);

  bool wanted_;
  std::function<void()> replay_;  // set once the work is captured
  int calls_ = 0;
  std::string why_not_;
};

/// Captures `pass` once, on a SideStream of its own. Returns a function that replays it and returns
/// the same tensor every time. Errors: c10::Error (it cannot be captured); Exit::kUsage (a build
/// without CUDA).
std::function<torch::Tensor()> capture_graph(const std::function<torch::Tensor()>& pass,
                                             torch::Device device);

}  // namespace mien
