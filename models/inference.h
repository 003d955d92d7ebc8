// A trained model made ready to answer on the CPU, as fast as we can.
//
// One forward pass is traced for one size of input. What the trace shows is rewritten for oneDNN:
// batch normalisation is folded into the convolution before it, ReLU, residual sums and padding
// become part of their neighbours, layouts are chosen once, buffers are allocated once, and no
// autograd looks on. Operations that oneDNN has not stay LibTorch's.
//
// The arithmetic is that of the model, in another order: outputs agree to 1e-4 of their scale
// (tests/models/inference_test.cpp), not bit for bit.
//
// Without oneDNN (CMake: MIEN_ONEDNN) it is the model that answers, by LibTorch's own operations.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/model.h"

namespace mien {

/// Whether this build's `Inference` is made of oneDNN's operations.
bool has_onednn();

class Inference {
 public:
  /// `sizes` of the images, {N, C, H, W}. The model's weights are copied, and freed one by one if
  /// nobody else holds the model; its mode does not matter. Uses the threads that LibTorch has now.
  /// A pass too small to share is left to one of them.
  /// Many large images go through in parts, which need less memory and stay near the caches.
  /// Error (c10::Error, mien::Error): the model cannot be traced.
  Inference(std::shared_ptr<Model> model, std::vector<std::int64_t> sizes);
  ~Inference();

  /// images, float [N, C, H, W] on the CPU -> the model's outputs [N, ...], float, contiguous. Both
  /// the result and `images` are used until the next call.
  torch::Tensor run(const torch::Tensor& images);

  /// Operations that oneDNN has not and LibTorch does, by name. Without oneDNN: empty.
  const std::vector<std::string>& left_to_libtorch() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mien
