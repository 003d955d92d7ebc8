// Runs conjugate gradients for the three axes at the same time. The preconditioner is one V-cycle
// of smoothed aggregation (Vanek, Mandel, Brezina 1996). The system matrix is the Laplacian of the
// graph, once per unknown of a vertex, plus a 4x4 block per vertex. Coarser levels have the same
// form: the Laplacian is projected (P^T L P), and the blocks of an aggregate are added. The V-cycle
// is in fp32, the rest in fp64.
#include "harness/realy/multigrid.h"

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <Eigen/SparseCore>
#include <algorithm>
#include <cmath>

namespace mien {
namespace {

using Sparse = Eigen::SparseMatrix<double, Eigen::RowMajor>;
using SparseF = Eigen::SparseMatrix<float, Eigen::RowMajor>;
using Map = Eigen::Matrix<double, 4, 3>;
using MapF = Eigen::Matrix<float, 4, 3>;
using PerAxis = Eigen::Array<double, 1, 3>;

constexpr int kCoarsest = 40;          // vertices at which a dense factorisation takes over
constexpr int kMostIterations = 80;    // 10 to 25 are usual
constexpr double kUnits = 1e-10;       // approximate error of a vertex at which the iteration ends
constexpr double kSmoothing = 0.85;    // factor of the prolongation smoother
constexpr double kStrong = 0.25;       // share of the strongest edge of a vertex
constexpr double kLeastPivot = 1e-10;  // share of the largest pivot, on the coarsest level

/// Assigns each vertex to an aggregate. Whole neighbourhoods become aggregates first. The remaining
/// vertices then join the aggregate with their strongest edge.
std::vector<int> aggregates_of(const Sparse& adjacency, int& count) {
  const auto n = static_cast<int>(adjacency.rows());
  std::vector<int> of(static_cast<std::size_t>(n), -1);
  std::vector<double> strong(static_cast<std::size_t>(n), 0);
  for (int i = 0; i < n; ++i)
    for (Sparse::InnerIterator edge(adjacency, i); edge; ++edge)
      strong[i] = std::max(strong[i], kStrong * edge.value());
  count = 0;
  for (int i = 0; i < n; ++i) {
    bool whole = of[i] < 0;
    for (Sparse::InnerIterator edge(adjacency, i); whole && edge; ++edge)
      whole = edge.value() < strong[i] || of[edge.col()] < 0;
    if (!whole) continue;
    of[i] = count;
    for (Sparse::InnerIterator edge(adjacency, i); edge; ++edge)
      if (edge.value() >= strong[i]) of[edge.col()] = count;
    ++count;
  }
  const std::vector<int> first = of;
  for (int i = 0; i < n; ++i) {
    if (first[i] >= 0) continue;
    double most = 0;
    for (Sparse::InnerIterator edge(adjacency, i); edge; ++edge)
      if (first[edge.col()] >= 0 && edge.value() > most) {
        most = edge.value();
        of[i] = first[edge.col()];
      }
    if (of[i] < 0) of[i] = count++;
  }
  return of;
}

struct Level {
  // The graph. Edge weights are the negated off-diagonal entries of the Laplacian.
  std::vector<float> degree;
  std::vector<int> starts, middle, neighbours;  // row i; entries before middle[i] are below i
  std::vector<float> edge_weights;
  // The prolongation from the next level; none at the last level.
  SparseF prolongation;
  std::vector<int> aggregate;
  // Values of one system.
  std::vector<Eigen::Matrix4d> blocks;
  std::vector<Eigen::Matrix4f> inverse;  // inverses of degree g + block
  std::vector<MapF> b, x;

