// Cholesky factorisation of a dense matrix, for the instructions that this CPU has.
#pragma once

#include <cstddef>
#include <span>

namespace mien {

/// Writes L of matrix = L L^T in place: the lower triangle of size x size values by columns; what
/// lies above is set to 0 or left. The order of all sums is fixed: equal input gives equal bits.
/// REQUIRES: size a multiple of four.
/// Returns the smallest over the largest squared pivot; 0 where some pivot is not positive.
double factorise_dense(std::span<double> matrix, std::ptrdiff_t size);

}  // namespace mien
