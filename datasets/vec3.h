// Three floats with the little arithmetic that drawing heads needs.
#pragma once

#include <algorithm>
#include <cmath>

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
/// Component by component, as colours multiply.
inline Vec3 operator*(const Vec3& a, const Vec3& b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
inline float dot(const Vec3& a, const Vec3& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 cross(const Vec3& a, const Vec3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline float length(const Vec3& a) { return std::sqrt(dot(a, a)); }
/// The zero vector stays as it is.
inline Vec3 unit(const Vec3& a) {
  const float n = length(a);
  return n > 0 ? a * (1 / n) : a;
}
inline Vec3 mix(const Vec3& a, const Vec3& b, float t) { return a + (b - a) * t; }
inline float mix(float a, float b, float t) { return a + (b - a) * t; }
/// The whole number at or below `x`; std::floor is a call where there is no SSE 4.
inline int whole_below(float x) {
  const int whole = static_cast<int>(x);
  return static_cast<float>(whole) > x ? whole - 1 : whole;
}
/// 0 below `low`, 1 above `high`, smooth between; works downward too (low > high).
inline float ramp(float low, float high, float x) {
  const float t = std::clamp((x - low) / (high - low), 0.0f, 1.0f);
  return t * t * (3 - 2 * t);
}
/// Near exp(-q/2) and 0 from q = 9 on: a bell of plain arithmetic, equal on every machine.
inline float bell(float q) {
  if (q >= 9) return 0;
  const float t = 1 - q / 9;
  return t * t * t * t;
}

}  // namespace mien
