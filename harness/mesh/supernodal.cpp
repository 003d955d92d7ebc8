// Right-looking: a supernode is factorised, its outer product computed as one dense block, and that
// subtracted from the supernodes of its lower rows. The products are in kernels_body.h.
#include "harness/mesh/supernodal.h"

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

/// Places of the rows of supernode `s` within its block, by row.
void locate_rows(const Supernodes& nodes, int s, std::vector<int>& place) {
  const auto u = static_cast<std::size_t>(s);
  for (int k = nodes.row_start[u]; k < nodes.row_start[u + 1]; k += 4)
    place[static_cast<std::size_t>(nodes.rows[static_cast<std::size_t>(k)]) / 4] =
        k - nodes.row_start[u];
}

void scatter_matrix(const LowerColumns& matrix,
                    const Supernodes& nodes,
                    int s,
                    const std::vector<int>& place,
                    double* block,
                    Index step) {
  for (int column = nodes.first[static_cast<std::size_t>(s)];
       column < nodes.first[static_cast<std::size_t>(s) + 1];
       ++column, block += step)
    for (int k = matrix.starts[static_cast<std::size_t>(column)];
         k < matrix.starts[static_cast<std::size_t>(column) + 1];
         ++k) {
      const int row = matrix.rows[static_cast<std::size_t>(k)];
      block[place[static_cast<std::size_t>(row) / 4] + row % 4] +=
          matrix.values[static_cast<std::size_t>(k)];
    }
}

}  // namespace

double factorise_supernodes(const LowerColumns& matrix,
                            const Supernodes& nodes,
                            std::span<double> values,
                            std::vector<double>& space) {
  const auto unknowns = static_cast<std::size_t>(nodes.first.back());
  std::vector<int> place(unknowns / 4), owner(unknowns / 4), relative;
  for (int s = 0; s < nodes.count(); ++s)
    for (int c = nodes.first[static_cast<std::size_t>(s)];
         c < nodes.first[static_cast<std::size_t>(s) + 1];
         c += 4)
      owner[static_cast<std::size_t>(c) / 4] = s;
  std::ranges::fill(values, 0.0);
  const Kernels& product = kernels();
  Pivots pivots;
  for (int s = 0; s < nodes.count(); ++s) {
    const auto u = static_cast<std::size_t>(s);
    const Index columns = nodes.first[u + 1] - nodes.first[u];
    const Index rows = nodes.row_start[u + 1] - nodes.row_start[u];
    const int* row_of = nodes.rows.data() + nodes.row_start[u];
    double* block = values.data() + nodes.value_start[u];
    locate_rows(nodes, s, place);
    scatter_matrix(matrix, nodes, s, place, block, rows);
    for (Index j = 0; j < columns; j += 4) {
      double* panel = block + j * rows + j;
      if (j > 0) product.subtract(panel, rows, block + j, block + j, rows, rows - j, j);
      if (!factorise_columns(panel, rows, rows - j, pivots)) return 0;
    }
    const Index below = rows - columns;
    if (below == 0) continue;
    if (space.size() < static_cast<std::size_t>(below * below))
      space.resize(static_cast<std::size_t>(below * below));
    const double* low = block + columns;
    for (Index j = 0; j < below; j += 4)
      product.store(
          space.data() + j * below + j, below, low + j, low + j, rows, below - j, columns);
    // Subtract from the owners of the lower rows; rows of one owner lie side by side.
    relative.resize(static_cast<std::size_t>(below));
    for (Index j = 0; j < below;) {
      const int target = owner[static_cast<std::size_t>(row_of[columns + j]) / 4];
      const auto t = static_cast<std::size_t>(target);
      const int last = nodes.first[t + 1];
      const Index step = nodes.row_start[t + 1] - nodes.row_start[t];
      locate_rows(nodes, target, place);
      for (Index i = j; i < below; i += 4)
        relative[static_cast<std::size_t>(i)] =
            place[static_cast<std::size_t>(row_of[columns + i]) / 4];
      double* into = values.data() + nodes.value_start[t];
      for (; j < below && row_of[columns + j] < last; j += 4)
        for (Index c = j; c < j + 4; ++c) {
          double* column = into + (row_of[columns + c] - nodes.first[t]) * step;
          const double* from = space.data() + c * below;
          for (Index i = j; i < below; i += 4) {
            double* sum = column + relative[static_cast<std::size_t>(i)];
            for (Index k = 0; k < 4; ++k) sum[k] -= from[i + k];
          }
        }
    }
  }
  return pivots.least / pivots.most;
}

}  // namespace mien
