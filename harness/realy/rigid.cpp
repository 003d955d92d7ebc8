#include "harness/realy/rigid.h"

#include <Eigen/Dense>
#include <cmath>

namespace mien {
namespace {

constexpr double kLeastChange = 1e-6;  // units^2
constexpr int kMostMotions = 100;

Point weighted_mean(const Points& points, const Eigen::VectorXd& weights) {
  return weights.transpose() * points / weights.sum();
}

/// Returns the motion that applies `first`, then `second`. REQUIRES: both have scale 1.
Motion chained(const Motion& first, const Motion& second) {
  return {1, second.rotation * first.rotation, second.rotation * first.shift + second.shift};
}

Points stacked(const Points& upper, const Points& lower) {
  Points both(upper.rows() + lower.rows(), 3);
  both << upper, lower;
  return both;
}

}  // namespace

bool Motion::reflects() const { return rotation.determinant() < 0; }

Motion fit_motion(const Points& source,
                  const Points& target,
                  const Eigen::VectorXd& weights,
                  Reflection reflection,
                  Scale scale) {
  const Point source_mean = weighted_mean(source, weights);
  const Point target_mean = weighted_mean(target, weights);
  const Points s = source.rowwise() - source_mean, t = target.rowwise() - target_mean;
  const Eigen::Matrix3d spread = t.transpose() * weights.asDiagonal() * s;
  const Eigen::JacobiSVD<Eigen::Matrix3d> svd(spread, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Motion motion;
  Eigen::Vector3d signs = Eigen::Vector3d::Ones();
  if (reflection == Reflection::kRefused &&
      svd.matrixU().determinant() * svd.matrixV().determinant() < 0)
    signs[2] = -1;
  motion.rotation = svd.matrixU() * signs.asDiagonal() * svd.matrixV().transpose();
  if (scale == Scale::kRatioOfSums)
    motion.scale = t.cwiseAbs().sum() / (s * motion.rotation.transpose()).cwiseAbs().sum();
  motion.shift = target_mean.transpose() - motion.scale * motion.rotation * source_mean.transpose();
  return motion;
}

std::vector<std::int32_t> nearest_triangles(const TriangleTree& tree,
                                            const Motion& motion,
                                            const Points& points,
                                            std::span<const std::int32_t> hints) {
  const Points back = (points.rowwise() - motion.shift.transpose()) * motion.rotation;
  std::vector<std::int32_t> found(static_cast<std::size_t>(points.rows()));
  for (std::size_t i = 0; i < found.size(); ++i)
    found[i] =
        tree.nearest(back.row(static_cast<Eigen::Index>(i)), hints.empty() ? -1 : hints[i]).item;
  return found;
}

Points closest_points(const Points& points,
                      std::span<const std::int32_t> nearest,
                      const Points& vertices,
                      const Triangles& triangles) {
  Points closest(points.rows(), 3);
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    const auto t = static_cast<std::size_t>(nearest[static_cast<std::size_t>(i)]) * 3;
    closest.row(i) = closest_on_triangle(points.row(i),
                                         vertices.row(triangles[t]),
                                         vertices.row(triangles[t + 1]),
                                         vertices.row(triangles[t + 2]));
  }
  return closest;
}

RigidResult align_rigidly(const Points& vertices,
                          const Triangles& triangles,
                          const TriangleTree& tree,
                          const RigidProblem& problem,
                          const RigidRules& rules) {
  RigidResult result;
  result.vertices = vertices;
  Points keypoints = problem.source_keypoints;
  const Points target = stacked(problem.scan, problem.target_keypoints);
  Eigen::VectorXd weights = Eigen::VectorXd::Ones(target.rows());
  weights.tail(keypoints.rows()).setConstant(problem.repeats);
  double previous = 0;
  for (int motions = 0;; ++motions) {
    result.near = nearest_triangles(tree, result.motion, problem.scan, result.near);
    const Points source =
        stacked(closest_points(problem.scan, result.near, result.vertices, triangles), keypoints);
    const Motion motion = fit_motion(source, target, weights, rules.reflection, Scale::kOne);
    const Points moved = rounded_to_float(motion.apply(source));
    const double error = weights.dot((moved - target).rowwise().squaredNorm()) / weights.sum();
    result.errors.push_back(error);
    const bool stop = std::abs(error - previous) < kLeastChange || motions == kMostMotions;
    if (stop && !rules.apply_last) return result;
    previous = error;
    result.reflected = result.reflected || motion.reflects();
    result.vertices = rounded_to_float(motion.apply(result.vertices));
    keypoints = rounded_to_float(motion.apply(keypoints));
    result.motion = chained(result.motion, motion);
    if (stop) return result;
  }
}

}  // namespace mien
