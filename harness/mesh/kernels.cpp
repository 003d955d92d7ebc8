#include "harness/mesh/kernels.h"

#define MIEN_LANES 4
#include "harness/mesh/kernels_body.h"

namespace mien {

const Kernels kPlainKernels = {product<false>, product<true>};

const Kernels& kernels() {
#if defined(__x86_64__)
  static const bool avx512 = __builtin_cpu_supports("avx512f");
  if (avx512) return kAvx512Kernels;
  static const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (avx2) return kAvx2Kernels;
#endif
  return kPlainKernels;
}

}  // namespace mien
