// Four columns at a time; the products are in kernels_body.h.
#include "harness/mesh/dense_cholesky.h"

#include <algorithm>
#include <cmath>

#include "harness/mesh/kernels.h"

namespace mien {
namespace {

using Index = std::ptrdiff_t;

struct Pivots {
  double least = 1e300, most = 0;
};

/// Factorises four columns whose block begins at the diagonal; false at a bad pivot.
bool factorise_columns(double* block, Index step, Index rows, Pivots& pivots) {
  for (Index j = 0; j < 4; ++j) {
    double* column = block + j * step;
    for (Index k = 0; k < j; ++k) {
      const double* earlier = block + k * step;
      const double scale = earlier[j];
      for (Index i = j; i < 4; ++i) column[i] -= earlier[i] * scale;
    }
    const double pivot = column[j];
    if (!(pivot > 0)) return false;
    pivots.least = std::min(pivots.least, pivot);
    pivots.most = std::max(pivots.most, pivot);
    const double root = std::sqrt(pivot);
    column[j] = root;
    for (Index i = j + 1; i < 4; ++i) column[i] /= root;
  }
  const double i0 = 1 / block[0], i1 = 1 / block[step + 1], i2 = 1 / block[2 * step + 2],
               i3 = 1 / block[3 * step + 3];
  const double l10 = block[1], l20 = block[2], l30 = block[3], l21 = block[step + 2],
               l31 = block[step + 3], l32 = block[2 * step + 3];
  double *c0 = block, *c1 = c0 + step, *c2 = c1 + step, *c3 = c2 + step;
  for (Index i = 4; i < rows; ++i) {
    const double y0 = c0[i] * i0, y1 = (c1[i] - y0 * l10) * i1;
    const double y2 = (c2[i] - y0 * l20 - y1 * l21) * i2;
    c3[i] = (c3[i] - y0 * l30 - y1 * l31 - y2 * l32) * i3;
    c0[i] = y0, c1[i] = y1, c2[i] = y2;
  }
  // What lies above the diagonal is never read, but kept finite for solvers that copy whole blocks.
  for (Index j = 1; j < 4; ++j)
    for (Index i = 0; i < j; ++i) block[j * step + i] = 0;
  return true;
}

constexpr Index kChunk = 64;  // columns: what a chunk needs of a block stays in the cache

/// Factorises the columns of one block: chunk after chunk, each subtracted from what lies right.
bool factorise_block(double* block, Index rows, Index columns, Product subtract, Pivots& pivots) {
  for (Index begin = 0; begin < columns; begin += kChunk) {
    const Index end = std::min(begin + kChunk, columns);
    for (Index j = begin; j < end; j += 4) {
      double* left = block + begin * rows + j;
      if (j > begin) subtract(block + j * rows + j, rows, left, left, rows, rows - j, j - begin);
      if (!factorise_columns(block + j * rows + j, rows, rows - j, pivots)) return false;
    }
    for (Index j = end; j < columns; j += 4) {
      double* left = block + begin * rows + j;
      subtract(block + j * rows + j, rows, left, left, rows, rows - j, end - begin);
    }
  }
  return true;
}

}  // namespace

double factorise_dense(std::span<double> matrix, std::ptrdiff_t size) {
  Pivots pivots;
  return factorise_block(matrix.data(), size, size, kernels().subtract, pivots)
             ? pivots.least / pivots.most
             : 0;
}

}  // namespace mien