  std::size_t size() const { return degree.size(); }
};

Level level_of(const Sparse& adjacency) {
  Level level;
  const auto n = static_cast<std::size_t>(adjacency.rows());
  level.degree.resize(n);
  level.middle.resize(n);
  level.starts.assign(adjacency.outerIndexPtr(), adjacency.outerIndexPtr() + n + 1);
  level.neighbours.assign(adjacency.innerIndexPtr(),
                          adjacency.innerIndexPtr() + adjacency.nonZeros());
  level.edge_weights.assign(adjacency.valuePtr(), adjacency.valuePtr() + adjacency.nonZeros());
  for (std::size_t i = 0; i < n; ++i) {
    const auto begin = level.neighbours.begin() + level.starts[i],
               end = level.neighbours.begin() + level.starts[i + 1];
    level.middle[i] = static_cast<int>(std::lower_bound(begin, end, static_cast<int>(i)) -
                                       level.neighbours.begin());
    double sum = 0;
    for (Sparse::InnerIterator edge(adjacency, static_cast<Eigen::Index>(i)); edge; ++edge)
      sum += edge.value();
    level.degree[i] = static_cast<float>(sum);
  }
  level.blocks.resize(n);
  level.inverse.resize(n);
  level.b.resize(n);
  level.x.resize(n);
  return level;
}

/// Returns the edge weights of the next level, and sets the prolongation from it to `level`.
/// Returns an empty matrix if the next level would hardly be smaller.
Sparse coarser(const Sparse& adjacency, Level& level) {
  int count = 0;
  level.aggregate = aggregates_of(adjacency, count);
  const auto n = adjacency.rows();
  if (count * 10 > n * 9) return {};
  Sparse to(n, count);
  to.reserve(Eigen::VectorXi::Ones(n));
  for (Eigen::Index i = 0; i < n; ++i)
    to.insert(i, level.aggregate[static_cast<std::size_t>(i)]) = 1;
  Eigen::VectorXd degree = adjacency * Eigen::VectorXd::Ones(n), inverse(n);
  for (Eigen::Index i = 0; i < n; ++i) inverse[i] = degree[i] > 0 ? kSmoothing / degree[i] : 0;
  // (I - w D^-1 L) to, with L = D - adjacency
  Sparse mean = inverse.asDiagonal() * (adjacency * to);
  Eigen::VectorXd keep(n);
  for (Eigen::Index i = 0; i < n; ++i) keep[i] = degree[i] > 0 ? 1 - kSmoothing : 1;
  const Sparse own = keep.asDiagonal() * to;
  const Sparse prolongation = own + mean;
  level.prolongation = prolongation.cast<float>();
  const Sparse whole = degree.asDiagonal() * prolongation;
  const Sparse laplacian = adjacency * prolongation;
  Sparse next = Sparse(prolongation.transpose()) * Sparse(laplacian - whole);
  next.prune([](Eigen::Index row, Eigen::Index column, double) { return row != column; });
  return next;
}

}  // namespace

struct Multigrid::State {
  State(Eigen::Index vertices, const std::vector<Edge>& edges) : count(vertices) {
    std::vector<Eigen::Triplet<double>> entries;
    for (const auto& [a, b] : edges) {
      entries.emplace_back(a, b, 1.0);
      entries.emplace_back(b, a, 1.0);
    }
    Sparse adjacency(vertices, vertices);
    adjacency.setFromTriplets(entries.begin(), entries.end());
    levels.push_back(level_of(adjacency));
    while (adjacency.rows() > kCoarsest) {
      adjacency = coarser(adjacency, levels.back());
      if (adjacency.rows() == 0) break;
      levels.push_back(level_of(adjacency));
    }
  }

  /// Computes the values of every level. Returns false if the coarsest is nearly singular.
  bool assemble(const MapProblem& problem) {
    g = Eigen::Map<const Eigen::Vector4d>(problem.stiffness.data());
    gf = g.cast<float>();
    Level& fine = levels.front();
    for (Eigen::Index i = 0; i < count; ++i) {
      auto& block = fine.blocks[static_cast<std::size_t>(i)];
      block = problem.weights[i] * problem.h.row(i).transpose() * problem.h.row(i);
      if (problem.ridge.size() > 0) block.diagonal().array() += problem.ridge[i];
    }
    for (std::size_t l = 0; l < levels.size(); ++l) {
      Level& level = levels[l];
      if (l + 1 < levels.size()) {
        auto& sums = levels[l + 1].blocks;
        std::ranges::fill(sums, Eigen::Matrix4d::Zero());
        for (std::size_t i = 0; i < level.size(); ++i)
          sums[static_cast<std::size_t>(level.aggregate[i])] += level.blocks[i];
        for (std::size_t i = 0; i < level.size(); ++i) {
          Eigen::Matrix4d whole = level.blocks[i];
          whole.diagonal() += static_cast<double>(level.degree[i]) * g;
          level.inverse[i] = whole.inverse().cast<float>();
        }
      }
    }
    return factorise_coarsest();
  }

