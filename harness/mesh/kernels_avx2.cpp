// Compiled for AVX2 and FMA where the architecture has them; see CMakeLists.txt.
#define MIEN_LANES 4
#include "harness/mesh/kernels_body.h"

namespace mien {

const Kernels kAvx2Kernels = {product<false>, product<true>};

}  // namespace mien
