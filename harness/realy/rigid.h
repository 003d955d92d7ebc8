// Rigid motions between paired points, as REALY's gICP and rICP fit them.
#pragma once

#include <Eigen/Core>
#include <span>

#include "harness/realy/closest.h"

namespace mien {

/// The map x -> scale * rotation x + shift of points as columns. `rotation` may be a reflection.
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

/// Returns the motion that minimises the weighted sum of squared distances between the moved
/// `source` and `target`, with one weight per row. The rotation comes from an SVD. With
/// kRatioOfSums, the scale is the sum of |entries| of the centred targets over that of the centred
/// and rotated sources. This is the toolkit's scale, and not the least-squares one.
Motion fit_motion(const Points& source,
                  const Points& target,
                  const Eigen::VectorXd& weights,
                  Reflection reflection,
                  Scale scale);

/// The points that rICP fits to each other.
struct RigidProblem {
  Points scan;              // fixed
  Points source_keypoints;  // of the prediction, which moves
  Points target_keypoints;
  int repeats = 1;  // weight of each pair of keypoints; a scan vertex has weight 1
};

struct RigidRules {
  Reflection reflection = Reflection::kAllowed;
  bool apply_last = false;  // also applies the motion at which the loop stopped
};

struct RigidResult {
  Points vertices;                 // of the prediction, moved, rounded to fp32
  Motion motion;                   // from the prediction to `vertices`, up to rounding
  std::vector<double> errors;      // mean squared distance after each fit, units^2
  std::vector<std::int32_t> near;  // triangle nearest to each scan vertex at the last fit
  bool reflected = false;          // at least one motion was a reflection
};

/// Moves a prediction onto a scan region by rICP. It stops when the error changes by less than 1e-6
/// units^2, or after 100 motions. REQUIRES: `tree` was built from `vertices` and `triangles`.
RigidResult align_rigidly(const Points& vertices,
                          const Triangles& triangles,
                          const TriangleTree& tree,
                          const RigidProblem& problem,
                          const RigidRules& rules);

/// Returns the nearest triangle of each point, where the triangles of `tree` have moved by `motion`
/// (scale 1) since the tree was built. `hints` is empty, or has one triangle per point.
std::vector<std::int32_t> nearest_triangles(const TriangleTree& tree,
                                            const Motion& motion,
                                            const Points& points,
                                            std::span<const std::int32_t> hints);

/// Returns, for each point, the nearest point of triangle `nearest[i]`.
Points closest_points(const Points& points,
                      std::span<const std::int32_t> nearest,
                      const Points& vertices,
                      const Triangles& triangles);

}  // namespace mien
