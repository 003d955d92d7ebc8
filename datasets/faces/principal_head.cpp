// The principal modes of M shapes of V*3 numbers follow from their M x M matrix of products (Turk &
// Pentland 1991, "Eigenfaces for recognition"), because M is far below V*3.
#include "datasets/faces/principal_head.h"

#include <Eigen/Dense>
#include <cmath>

#include "datasets/face_models/face_model_files.h"
#include "datasets/faces/installed_head.h"
#include "harness/base/error.h"

namespace mien {
namespace {

/// Variances below this share of the largest one are rounding errors.
constexpr double kSmallest = 1e-9;

/// One shape per row.
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Rows rows_of(const std::vector<float>& values, std::size_t size) {
  using FloatRows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto columns = static_cast<Eigen::Index>(size);
  return Eigen::Map<const FloatRows>(values.data(), std::ssize(values) / columns, columns)
      .cast<double>();
}

struct Modes {
  std::vector<float> values, std;
};

/// Returns the principal modes of `shapes`. Each shape contributes `weight` of its square to the
/// variance.
Modes principal_modes(const Rows& shapes, double weight, std::size_t most) {
  Modes modes;
  if (shapes.rows() == 0) return modes;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(weight * shapes * shapes.transpose());
  const Eigen::VectorXd& variances = solver.eigenvalues();  // in increasing order
  const Eigen::Index count = variances.size();
  for (Eigen::Index k = count - 1; k >= 0; --k) {
    if (modes.std.size() == most || variances(k) <= kSmallest * variances(count - 1)) break;
    Eigen::RowVectorXd mode = solver.eigenvectors().col(k).transpose() * shapes;
    Eigen::Index largest = 0;
    mode.cwiseAbs().maxCoeff(&largest);
    mode *= (mode(largest) < 0 ? -1 : 1) / mode.norm();
    for (const double value : mode) modes.values.push_back(static_cast<float>(value));
    modes.std.push_back(static_cast<float>(std::sqrt(variances(k))));
  }
  return modes;
}

/// Returns the principal modes of modes that vary independently, each with its standard deviation,
/// or with 1 if `std` is empty.
Modes of_independent(std::size_t size,
                     const std::vector<float>& modes,
                     const std::vector<float>& std,
                     std::size_t most) {
  Rows rows = rows_of(modes, size);
  for (std::size_t i = 0; i < std.size(); ++i) rows.row(static_cast<Eigen::Index>(i)) *= std[i];
  return principal_modes(rows, 1, most);
}

/// Returns the principal modes of blendshapes and the neutral face about their mean, and adds that
/// mean to `neutral`.
Modes of_blendshapes(const std::vector<float>& offsets,
                     std::vector<float>& neutral,
                     std::size_t most) {
  Rows rows = rows_of(offsets, neutral.size());
  rows.conservativeResize(rows.rows() + 1, Eigen::NoChange);
  rows.bottomRows(1).setZero();
  const Eigen::RowVectorXd mean = rows.colwise().mean();
  rows.rowwise() -= mean;
  for (std::size_t i = 0; i < neutral.size(); ++i)
    neutral[i] = static_cast<float>(neutral[i] + mean(static_cast<Eigen::Index>(i)));
  return principal_modes(rows, 1 / static_cast<double>(rows.rows()), most);
}

Head with_principal_modes(Head head) {
  head.model = principal_model(head.model);
  head.actions.clear();
  return head;
}

}  // namespace

FaceModel principal_model(const FaceModel& model, std::size_t identities, std::size_t expressions) {
  FaceModel out = model;
  out.name += ", principal modes";
  const std::size_t size = model.mean.size();
  Modes identity = of_independent(size, model.identity, model.identity_std, identities);
  Modes expression =
      model.expression_std.empty() && !model.expression.empty()
          ? of_blendshapes(model.expression, out.mean, expressions)
          : of_independent(size, model.expression, model.expression_std, expressions);
  out.identity = std::move(identity.values);
  out.identity_std = std::move(identity.std);
  out.identity_names = numbered_names("identity", out.identity_std.size());
  out.expression = std::move(expression.values);
  out.expression_std = std::move(expression.std);
  out.expression_names = numbered_names("expression", out.expression_std.size());
  return out;
}

Head principal_head(FaceHead kind) {
  return with_principal_modes(kind == FaceHead::kInstalled ? installed_head() : built_in_head());
}

Head principal_head(const FaceModel& model) {
  if (model.landmarks68.size() != 68 || model.millimetres <= 0)
    fail(Exit::kPrecondition,
         "face model {}: has {} landmarks and a unit of {} mm, but drawing needs 68 and a unit "
         "above 0; "
         "write both into its .safetensors file",
         model.name,
         model.landmarks68.size(),
         model.millimetres);
  return with_principal_modes(completed(model));
}

}  // namespace mien
