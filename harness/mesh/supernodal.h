// Numeric Cholesky factorisation over supernodes whose columns come in fours.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mien {

/// A lower triangle, by columns: rows ascending, the diagonal first.
struct LowerColumns {
  std::span<const int> starts, rows;
  std::span<const double> values;
};

/// Supernode s holds the columns first[s] to first[s + 1] and the rows rows[row_start[s]] ...; its
/// values are one dense block by columns from value_start[s] on, the square of its own columns on
/// top. Every count and every run of rows is a multiple of four.
struct Supernodes {
  std::span<const int> first, row_start, value_start, rows;

  int count() const { return static_cast<int>(first.size()) - 1; }
};

/// Writes L of `matrix` = L L^T into `values`; the rows of `matrix` are among the supernodes'.
/// The order of all sums is fixed: equal input gives equal bits. `space` is kept between calls.
/// Returns the smallest over the largest squared pivot; 0 where some pivot is not positive.
double factorise_supernodes(const LowerColumns& matrix,
                            const Supernodes& supernodes,
                            std::span<double> values,
                            std::vector<double>& space);

/// The same of one dense block, in place: the lower triangle of a matrix of size x size by columns;
/// what lies above is set to 0 or left. REQUIRES: size a multiple of four.
double factorise_dense(std::span<double> matrix, std::ptrdiff_t size);

}  // namespace mien
