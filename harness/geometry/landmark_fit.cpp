#include "harness/geometry/landmark_fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <set>

#include "harness/base/error.h"

namespace mien {
namespace {

using Eigen::Index;
using Eigen::Matrix3d;
using Eigen::Vector2d;
using Eigen::Vector3d;
using Eigen::VectorXd;
using Points2 = Eigen::Matrix<double, 2, 68>;
using Points3 = Eigen::Matrix<double, 3, 68>;

constexpr Index kLandmarks = 68;
constexpr int kHalvings = 12;  // of a step that makes the fit worse

// ---- cameras -----------------------------------------------------------------------------------

/// Model coordinates to px from the middle of the picture, x to the right and y up.
struct Camera {
  Matrix3d rotation = Matrix3d::Identity();
  Vector3d shift = Vector3d::Zero();  // in the model's unit; z only under perspective
  double scale = 1;                   // px per unit, weak perspective
  double focal = 0;                   // 0: weak perspective

  double scale_at_origin() const { return focal > 0 ? focal / -shift.z() : scale; }
};

/// The projection of a rotated vertex, and its derivatives by the vertex and by the camera's last
/// unknown, which is the scale (weak perspective) or the shift along z.
struct Projection {
  Vector2d point;
  Eigen::Matrix<double, 2, 3> by_vertex;
  Vector2d by_last;
};

Projection project(const Camera& camera, const Vector3d& rotated) {
  const Vector3d p = rotated + camera.shift;
  Projection view;
  if (camera.focal > 0) {
    const double near = camera.focal / -p.z();
    view.point = near * p.head<2>();
    view.by_vertex << near, 0, -view.point.x() / p.z(), 0, near, -view.point.y() / p.z();
    view.by_last = view.by_vertex.col(2);
  } else {
    view.point = camera.scale * p.head<2>();
    view.by_vertex << camera.scale, 0, 0, 0, camera.scale, 0;
    view.by_last = p.head<2>();
  }
  return view;
}

/// Applies a step: rotation vector, shift in x and y, last unknown.
Camera moved(const Camera& camera, const Eigen::Matrix<double, 6, 1>& step) {
  Camera out = camera;
  const double angle = step.head<3>().norm();
  if (angle > 0) out.rotation = Eigen::AngleAxisd(angle, step.head<3>() / angle) * camera.rotation;
  out.shift.head<2>() += step.segment<2>(3);
  (camera.focal > 0 ? out.shift.z() : out.scale) += step[5];
  return out;
}

/// Fits an affine camera by least squares and returns the nearest scaled rotation.
/// REQUIRES: the points are not on a line, the shape is not in a plane.
Camera weak_camera(const Points3& shape, const Points2& points) {
  const Vector3d middle = shape.rowwise().mean();
  const Vector2d centre = points.rowwise().mean();
  const Points3 around = shape.colwise() - middle;
  const Eigen::Matrix<double, 2, 3> affine =
      (points.colwise() - centre) * around.transpose() * (around * around.transpose()).inverse();
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> square(affine * affine.transpose());
  Camera camera;
  camera.scale = square.operatorSqrt().trace() / 2;
  camera.rotation.topRows<2>() = square.operatorInverseSqrt() * affine;
  camera.rotation.row(2) = camera.rotation.row(0).cross(camera.rotation.row(1));
  camera.shift.head<2>() = centre / camera.scale - (camera.rotation * middle).head<2>();
  return camera;
}

/// Returns a perspective camera that sees `shape` at about the same size and place.
Camera perspective(Camera camera, double focal, const Points3& shape) {
  camera.focal = focal;
  camera.shift.z() = -focal / camera.scale - (camera.rotation * shape.rowwise().mean()).z();
  return camera;
}

// ---- input -------------------------------------------------------------------------------------

void require_options(const FitOptions& options) {
  const auto require = [](double value, double least, const char* name) {
    if (!std::isfinite(value) || value < least)
      fail(Exit::kUsage, "landmark fit: {} is {}; give a number from {:g}", name, value, least);
  };
  require(options.noise_px, 1e-6, "noise_px");
  require(options.identity_prior, 1e-12, "identity_prior");
  require(options.expression_prior, 1e-12, "expression_prior");
  require(options.focal_px, 0, "focal_px");
  require(options.tolerance, 0, "tolerance");
  require(options.alternations, 0, "alternations");
  require(options.refinements, 0, "refinements");
}

/// Converts the landmarks to px from the middle of the picture, y up.
Points2 centred(std::span<const float, 136> points, int width, int height) {
  Points2 out;
  for (Index k = 0; k < kLandmarks; ++k) {
    const float x = points[static_cast<std::size_t>(2 * k)],
                y = points[static_cast<std::size_t>(2 * k + 1)];
    if (!std::isfinite(x) || !std::isfinite(y))
      fail(Exit::kPrecondition,
           "landmark {} of 68 is ({}, {}); leave out pictures in which no face was found",
           k,
           x,
           y);
    out.col(k) << x - width / 2.0, height / 2.0 - y;
  }
  return out;
}

void require_spread(const Points2& points) {
  std::set<std::pair<double, double>> different;
  for (Index k = 0; k < kLandmarks; ++k) different.emplace(points(0, k), points(1, k));
  const Points2 around = points.colwise() - points.rowwise().mean();
  const Vector2d spread =
      Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d>(around * around.transpose()).eigenvalues();
  if (different.size() < 6 || spread[0] < 1e-8 * spread[1])
    fail(Exit::kPrecondition,
         "the 68 landmarks are at {} different places{}; leave out pictures in which no face was "
         "found",
         different.size(),
         different.size() < 6 ? "" : ", all on one line");
}

std::vector<double> standard_deviations(const FaceModel& model,
                                        const std::vector<float>& known,
                                        std::size_t components,
                                        const char* kind) {
  if (components > known.size())
    fail(
        Exit::kPrecondition,
        "the face model {} has no standard deviations of {}; use a model with principal components",
        model.name,
        kind);
  return {known.begin(), known.begin() + static_cast<std::ptrdiff_t>(components)};
}

}  // namespace

// ---- the fit -----------------------------------------------------------------------------------

enum class CameraStep { kNone, kFree };

/// The unknowns are the coefficients, then the six of the camera.
class LandmarkFitter::Solver {
 public:
  Solver(const FaceModel& model, const FitOptions& options);
  LandmarkFit fit(const Points2& points);
  Index identities() const { return identities_; }
  Index expressions() const { return components() - identities_; }

