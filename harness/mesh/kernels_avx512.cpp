// Compiled for AVX-512 where the architecture has it; see CMakeLists.txt.
#define MIEN_LANES 8
#include "harness/mesh/kernels_body.h"

namespace mien {

const Kernels kAvx512Kernels = {product<false>, product<true>};

}  // namespace mien
