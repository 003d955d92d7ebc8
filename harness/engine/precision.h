// Arithmetic of a forward pass: LibTorch's switches for TF32 and its casting to 16 bits.
#pragma once

#include <torch/torch.h>

#include <string>

#include "harness/core/protocol.h"

namespace mien {

/// Why a device, or this LibTorch on it, cannot work in a precision; empty where it can.
std::string why_not(Precision precision, torch::Device device);

/// Error (Exit::kUsage): the device cannot; the message says why.
void check_precision(Precision precision, torch::Device device);

/// While it lives, what this thread computes on the device is done in `precision`: fp32 is exact
/// fp32, TF32 off; bf16 and fp16 are LibTorch's autocast, its copies of weights freed at the end.
/// REQUIRES: why_not is empty.
class PrecisionScope {
 public:
  PrecisionScope(Precision precision, torch::Device device);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

  /// A backward pass follows the types of its forward pass and wants no casting of its own; TF32
  /// stays as it is.
  void end_casting();

 private:
  torch::DeviceType device_;
  bool was_casting_;
  torch::ScalarType was_type_;
  bool was_tf32_linear_, was_tf32_convolution_;
};

}  // namespace mien
