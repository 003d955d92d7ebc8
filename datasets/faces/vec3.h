// A vector of three floats and the arithmetic that drawing heads needs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace mien {

struct Vec3 {
  float x = 0, y = 0, z = 0;

  Vec3& operator+=(const Vec3& o) {
    x += o.x, y += o.y, z += o.z;
    return *this;
  }
};

inline Vec3 operator+(Vec3 a, const Vec3& b) { return a += b; }
inline Vec3 operator-(const Vec3& a, const Vec3& b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
inline Vec3 operator*(const Vec3& a, float s) { return {a.x * s, a.y * s, a.z * s}; }
inline Vec3 operator*(float s, const Vec3& a) { return a * s; }
/// Multiplies component by component, as colours multiply.
inline Vec3 operator*(const Vec3& a, const Vec3& b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
inline float dot(const Vec3& a, const Vec3& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline float length(const Vec3& a) { return std::sqrt(dot(a, a)); }
/// Returns the vector of length 1 in the direction of `a`. The zero vector stays as it is.
inline Vec3 normalized(const Vec3& a) {
  const float n = length(a);
  return n > 0 ? a * (1 / n) : a;
}
/// Interpolates linearly from `a` (t = 0) to `b` (t = 1).
inline Vec3 mix(const Vec3& a, const Vec3& b, float t) { return a + (b - a) * t; }
inline float mix(float a, float b, float t) { return a + (b - a) * t; }
/// Returns the largest whole number that is at most `x`. Without SSE 4, std::floor would be a
/// function call.
inline int whole_below(float x) {
  const int whole = static_cast<int>(x);
  return static_cast<float>(whole) > x ? whole - 1 : whole;
}
/// Returns 0 below `low`, 1 above `high` and a cubic in between. With low > high it falls instead.
inline float smoothstep(float low, float high, float x) {
  const float t = std::clamp((x - low) / (high - low), 0.0f, 1.0f);
  return t * t * (3 - 2 * t);
}
inline float square(float x) { return x * x; }
/// Returns about exp(-q/2), and 0 from q = 9 on. It uses plain arithmetic only, so that every
/// machine returns the same value.
inline float bell(float q) {
  if (q >= 9) return 0;
  const float t = 1 - q / 9;
  return t * t * t * t;
}

/// Returns the unit normal of each vertex: the mean of its triangles' normals, weighted by area.
inline std::vector<Vec3> vertex_normals(const std::vector<Vec3>& vertices,
                                        const std::vector<std::int32_t>& triangles) {
  std::vector<Vec3> normals(vertices.size());
  for (std::size_t t = 0; t + 2 < triangles.size(); t += 3) {
    const auto corner = [&](std::size_t k) { return static_cast<std::size_t>(triangles[t + k]); };
    const Vec3& a = vertices[corner(0)];
    const Vec3 n = cross(vertices[corner(1)] - a, vertices[corner(2)] - a);
    for (std::size_t k = 0; k < 3; ++k) normals[corner(k)] += n;
  }
  for (Vec3& n : normals) n = normalized(n);
  return normals;
}

}  // namespace mien
