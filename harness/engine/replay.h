// Device work of fixed shape, captured as a CUDA graph and replayed: one launch instead of
// hundreds, where kernels are shorter than their launches.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <memory>
#include <string>

namespace mien {

/// While it lives, this thread's work on a CUDA device goes to a stream of its own: work on the
/// default stream cannot be captured. Nothing on the CPU.
class OwnStream {
 public:
  explicit OwnStream(torch::Device device);
  ~OwnStream();
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Does the same work again and again. The first calls do it as it stands, which lets libraries
/// choose and allocate; then it is captured once, and replayed. The work must read and write the
/// same places in memory each time, and must not wait for the device. Random numbers go on as they
/// would.
class Replay {
 public:
  /// Captures only where it is wanted, on a CUDA device, in a build with CUDA.
  Replay(bool wanted, torch::Device device) : wanted_(wanted && device.is_cuda()) {}

  /// On the CPU: work(). REQUIRES: an OwnStream, where the device is CUDA.
  void run(const std::function<void()>& work);

  /// Why work that should have been captured is done as it stands; empty where it is not.
  const std::string& why_not() const { return why_not_; }

 private:
  void capture(const std::function<void()>& work);

  bool wanted_;
  std::function<void()> replay_;  // once it is captured
  int calls_ = 0;
  std::string why_not_;
};

/// Captures `pass` once, on a stream of its own; what this returns replays it, and answers the same
/// tensor every time. Errors: c10::Error (it cannot be captured), Exit::kUsage (a build without
/// CUDA).
std::function<torch::Tensor()> captured(const std::function<torch::Tensor()>& pass,
                                        torch::Device device);

}  // namespace mien
