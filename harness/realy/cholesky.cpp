#include "harness/realy/cholesky.h"

#include <Eigen/SparseCholesky>

namespace mien {
namespace {

constexpr Eigen::Index kOf = 4;               // unknowns per vertex and target coordinate
constexpr double kLeastConditioning = 1e-15;  // smallest over largest pivot

using Sparse = Eigen::SparseMatrix<double>;
using Entries = std::vector<Eigen::Triplet<double, int>>;  // equal positions are added

void add_vertices(const MapProblem& problem, Entries& lower, Maps& right) {
  for (Eigen::Index v = 0; v < problem.h.rows(); ++v) {
    const double ridge = problem.ridge.size() > 0 ? problem.ridge[v] : 0;
    for (Eigen::Index r = 0; r < kOf; ++r) {
      const double h = problem.weights[v] * problem.h(v, r);
      const int row = static_cast<int>(v * kOf + r);
      for (Eigen::Index s = 0; s <= r; ++s)
        lower.emplace_back(
            row, static_cast<int>(v * kOf + s), h * problem.h(v, s) + (r == s ? ridge : 0));
      right.row(row) = h * problem.targets.row(v);
      if (r < 3) right(row, r) += ridge;
    }
  }
}

void add_edges(const MapProblem& problem, const std::vector<Edge>& edges, Entries& lower) {
  for (const auto& [a, b] : edges) {
    const int low = std::min(a, b) * static_cast<int>(kOf);
    const int high = std::max(a, b) * static_cast<int>(kOf);
    for (int r = 0; r < kOf; ++r) {
      const double g = problem.stiffness[static_cast<std::size_t>(r)];
      for (const int end : {low, high}) lower.emplace_back(end + r, end + r, g);
      lower.emplace_back(high + r, low + r, -g);
    }
  }
}

}  // namespace

bool solve_by_cholesky(const MapProblem& problem, const std::vector<Edge>& edges, Maps& maps) {
  const Eigen::Index size = problem.h.rows() * kOf;
  Entries lower;
  Maps right(size, 3);
  add_vertices(problem, lower, right);
  add_edges(problem, edges, lower);
  Sparse matrix(size, size);
  matrix.setFromTriplets(lower.begin(), lower.end());
  const Eigen::SimplicialLLT<Sparse, Eigen::Lower> factor(matrix);
  if (factor.info() != Eigen::Success) return false;
  const Eigen::VectorXd pivots = factor.matrixL().nestedExpression().diagonal().cwiseAbs2();
  if (!(pivots.minCoeff() > kLeastConditioning * pivots.maxCoeff())) return false;
  maps = factor.solve(right);
  return true;
}

}  // namespace mien
