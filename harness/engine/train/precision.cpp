#include "harness/engine/train/precision.h"

#include <ATen/autocast_mode.h>

#include "harness/base/error.h"

namespace mien {
namespace {

#if TORCH_VERSION_MAJOR < 2  // autocast's settings had a function per device
bool casting(torch::DeviceType device) {
  return device == torch::kCUDA ? at::autocast::is_enabled() : at::autocast::is_cpu_enabled();
}
void set_casting(torch::DeviceType device, bool on) {
  device == torch::kCUDA ? at::autocast::set_enabled(on) : at::autocast::set_cpu_enabled(on);
}
torch::ScalarType cast_type(torch::DeviceType device) {
  return device == torch::kCUDA ? at::autocast::get_autocast_gpu_dtype()
                                : at::autocast::get_autocast_cpu_dtype();
}
void set_cast_type(torch::DeviceType device, torch::ScalarType type) {
  device == torch::kCUDA ? at::autocast::set_autocast_gpu_dtype(type)
                         : at::autocast::set_autocast_cpu_dtype(type);
}
#else
bool casting(torch::DeviceType device) { return at::autocast::is_autocast_enabled(device); }
void set_casting(torch::DeviceType device, bool on) {
  at::autocast::set_autocast_enabled(device, on);
}
torch::ScalarType cast_type(torch::DeviceType device) {
  return at::autocast::get_autocast_dtype(device);
}
void set_cast_type(torch::DeviceType device, torch::ScalarType type) {
  at::autocast::set_autocast_dtype(device, type);
}
#endif

}  // namespace

std::string why_not(Precision precision, torch::Device device) {
  if (device.is_cuda()) return "";
  if (precision == Precision::kTf32) return "TF32 is arithmetic of CUDA devices";
  if (precision == Precision::kFp16 && TORCH_VERSION_MAJOR < 2)
    return "fp16 on the CPU needs LibTorch 2";
  return "";
}

void check_precision(Precision precision, torch::Device device) {
  const std::string reason = why_not(precision, device);
  if (reason.empty()) return;
  fail(Exit::kUsage,
       "precision {} on {}: {}; set precision to fp32 or bf16",
       name_of(precision),
       device.str(),
       reason);
}

PrecisionScope::PrecisionScope(Precision precision, torch::Device device)
    : device_(device.type()),
      was_casting_(casting(device_)),
      was_type_(cast_type(device_)),
      was_tf32_linear_(at::globalContext().allowTF32CuBLAS()),
      was_tf32_convolution_(at::globalContext().allowTF32CuDNN()) {
  at::globalContext().setAllowTF32CuBLAS(precision == Precision::kTf32);
  at::globalContext().setAllowTF32CuDNN(precision == Precision::kTf32);
  const bool casts = precision == Precision::kBf16 || precision == Precision::kFp16;
  if (casts)
    set_cast_type(device_, precision == Precision::kBf16 ? torch::kBFloat16 : torch::kHalf);
  set_casting(device_, casts);
  at::autocast::increment_nesting();
}

PrecisionScope::~PrecisionScope() {
  at::globalContext().setAllowTF32CuBLAS(was_tf32_linear_);
  at::globalContext().setAllowTF32CuDNN(was_tf32_convolution_);
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  set_cast_type(device_, was_type_);
  set_casting(device_, was_casting_);
}

void PrecisionScope::end_casting() { set_casting(device_, false); }

}  // namespace mien
