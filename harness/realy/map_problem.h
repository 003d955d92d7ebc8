// The linear systems of bICP: one 4x3 map for each vertex of a mesh.
#pragma once

#include <Eigen/Core>
#include <array>
#include <utility>

#include "harness/realy/points.h"

namespace mien {

using Edge = std::pair<std::int32_t, std::int32_t>;
using Maps = Eigen::Matrix<double, Eigen::Dynamic, 3>;  // 4 rows per vertex: its 4x3 map X_i
using Rows4 = Eigen::Matrix<double, Eigen::Dynamic, 4, Eigen::RowMajor>;

/// A least-squares problem in the maps X_i. It minimises
///   sum over edges |diag(g) (X_i - X_j)|^2 + sum over vertices weight_i |h_i X_i - target_i|^2
///   + sum over vertices ridge_i |X_i - [I; 0]|^2.
struct MapProblem {
  std::array<double, 4> stiffness = {};  // g^2
  Rows4 h;                               // N x 4
  Eigen::VectorXd weights;               // N
  Points targets;                        // N x 3
  Eigen::VectorXd ridge = {};            // N, or empty
};

}  // namespace mien