  bool factorise_coarsest() {
    const Level& level = levels.back();
    const auto n = static_cast<Eigen::Index>(level.size());
    if (n > 4 * kCoarsest) return false;
    Eigen::MatrixXd whole = Eigen::MatrixXd::Zero(4 * n, 4 * n);
    for (Eigen::Index i = 0; i < n; ++i) {
      const auto u = static_cast<std::size_t>(i);
      whole.block<4, 4>(4 * i, 4 * i) = level.blocks[u];
      for (int k = level.starts[u]; k < level.starts[u + 1]; ++k) {
        const Eigen::Vector4d weight =
            static_cast<double>(level.edge_weights[static_cast<std::size_t>(k)]) * g;
        whole.diagonal().segment<4>(4 * i) +=
            weight;  // not the rounded degree, since rows must sum to zero
        whole.block<4, 4>(4 * i, 4 * level.neighbours[static_cast<std::size_t>(k)]).diagonal() -=
            weight;
      }
    }
    coarsest.compute(whole);
    if (coarsest.info() != Eigen::Success) return false;
    const Eigen::VectorXd pivots = coarsest.matrixLLT().diagonal().cwiseAbs2();
    right.resize(4 * n, 3);
    return pivots.minCoeff() > kLeastPivot * pivots.maxCoeff();
  }

  void solve_coarsest() {
    Level& level = levels.back();
    for (std::size_t i = 0; i < level.size(); ++i)
      right.middleRows<4>(static_cast<Eigen::Index>(4 * i)) = level.b[i].cast<double>();
    coarsest.solveInPlace(right);
    for (std::size_t i = 0; i < level.size(); ++i)
      level.x[i] = right.middleRows<4>(static_cast<Eigen::Index>(4 * i)).cast<float>();
  }

  static void add_neighbours(const Level& level, int begin, int end, MapF& sum) {
    for (int k = begin; k < end; ++k)
      sum += level.edge_weights[static_cast<std::size_t>(k)] *
             level.x[static_cast<std::size_t>(level.neighbours[static_cast<std::size_t>(k)])];
  }

  void cycle(std::size_t l) {
    if (l + 1 == levels.size()) return solve_coarsest();
    Level &level = levels[l], &next = levels[l + 1];
    const std::size_t n = level.size();
    for (std::size_t i = 0; i < n; ++i) {
      MapF sum = MapF::Zero();
      add_neighbours(level, level.starts[i], level.middle[i], sum);
      const MapF right_side = level.b[i] + gf.asDiagonal() * sum;
      level.x[i].noalias() = level.inverse[i].lazyProduct(right_side);
    }
    // After a Gauss-Seidel sweep that starts at zero, the residual of a vertex is the contribution
    // of the vertices after it.
    const int* starts = level.prolongation.outerIndexPtr();
    const int* columns = level.prolongation.innerIndexPtr();
    const float* values = level.prolongation.valuePtr();
    std::ranges::fill(next.b, MapF::Zero());
    for (std::size_t i = 0; i < n; ++i) {
      MapF sum = MapF::Zero();
      add_neighbours(level, level.middle[i], level.starts[i + 1], sum);
      const MapF residual = gf.asDiagonal() * sum;
      for (int k = starts[i]; k < starts[i + 1]; ++k)
        next.b[static_cast<std::size_t>(columns[k])] += values[k] * residual;
    }
    cycle(l + 1);
    for (std::size_t i = 0; i < n; ++i)
      for (int k = starts[i]; k < starts[i + 1]; ++k)
        level.x[i] += values[k] * next.x[static_cast<std::size_t>(columns[k])];
    for (std::size_t i = n; i-- > 0;) {
      MapF sum = MapF::Zero();
      add_neighbours(level, level.starts[i], level.starts[i + 1], sum);
      const MapF right_side = level.b[i] + gf.asDiagonal() * sum;
      level.x[i].noalias() = level.inverse[i].lazyProduct(right_side);
    }
  }

