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

constexpr Index kChunk = 64;   // columns: what a chunk needs of a block stays in the cache
constexpr Index kSmall = 256;  // rows
constexpr Index kPanel = 16;   // rows

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

/// space (size x size, lower half) = - low low^T, low (size x columns) copied in panels of rows so
/// that the products read side by side.
void subtract_outer_product(const double* low,
                            Index step,
                            Index size,
                            Index columns,
                            const Kernels& product,
                            std::vector<double>& space,
                            std::vector<double>& packed) {
  if (space.size() < static_cast<std::size_t>(size * size))
    space.resize(static_cast<std::size_t>(size * size));
  if (size <= kSmall) {  // fits the cache as it is
    for (Index j = 0; j < size; j += 4)
      product.store(space.data() + j * size + j, size, low + j, low + j, step, size - j, columns);
    return;
  }
  const Index panels = (size + kPanel - 1) / kPanel;
  for (Index begin = 0; begin < columns; begin += kChunk) {
    const Index depth = std::min(kChunk, columns - begin);
    const Product put = begin == 0 ? product.store : product.subtract;
    packed.resize(static_cast<std::size_t>(panels * kPanel * kChunk));
    for (Index k = 0; k < depth; ++k)
      for (Index i = 0; i < size; ++i)
        packed[static_cast<std::size_t>((i / kPanel * kChunk + k) * kPanel + i % kPanel)] =
            low[(begin + k) * step + i];
    for (Index j = 0; j < size; j += 4) {
      const double* b = packed.data() + j / kPanel * kChunk * kPanel + j % kPanel;
      for (Index panel = j / kPanel; panel < panels; ++panel) {
        const Index first = std::max(panel * kPanel, j);
        const double* a = packed.data() + panel * kChunk * kPanel + first % kPanel;
        put(space.data() + j * size + first,
            size,
            a,
            b,
            kPanel,
            std::min((panel + 1) * kPanel, size) - first,
            depth);
      }
    }
  }
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
  std::vector<double> packed;
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
    if (!factorise_block(block, rows, columns, product.subtract, pivots)) return 0;
    const Index below = rows - columns;
    if (below == 0) continue;
    subtract_outer_product(block + columns, rows, below, columns, product, space, packed);
    // Add to the owners of the lower rows; rows of one owner lie side by side.
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
          const double* __restrict from = space.data() + c * below;
          for (Index i = j; i < below; i += 4) {
            double* __restrict sum = column + relative[static_cast<std::size_t>(i)];
            for (Index k = 0; k < 4; ++k) sum[k] += from[i + k];
          }
        }
    }
  }
  return pivots.least / pivots.most;
}

double factorise_dense(std::span<double> matrix, std::ptrdiff_t size) {
  Pivots pivots;
  return factorise_block(matrix.data(), size, size, kernels().subtract, pivots)
             ? pivots.least / pivots.most
             : 0;
}

}  // namespace mien
