// The precision of a forward pass, by LibTorch's switches for TF32 and its autocast to 16 bits.
#pragma once

#include <torch/torch.h>

#include <string>

#include "harness/task/protocol.h"

namespace mien {

/// Returns why a device, or this LibTorch on it, does not support a precision; "" if it does.
std::string why_not(Precision precision, torch::Device device);

/// Error (Exit::kUsage): the device does not support the precision.
void check_precision(Precision precision, torch::Device device);

/// While it lives, this thread computes on the device in `precision`. fp32 is exact: TF32 is off.
/// bf16 and fp16 use LibTorch's autocast, whose copies of weights are freed at the end.
/// REQUIRES: why_not() returns "".
class PrecisionScope {
 public:
  PrecisionScope(Precision precision, torch::Device device);
  ~PrecisionScope();
  PrecisionScope(const PrecisionScope&) = delete;
  PrecisionScope& operator=(const PrecisionScope&) = delete;

  /// Ends the casting and leaves TF32 as it is. To be called before a backward pass, which follows
  /// the types of its forward pass.
  void end_casting();

 private:
  torch::DeviceType device_;
  bool was_casting_;
  torch::ScalarType was_type_;
  bool was_tf32_linear_, was_tf32_convolution_;
};

}  // namespace mien
