// Fits a face model to 68 landmarks: the baseline of networks that regress the coefficients of that
// model. The pose comes first, by the linear method for affine cameras (Hartley & Zisserman,
// "Multiple View Geometry", 2nd ed., Algorithm 14.1), made a scaled rotation as in Bas et al.,
// "Fitting a 3D Morphable Model to Edges" (ACCV Workshops 2016). Shape and pose are then fitted
// alternately, and at last all unknowns together by Gauss-Newton.
#pragma once

#include <array>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "harness/geometry/face_model.h"

namespace mien {

inline constexpr std::size_t kAllComponents = std::numeric_limits<std::size_t>::max();

/// The fit minimises, over all unknowns, the sum of squared distances in px over noise_px^2, plus
/// the sum of squared coefficients (standard deviations) times their prior. With priors of 1, the
/// minimum is the most probable shape if the error of each coordinate is normal, with a standard
/// deviation of noise_px.
struct FitOptions {
  std::size_t identity_components = kAllComponents;    // uses the first ones, at most so many
  std::size_t expression_components = kAllComponents;  // likewise
  double noise_px = 1;
  double identity_prior = 1, expression_prior = 1;  // per standard deviation^2
  /// Focal length of a perspective camera whose axis meets the middle of the picture; 0: weak
  /// perspective. The alternating steps always assume weak perspective.
  double focal_px = 0;
  int alternations = 1;  // fits of the shape, then of the pose, at most
  int refinements = 10;  // Gauss-Newton steps, at most; 0: none, and focal_px has no effect
  double tolerance =
      1e-3;  // the fit ends when no coefficient and no angle (radians) changes by more
};

struct LandmarkFit {
  std::vector<float> identity, expression;  // standard deviations; one per component used
  /// Pose for apply_pose (reconstruct.h): radians, and the model's unit. The camera sees a posed
  /// vertex (X, Y, Z) at middle + scale (X, -Y) under weak perspective, where the last number is 0,
  /// and at middle + focal_px (-X, Y) / Z under perspective.
  std::array<float, 6> pose{};
  double scale = 0;    // px per unit; under perspective at the model's origin
  double rms_px = 0;   // root mean square distance between fitted and given landmarks
  int iterations = 0;  // alternations and Gauss-Newton steps
};

/// Holds what fits need of a model. Equal input gives equal output. Not thread-safe.
class LandmarkFitter {
 public:
  /// Error (Exit::kUsage): an option is not a positive number, or a count is below 0.
  /// Error (Exit::kPrecondition): the model has no 68 landmarks, or no standard deviations of the
  /// components used, or its landmarks lie in one plane.
  LandmarkFitter(const FaceModel& model, const FitOptions& options);
  ~LandmarkFitter();

  /// Returns how many components the fit uses.
  std::size_t identity_components() const;
  std::size_t expression_components() const;

  /// Fits the model to `points`: x and y of the 68 landmarks in px, in iBUG order, x to the right
  /// and y down from the corner of a picture of width x height.
  /// Error (Exit::kPrecondition): a number is not finite, fewer than six points differ, all points
  /// lie on one line, or no minimum was found.
  LandmarkFit fit(std::span<const float, 136> points, int width, int height);

 private:
  class Solver;
  std::unique_ptr<Solver> solver_;
};

}  // namespace mien
