#include "datasets/faces/rasterizer.h"

#include <limits>

namespace mien {
namespace {

/// Neighbouring triangles overlap by this share, so that rounding leaves no crack between them.
constexpr float kSeam = -1e-4f;

/// Returns twice the signed area. It is positive if the corners run clockwise on a screen with y
/// down.
float area2(const Vec3& a, const Vec3& b, const Vec3& c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

/// The first and last sample whose centres can lie in [low, high], clipped to the picture.
struct Range {
  int first, last;
  Range(float low, float high, int size)
      : first(whole_below(std::max(low, 0.0f) + 0.5f)),
        last(whole_below(std::clamp(high, -1.0f, static_cast<float>(size)) - 0.5f)) {}
};

}  // namespace

Raster::Raster(int width_samples, int height_samples)
    : width(width_samples),
      height(height_samples),
      triangle(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), -1),
      depth(triangle.size(), -std::numeric_limits<float>::infinity()) {}

void Raster::draw(std::span<const Vec3> screen,
                  std::span<const std::int32_t> triangles,
                  Culling culling,
                  std::int32_t first_number) {
  for (std::size_t t = 0; t + 2 < triangles.size(); t += 3) {
    const Vec3& a = screen[static_cast<std::size_t>(triangles[t])];
    const Vec3& b = screen[static_cast<std::size_t>(triangles[t + 1])];
    const Vec3& c = screen[static_cast<std::size_t>(triangles[t + 2])];
    const float area = area2(a, b, c);
    if (area == 0 || (area > 0 && culling == Culling::kBackFaces)) continue;
    const Range columns(std::min({a.x, b.x, c.x}), std::max({a.x, b.x, c.x}), width);
    if (columns.first > columns.last) continue;
    const Range rows(std::min({a.y, b.y, c.y}), std::max({a.y, b.y, c.y}), height);
    if (rows.first > rows.last) continue;
    const float to_weight = 1 / area;
    const float step_b = (c.y - a.y) * to_weight, step_c = (a.y - b.y) * to_weight;
    for (int y = rows.first; y <= rows.last; ++y) {
      const Vec3 p{static_cast<float>(columns.first) + 0.5f, static_cast<float>(y) + 0.5f, 0};
      float weight_b = area2(a, p, c) * to_weight, weight_c = area2(a, b, p) * to_weight;
      std::size_t sample = at(columns.first, y);
      for (int x = columns.first; x <= columns.last; ++x, ++sample) {
        if (weight_b >= kSeam && weight_c >= kSeam && weight_b + weight_c <= 1 - kSeam) {
          const float z = a.z + weight_b * (b.z - a.z) + weight_c * (c.z - a.z);
          if (z > depth[sample]) {
            depth[sample] = z;
            triangle[sample] = first_number + static_cast<std::int32_t>(t / 3);
          }
        }
        weight_b += step_b;
        weight_c += step_c;
      }
    }
  }
}

Vec3 barycentric(const Vec3& a, const Vec3& b, const Vec3& c, float x, float y) {
  const float area = area2(a, b, c);
  if (area == 0) return {1, 0, 0};
  const Vec3 p{x, y, 0};
  const float wb = area2(a, p, c) / area, wc = area2(a, b, p) / area;
  return {1 - wb - wc, wb, wc};
}

}  // namespace mien
