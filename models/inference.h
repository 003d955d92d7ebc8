// A trained model made ready to answer on the CPU, as fast as we can.
//
// One forward pass is traced for one size of input. What the trace shows is rewritten for oneDNN:
// batch normalisation is folded into the convolution before it, ReLU, residual sums and padding
// become part of their neighbours, layouts are chosen once, buffers are allocated once, and no
// autograd looks on. Operations that oneDNN has not stay LibTorch's.
//
// The arithmetic is that of the model, in another order: outputs agree to 1e-4 of their scale
// (tests/models/inference_test.cpp), not bit for bit.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/model.h"
#include "models/onednn.h"

namespace mien {

class Inference {
 public:
  /// `sizes` of the images, {N, C, H, W}. The model's weights are copied, and freed one by one if
  /// nobody else holds the model; its mode does not matter. Uses the threads that LibTorch has now.
  /// A pass too small to share is left to one of them.
  /// Many large images go through in parts, which need less memory and stay near the caches.
  /// Error (c10::Error, mien::Error): the model cannot be traced.
  Inference(std::shared_ptr<Model> model, std::vector<std::int64_t> sizes);

  /// images, float [N, C, H, W] on the CPU -> the model's outputs [N, ...], float, contiguous. Both
  /// the result and `images` are used until the next call.
  torch::Tensor run(const torch::Tensor& images);

  /// Operations that were left to LibTorch, by name.
  const std::vector<std::string>& left_to_libtorch() const { return left_; }

 private:
  std::vector<std::int64_t> sizes_, output_sizes_;
  std::vector<std::string> left_;
  std::optional<Primitives> primitives_;  // for one part
  std::int64_t parts_ = 1;
  torch::Tensor output_;  // where there are several
};

}  // namespace mien