  /// Computes q = A p. Returns p^T q per axis.
  PerAxis apply(const MapProblem& problem, const std::vector<Map>& p, std::vector<Map>& q) const {
    const Level& fine = levels.front();
    PerAxis sums = PerAxis::Zero();
    for (std::size_t i = 0; i < p.size(); ++i) {
      const auto v = static_cast<Eigen::Index>(i);
      Map sum = static_cast<double>(fine.degree[i]) * p[i];
      for (int k = fine.starts[i]; k < fine.starts[i + 1]; ++k)
        sum -= p[static_cast<std::size_t>(fine.neighbours[static_cast<std::size_t>(k)])];
      const Eigen::Vector4d h = problem.h.row(v).transpose();
      const Eigen::RowVector3d along = problem.weights[v] * (h.transpose() * p[i]);
      q[i] = g.asDiagonal() * sum + h * along;
      if (problem.ridge.size() > 0) q[i] += problem.ridge[v] * p[i];
      sums += p[i].cwiseProduct(q[i]).colwise().sum().array();
    }
    return sums;
  }

  PerAxis precondition() {
    Level& fine = levels.front();
    for (std::size_t i = 0; i < r.size(); ++i) fine.b[i] = r[i].cast<float>();
    cycle(0);
    PerAxis sums = PerAxis::Zero();
    for (std::size_t i = 0; i < r.size(); ++i)
      sums += r[i].cwiseProduct(fine.x[i].cast<double>()).colwise().sum().array();
    return sums;
  }

  void start(const MapProblem& problem) {
    const auto n = static_cast<std::size_t>(count);
    for (auto* vectors : {&x, &r, &p, &q}) vectors->resize(n);
    std::ranges::fill(p, Map::Zero());
    const Map still = Map::Identity();
    for (std::size_t i = 0; i < n; ++i) {
      const auto v = static_cast<Eigen::Index>(i);
      x[i] = still;
      r[i] = problem.h.row(v).transpose() *
             (problem.weights[v] * (problem.targets.row(v) - problem.h.row(v) * still));
    }
  }

  bool solve(const MapProblem& problem, Maps& maps) {
    if (!assemble(problem)) return false;
    start(problem);
    const double enough = kUnits * kUnits * static_cast<double>(count);
    PerAxis rz = precondition(), beta = PerAxis::Zero();
    for (iterations = 0; (rz > enough).any(); ++iterations) {
      if (iterations == kMostIterations || !rz.isFinite().all()) return false;
      for (std::size_t i = 0; i < p.size(); ++i)
        p[i] = levels.front().x[i].cast<double>() + p[i] * beta.matrix().asDiagonal();
      const PerAxis pq = apply(problem, p, q);
      const PerAxis alpha = (pq > 0).select(rz / pq, 0.0);
      for (std::size_t i = 0; i < p.size(); ++i) {
        x[i] += p[i] * alpha.matrix().asDiagonal();
        r[i] -= q[i] * alpha.matrix().asDiagonal();
      }
      const PerAxis before = rz;
      rz = precondition();
      beta = (before > 0).select(rz / before, 0.0);
    }
    maps.resize(count * 4, 3);
    for (std::size_t i = 0; i < x.size(); ++i)
      maps.middleRows<4>(static_cast<Eigen::Index>(4 * i)) = x[i];
    return true;
  }

  Eigen::Index count;
  std::vector<Level> levels;
  Eigen::Vector4d g;
  Eigen::Vector4f gf;
  Eigen::LLT<Eigen::MatrixXd> coarsest;
  Eigen::MatrixXd right;
  std::vector<Map> x, r, p, q;
  int iterations = 0;
};

Multigrid::Multigrid(Eigen::Index vertices, const std::vector<Edge>& edges)
    : state_(std::make_unique<State>(vertices, edges)) {}

Multigrid::~Multigrid() = default;

bool Multigrid::solve(const MapProblem& problem, Maps& maps) {
  return state_->solve(problem, maps);
}

bool Multigrid::assemble(const MapProblem& problem) { return state_->assemble(problem); }

int Multigrid::iterations() const { return state_->iterations; }

}  // namespace mien
