// Rigid motions between paired points, as REALY's gICP and rICP fit them.
#pragma once

#include <Eigen/Core>
#include <span>

#include "harness/mesh/closest.h"

namespace mien {

/// x -> scale * rotation x + shift, points as columns. `rotation` may be a reflection.
struct Motion {
  double scale = 1;
  Eigen::Matrix3d rotation = Eigen::Matrix3d::Identity();
  Eigen::Vector3d shift = Eigen::Vector3d::Zero();

  bool reflects() const;
  Points apply(const Points& points) const {
    return ((points * rotation.transpose() * scale).rowwise() + shift.transpose()).eval();
  }
};

enum class Reflection { kAllowed, kRefused };
enum class Scale { kOne, kRatioOfSums };

/// Minimises the weighted sum of squared distances of the moved `source` to `target`, one weight
/// per row; rotation by SVD. kRatioOfSums: scale = sum of |entries| of the centred targets over
/// that of the centred, rotated sources (not the least-squares one).
Motion fit_motion(const Points& source,
                  const Points& target,
                  const Eigen::VectorXd& weights,
                  Reflection reflection,
                  Scale scale);

/// What rICP moves and what it fits to.
struct RigidProblem {
  Points scan;              // stays
  Points source_keypoints;  // of the prediction; moved along
  Points target_keypoints;
  int repeats = 1;  // how often each pair of keypoints counts; a scan vertex counts once
};

struct RigidRules {
  Reflection reflection = Reflection::kAllowed;
  bool apply_last = false;  // the motion at which the loop stopped
};

struct RigidResult {
  Points vertices;                 // of the prediction, moved, rounded to fp32
  Motion motion;                   // from where the tree was built to `vertices`, up to rounding
  std::vector<double> errors;      // mean squared distance after each fit, units^2
  std::vector<std::int32_t> near;  // triangle nearest to each scan vertex at the last fit
  bool reflected = false;          // some motion was a reflection
};

/// rICP: moves a prediction onto a scan region. `tree` is of `vertices` and `corners`.
/// Stops where the error changes by less than 1e-6 units^2 or after 100 motions.
RigidResult align_rigidly(const Points& vertices,
                          const Corners& corners,
                          const TriangleTree& tree,
                          const RigidProblem& problem,
                          const RigidRules& rules);

/// For each of `points`: the nearest triangle of a tree that was moved by `motion` (scale 1) since.
/// `hints`: empty, or a triangle each.
std::vector<std::int32_t> nearest_triangles(const TriangleTree& tree,
                                            const Motion& motion,
                                            const Points& points,
                                            std::span<const std::int32_t> hints);

/// For each of `points`: the nearest point of its triangle, whose corners are in `vertices`.
Points closest_points(const Points& points,
                      std::span<const std::int32_t> triangles,
                      const Points& vertices,
                      const Corners& corners);

}  // namespace mien
