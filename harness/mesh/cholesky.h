// Least squares over the vertices of a mesh: stiffness along its edges, one equation per vertex.
#pragma once

#include <Eigen/Core>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "harness/mesh/geometry.h"

namespace mien {

using Edge = std::pair<std::int32_t, std::int32_t>;
using Maps = Eigen::Matrix<double, Eigen::Dynamic, 3>;  // 4 rows per vertex: its 4x3 map X_i
using Rows4 = Eigen::Matrix<double, Eigen::Dynamic, 4, Eigen::RowMajor>;

/// sum over edges |diag(g) (X_i - X_j)|^2 + sum over vertices weight_i |h_i X_i - target_i|^2
/// + sum over vertices ridge_i |X_i - [I; 0]|^2, to be minimised.
struct MapProblem {
  std::array<double, 4> stiffness = {};  // g^2
  Rows4 h;                               // N x 4
  Eigen::VectorXd weights;               // N
  Points targets;                        // N x 3
  Eigen::VectorXd ridge = {};            // N, or empty
};

/// The solver of one mesh: the order of elimination is found once, by nested dissection or minimum
/// degree, whichever fills less; each solve is a supernodal Cholesky factorisation (CHOLMOD).
/// Equal calls give equal bits, on any number of threads.
class MapSolver {
 public:
  /// `edges`: each once, without loops.
  MapSolver(Eigen::Index vertices, const std::vector<Edge>& edges);
  ~MapSolver();
  MapSolver(const MapSolver&) = delete;
  MapSolver& operator=(const MapSolver&) = delete;

  /// Solves into `maps`; false where the normal matrix is not (numerically) positive definite.
  bool solve(const MapProblem& problem, Maps& maps);

  double factor_nonzeros() const;

  /// The two halves of `solve`, for benchmarks.
  void assemble(const MapProblem& problem);
  bool factorise();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mien
