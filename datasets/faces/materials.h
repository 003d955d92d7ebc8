// The colour of every point of a person: skin with lips, brows, beard and lines, eyes, teeth, hair.
#pragma once

#include <cstdint>

#include "datasets/faces/scene.h"

namespace mien {

// ---- smooth random patterns of skin, hair and walls --------------------------------------------

/// Returns a random value in [-1, 1) for a grid point.
inline float lattice(std::uint32_t grain, int x, int y, int z) {
  std::uint32_t h = grain ^ (static_cast<std::uint32_t>(x) * 0x8da6b343u) ^
                    (static_cast<std::uint32_t>(y) * 0xd8163841u) ^
                    (static_cast<std::uint32_t>(z) * 0xcb1ab31fu);
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  h = (h ^ (h >> 12)) * 0x297a2d39u;
  return static_cast<float>((h ^ (h >> 15)) >> 8) * 0x1p-23f - 1;
}

/// Returns smooth noise from -1 to 1 with features of size 1. Every `grain` is another pattern.
inline float noise(std::uint32_t grain, const Vec3& p) {
  const int x = whole_below(p.x), y = whole_below(p.y), z = whole_below(p.z);
  const auto smooth = [](float t) { return t * t * (3 - 2 * t); };
  const float tx = smooth(p.x - static_cast<float>(x)), ty = smooth(p.y - static_cast<float>(y)),
              tz = smooth(p.z - static_cast<float>(z));
  const auto row = [&](int b, int c) {
    return mix(lattice(grain, x, b, c), lattice(grain, x + 1, b, c), tx);
  };
  return mix(mix(row(y, z), row(y + 1, z), ty), mix(row(y, z + 1), row(y + 1, z + 1), ty), tz);
}

// ---- colours -----------------------------------------------------------------------------------

/// Each function returns linear red, green and blue at `place` (see Head::place).
Vec3 skin_colour(const Person& person, const Wrinkles& wrinkles, const Vec3& place);
Vec3 eye_colour(const Person& person, const Gaze& gaze, const Vec3& place);
Vec3 teeth_colour(const Vec3& place);
Vec3 mouth_colour(const Vec3& place);
Vec3 hair_colour(const Person& person, const Vec3& place);
Vec3 body_colour(const Person& person, const Vec3& place);

/// Returns how far `place` lies inside the hair, in mm. It is negative outside.
float inside_hair(const Person& person, const Vec3& place);

}  // namespace mien
