// The two dense products of the factorisation, for the instructions that this CPU has.
#pragma once

#include <cstddef>

namespace mien {

/// c (rows x 4) = -a b^T, or c -= a b^T, with a (rows x depth) and b (4 x depth). All by columns:
/// those of c are `c_step` apart, those of a and b `step`. REQUIRES: rows a multiple of four.
using Product = void (*)(double* c,
                         std::ptrdiff_t c_step,
                         const double* a,
                         const double* b,
                         std::ptrdiff_t step,
                         std::ptrdiff_t rows,
                         std::ptrdiff_t depth);

struct Kernels {
  Product store, subtract;
};

extern const Kernels kPlainKernels;
/// For AVX2 with fused multiplication and addition, and for AVX-512; plain on other architectures.
extern const Kernels kAvx2Kernels, kAvx512Kernels;

/// The fastest that this CPU can run; the same on every call.
const Kernels& kernels();

}  // namespace mien