 private:
  Index components() const { return basis_.rows(); }
  void add_components(const FaceModel& model,
                      const std::vector<float>& offsets,
                      const std::vector<double>& deviations,
                      Index first);
  Points3 shape(const VectorXd& coefficients) const;
  double evaluate(const Camera& camera, const VectorXd& coefficients);
  void differentiate(const Camera& camera);
  void solve(CameraStep kind);
  LandmarkFit result(const Camera& camera) const;
  double alternate(Camera& camera);
  double refine(Camera& camera, double& cost);

  FitOptions options_;
  Points3 mean_;
  Eigen::MatrixXd basis_;  // components x 204: x, y, z of each landmark at one standard deviation
  Index identities_ = 0;
  VectorXd prior_;

  // The fit in progress.
  Points2 points_;
  VectorXd coefficients_, step_;
  Points3 rotated_;
  Points2 residuals_;         // px, over noise_px
  Eigen::MatrixXd jacobian_;  // unknowns x 136, over noise_px
  Eigen::MatrixXd normal_;    // lower triangle
};

LandmarkFitter::Solver::Solver(const FaceModel& model, const FitOptions& options)
    : options_(options) {
  require_options(options);
  if (model.landmarks68.size() != 68)
    fail(Exit::kPrecondition, "the face model {} has no 68 landmarks; take another", model.name);
  const std::size_t ids = std::min(options.identity_components, model.identity_components()),
                    exs = std::min(options.expression_components, model.expression_components());
  const auto id_std = standard_deviations(model, model.identity_std, ids, "identity");
  const auto ex_std = standard_deviations(model, model.expression_std, exs, "expression");
  identities_ = static_cast<Index>(ids);
  const auto count = static_cast<Index>(ids + exs);
  for (Index k = 0; k < kLandmarks; ++k) {
    const auto vertex = static_cast<std::size_t>(model.landmarks68[static_cast<std::size_t>(k)]);
    mean_.col(k) << model.mean[3 * vertex], model.mean[3 * vertex + 1], model.mean[3 * vertex + 2];
  }
  const Points3 around = mean_.colwise() - mean_.rowwise().mean();
  const Vector3d spread =
      Eigen::SelfAdjointEigenSolver<Matrix3d>(around * around.transpose()).eigenvalues();
  if (!(spread[0] > 1e-8 * spread[2]))
    fail(Exit::kPrecondition, "the landmarks of the face model {} lie in one plane", model.name);
  basis_.resize(count, 3 * kLandmarks);
  add_components(model, model.identity, id_std, 0);
  add_components(model, model.expression, ex_std, identities_);
  prior_.resize(count);
  prior_ << VectorXd::Constant(identities_, options.identity_prior),
      VectorXd::Constant(count - identities_, options.expression_prior);
  const Index unknowns = count + 6;
  jacobian_.resize(unknowns, 2 * kLandmarks);
  normal_.resize(unknowns, unknowns);
  step_.resize(unknowns);
}

void LandmarkFitter::Solver::add_components(const FaceModel& model,
                                            const std::vector<float>& offsets,
                                            const std::vector<double>& deviations,
                                            Index first) {
  for (std::size_t c = 0; c < deviations.size(); ++c)
    for (std::size_t i = 0; i < 3 * kLandmarks; ++i) {
      const auto vertex = static_cast<std::size_t>(model.landmarks68[i / 3]);
      basis_(first + static_cast<Index>(c), static_cast<Index>(i)) =
          deviations[c] * offsets[c * model.mean.size() + 3 * vertex + i % 3];
    }
}

/// Returns the 68 landmarks in the model's coordinates.
Points3 LandmarkFitter::Solver::shape(const VectorXd& coefficients) const {
  Points3 out = mean_;
  Eigen::Map<VectorXd>(out.data(), out.size()).noalias() += basis_.transpose() * coefficients;
  return out;
}

/// Computes rotated_ and residuals_. Returns the cost; infinity if a landmark is behind the camera.
double LandmarkFitter::Solver::evaluate(const Camera& camera, const VectorXd& coefficients) {
  rotated_.noalias() = camera.rotation * shape(coefficients);
  for (Index k = 0; k < kLandmarks; ++k) {
    if (camera.focal > 0 && rotated_(2, k) + camera.shift.z() >= 0)
      return std::numeric_limits<double>::infinity();
    residuals_.col(k) =
        (points_.col(k) - project(camera, rotated_.col(k)).point) / options_.noise_px;
  }
  return residuals_.squaredNorm() + prior_.dot(coefficients.cwiseAbs2());
}

/// Computes jacobian_ at the arguments of the last `evaluate`.
void LandmarkFitter::Solver::differentiate(const Camera& camera) {
  const Index n = components();
  for (Index k = 0; k < kLandmarks; ++k) {
    const Projection view = project(camera, rotated_.col(k));
    const Vector3d t = rotated_.col(k);
    Matrix3d by_rotation;  // of the vertex
    by_rotation << 0, t.z(), -t.y(), -t.z(), 0, t.x(), t.y(), -t.x(), 0;
    const Eigen::Matrix<double, 2, 3> by_vertex = view.by_vertex / options_.noise_px;
    auto columns = jacobian_.middleCols<2>(2 * k);
    columns.topRows(n).noalias() =
        basis_.middleCols<3>(3 * k) * (by_vertex * camera.rotation).transpose();
    columns.middleRows<3>(n) = (by_vertex * by_rotation).transpose();
    columns.middleRows<2>(n + 3) = by_vertex.leftCols<2>().transpose();
    columns.row(n + 5) = view.by_last.transpose() / options_.noise_px;
  }
}

/// Computes step_, which leads to the minimum of the linearised cost. The camera is fixed or free.
void LandmarkFitter::Solver::solve(CameraStep kind) {
  const Index n = kind == CameraStep::kFree ? components() + 6 : components();
  const auto jacobian = jacobian_.topRows(n);
  auto normal = normal_.topLeftCorner(n, n);
  normal.setZero();
  normal.selfadjointView<Eigen::Lower>().rankUpdate(jacobian);
  normal.diagonal().head(components()) += prior_;
  step_.setZero();
  auto step = step_.head(n);
  step.noalias() = jacobian * Eigen::Map<const VectorXd>(residuals_.data(), residuals_.size());
  step.head(components()) -= prior_.cwiseProduct(coefficients_);
  const Eigen::LLT<Eigen::Ref<Eigen::MatrixXd>> factor(normal);  // in place
  if (factor.info() != Eigen::Success)
    fail(Exit::kPrecondition, "no pose and shape fit the 68 landmarks; leave out the picture");
  factor.solveInPlace(step);
}

/// Fits the shape in this pose, then the pose of that shape. Returns the largest change of a
/// coefficient.
double LandmarkFitter::Solver::alternate(Camera& camera) {
  evaluate(camera, coefficients_);
  differentiate(camera);
  solve(CameraStep::kNone);
  coefficients_ += step_.head(components());
  camera = weak_camera(shape(coefficients_), points_);
  return step_.head(components()).cwiseAbs().maxCoeff();
}

/// Takes one Gauss-Newton step over all unknowns, halved as long as it makes `cost` larger. Returns
/// the largest change of a coefficient or angle; 0 if no step makes the cost smaller.
double LandmarkFitter::Solver::refine(Camera& camera, double& cost) {
  differentiate(camera);
  solve(CameraStep::kFree);
  for (int i = 0; i < kHalvings; ++i, step_ /= 2) {
    const Camera next = moved(camera, step_.segment<6>(components()));
    const VectorXd coefficients = coefficients_ + step_.head(components());
    const double there = evaluate(next, coefficients);
    if (!(there <= cost)) continue;
    camera = next;
    coefficients_ = coefficients;
    cost = there;
    return step_.head(components() + 3).cwiseAbs().maxCoeff();
  }
  evaluate(camera, coefficients_);
  return 0;
}

LandmarkFit LandmarkFitter::Solver::fit(const Points2& points) {
  points_ = points;
  coefficients_ = VectorXd::Zero(components());
  Camera camera = weak_camera(mean_, points_);
  int iterations = 0;
  if (components() > 0)
    for (double change = 1; iterations < options_.alternations && change > options_.tolerance;
         ++iterations)
      change = alternate(camera);
  if (options_.focal_px > 0 && options_.refinements > 0)
    camera = perspective(camera, options_.focal_px, shape(coefficients_));
  double cost = evaluate(camera, coefficients_), change = 1;
  if (!std::isfinite(cost))
    fail(Exit::kPrecondition, "no pose and shape fit the 68 landmarks; leave out the picture");
  for (int i = 0; i < options_.refinements && change > options_.tolerance; ++i, ++iterations)
    change = refine(camera, cost);
  LandmarkFit found = result(camera);
  found.iterations = iterations;
  return found;
}

LandmarkFit LandmarkFitter::Solver::result(const Camera& camera) const {
  LandmarkFit out;
  const Eigen::VectorXf coefficients = coefficients_.cast<float>();
  out.identity.assign(coefficients.data(), coefficients.data() + identities_);
  out.expression.assign(coefficients.data() + identities_, coefficients.data() + components());
  const Eigen::AngleAxisd rotation(camera.rotation);
  const Vector3d axis = rotation.angle() * rotation.axis();
  const double pose[] = {
      axis.x(), -axis.y(), -axis.z(), -camera.shift.x(), camera.shift.y(), camera.shift.z()};
  std::ranges::transform(pose, out.pose.begin(), [](double v) { return static_cast<float>(v); });
  out.scale = camera.scale_at_origin();
  out.rms_px = options_.noise_px * std::sqrt(residuals_.squaredNorm() / kLandmarks);
  return out;
}

LandmarkFitter::LandmarkFitter(const FaceModel& model, const FitOptions& options)
    : solver_(std::make_unique<Solver>(model, options)) {}
LandmarkFitter::~LandmarkFitter() = default;

std::size_t LandmarkFitter::identity_components() const {
  return static_cast<std::size_t>(solver_->identities());
}
std::size_t LandmarkFitter::expression_components() const {
  return static_cast<std::size_t>(solver_->expressions());
}

LandmarkFit LandmarkFitter::fit(std::span<const float, 136> points, int width, int height) {
  const Points2 from_middle = centred(points, width, height);
  require_spread(from_middle);
  return solver_->fit(from_middle);
}

}  // namespace mien
