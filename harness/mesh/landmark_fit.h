// The baseline that networks which regress a face model's coefficients are compared with: 68
// landmarks are found in a picture, and the model is fitted to them. Pose first, by the linear
// method for affine cameras (Hartley & Zisserman, "Multiple View Geometry", 2nd ed.,
// Algorithm 14.1, made a scaled rotation as in Bas et al., "Fitting a 3D Morphable Model to Edges",
// ACCV Workshops 2016), then shape and pose by turns, then all unknowns at once by Gauss-Newton.
#pragma once

#include <array>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "harness/core/face_model.h"

namespace mien {

inline constexpr std::size_t kAllModes = std::numeric_limits<std::size_t>::max();

/// What is minimised, in all unknowns: the sum of squared distances in px over noise_px^2, plus the
/// sum of squared coefficients (standard deviations) times their prior. With priors of 1 that is
/// the most probable shape where landmarks are off by normal noise of noise_px per coordinate.
struct FitOptions {
  std::size_t identity_modes = kAllModes, expression_modes = kAllModes;  // the first; at most
  double noise_px = 1;
  double identity_prior = 1, expression_prior = 1;  // per standard deviation^2
  /// Focal length of a perspective camera whose axis meets the middle of the picture; 0: weak
  /// perspective. Pose and shape by turns are always those of weak perspective.
  double focal_px = 0;
  int turns = 1;            // of shape and pose, at most
  int refinements = 10;     // Gauss-Newton steps, at most; 0: none, and focal_px has no effect
  double tolerance = 1e-3;  // stops where no coefficient or turn (radians) changes by more
};

struct LandmarkFit {
  std::vector<float> identity, expression;  // standard deviations; one per mode used
  /// What apply_pose (core/reconstruct.h) takes, in radians and the model's unit. A vertex (X, Y,
  /// Z) so posed is seen at middle + scale (X, -Y) under weak perspective, where the last number is
  /// 0, and at middle + focal_px (-X, Y) / Z under perspective.
  std::array<float, 6> pose{};
  double scale = 0;    // px per unit; under perspective where the model's origin is
  double rms_px = 0;   // root mean square distance of the 68 from where they were given
  int iterations = 0;  // turns and Gauss-Newton steps
};

/// What of a model fits need, made once. One thread; equal input gives equal output.
class LandmarkFitter {
 public:
  /// Errors: options that are no positive numbers, or counts below 0 (Exit::kUsage); a model
  /// without 68 landmarks or without standard deviations of the modes used, or whose landmarks lie
  /// in one plane (Exit::kPrecondition).
  LandmarkFitter(const FaceModel& model, const FitOptions& options);
  ~LandmarkFitter();

  std::size_t identity_modes() const;
  std::size_t expression_modes() const;

  /// `points`: x and y of the 68 in px, iBUG order, x to the right, y down from the corner of a
  /// picture of width x height. Errors (Exit::kPrecondition): a number that is not finite, fewer
  /// than six different points, all on one line, no minimum found.
  LandmarkFit fit(std::span<const float, 136> points, int width, int height);

 private:
  class Solver;
  std::unique_ptr<Solver> solver_;
};

}  // namespace mien
