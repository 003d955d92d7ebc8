// S = mean + PC (std * coefficients), then S <- R S + t (fengju514/Expression-Net, utils.py).
#include "harness/geometry/reconstruct.h"

#include <cmath>

#include "harness/base/error.h"

namespace mien {
namespace {

std::vector<float> scaled(std::span<const float> coefficients, const std::vector<float>& std) {
  std::vector<float> out(coefficients.begin(), coefficients.end());
  for (std::size_t i = 0; i < std::min(out.size(), std.size()); ++i) out[i] *= std[i];
  return out;
}

void require_components(std::size_t given,
                        std::size_t known,
                        const char* kind,
                        const FaceModel& model) {
  if (given > known)
    fail(Exit::kPrecondition,
         "{} coefficients of {}, but the face model {} has {} components; use another model",
         given,
         kind,
         model.name,
         known);
}

}  // namespace

std::vector<float> reconstruct(const FaceModel& model,
                               std::span<const float> identity,
                               std::span<const float> expression) {
  require_components(identity.size(), model.identity_components(), "identity", model);
  require_components(expression.size(), model.expression_components(), "expression", model);
  return model.shape(scaled(identity, model.identity_std),
                     scaled(expression, model.expression_std));
}

std::array<double, 9> rotation_of(const std::array<double, 3>& axis) {
  const double angle = std::hypot(axis[0], axis[1], axis[2]);
  if (angle == 0) return {1, 0, 0, 0, 1, 0, 0, 0, 1};
  const double x = axis[0] / angle, y = axis[1] / angle, z = axis[2] / angle;
  const double c = std::cos(angle), s = std::sin(angle), d = 1 - c;
  return {c + d * x * x,
          d * x * y - s * z,
          d * x * z + s * y,
          d * y * x + s * z,
          c + d * y * y,
          d * y * z - s * x,
          d * z * x - s * y,
          d * z * y + s * x,
          c + d * z * z};
}

void apply_pose(std::vector<float>& vertices, std::span<const float, 6> pose) {
  const std::array<double, 9> r = rotation_of({pose[0], -pose[1], -pose[2]});
  const double t[] = {-pose[3], pose[4], pose[5]};
  for (std::size_t i = 0; i + 2 < vertices.size(); i += 3) {
    const double x = vertices[i], y = vertices[i + 1], z = vertices[i + 2];
    for (std::size_t row = 0; row < 3; ++row)
      vertices[i + row] =
          static_cast<float>(r[3 * row] * x + r[3 * row + 1] * y + r[3 * row + 2] * z + t[row]);
  }
}

}  // namespace mien
