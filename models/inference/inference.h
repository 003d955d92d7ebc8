// Compiles a trained model for inference on the CPU.
//
// One forward pass is traced for one input size and translated to oneDNN. Batch normalisation is
// folded into the convolution before it. ReLU, residual sums and padding become part of their
// neighbours. Layouts are chosen and buffers are allocated once, and autograd is off. Operations
// that oneDNN does not support run in LibTorch.
//
// The arithmetic is the model's in another order. Outputs agree to 1e-4 of their scale
// (tests/models/inference/inference_test.cpp), not bit for bit.
//
// In a build without oneDNN (CMake: MIEN_ONEDNN=OFF) the model itself runs, in LibTorch.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "models/model.h"

namespace mien {

/// Returns true if `Inference` uses oneDNN in this build.
bool has_onednn();

class Inference {
 public:
  /// Compiles the model for images of `sizes` {N, C, H, W}, whatever its mode is. Copies its
  /// weights, and frees the originals one by one if nothing else holds the model. Uses LibTorch's
  /// present number of threads, but one thread if a pass is too small to share. Splits a batch of
  /// large images into parts, which need less memory and stay near the caches.
  /// Errors (c10::Error, mien::Error): the model cannot be traced.
  Inference(std::shared_ptr<Model> model, std::vector<std::int64_t> sizes);
  ~Inference();

  /// Computes the model's outputs, contiguous float [N, ...], for contiguous float images
  /// [N, C, H, W] on the CPU. `images` must live, and the result is valid, until the next call.
  torch::Tensor run(const torch::Tensor& images);

  /// Returns the names of the operations that run in LibTorch; without oneDNN an empty list.
  const std::vector<std::string>& left_to_libtorch() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mien
