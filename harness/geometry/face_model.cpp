#include "harness/geometry/face_model.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/base/error.h"

namespace mien {
namespace {

using Vector = std::array<double, 3>;

/// Returns the sum over triangles of the area normal times the vector from the middle of the mesh.
/// It is positive if most of a roughly round surface faces away from that middle.
double outwardness(const FaceModel& model) {
  Vector middle{};
  for (std::size_t i = 0; i < model.mean.size(); ++i)
    middle[i % 3] += model.mean[i] / static_cast<double>(model.vertices());
  const auto corner = [&](std::int32_t vertex) {
    Vector v;
    for (std::size_t axis = 0; axis < 3; ++axis)
      v[axis] = model.mean[static_cast<std::size_t>(vertex) * 3 + axis] - middle[axis];
    return v;
  };
  double sum = 0;
  for (std::size_t t = 0; t < model.triangles.size(); t += 3) {
    const Vector a = corner(model.triangles[t]), b = corner(model.triangles[t + 1]),
                 c = corner(model.triangles[t + 2]);
    sum += a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) +
           a[2] * (b[0] * c[1] - b[1] * c[0]);
  }
  return sum;
}

}  // namespace

std::vector<float> FaceModel::shape(std::span<const float> id, std::span<const float> ex) const {
  std::vector<float> out = mean;
  const auto add = [&](const std::vector<float>& components, std::span<const float> weights) {
    const std::size_t known = std::min(weights.size(), components.size() / mean.size());
    for (std::size_t c = 0; c < known; ++c) {
      if (weights[c] == 0) continue;
      const float* offsets = components.data() + c * mean.size();
      for (std::size_t i = 0; i < out.size(); ++i) out[i] += weights[c] * offsets[i];
    }
  };
  add(identity, id);
  add(expression, ex);
  return out;
}

void face_outwards(FaceModel& model) {
  if (outwardness(model) >= 0) return;
  for (std::size_t t = 0; t < model.triangles.size(); t += 3)
    std::swap(model.triangles[t + 1], model.triangles[t + 2]);
}

void require_indices(std::span<const std::int32_t> indices,
                     std::size_t vertices,
                     const std::string& where) {
  for (const std::int32_t index : indices)
    if (index < 0 || static_cast<std::size_t>(index) >= vertices)
      fail_variable(where, fmt::format("vertex {} (from 0) of {}", index, vertices));
}

}  // namespace mien
