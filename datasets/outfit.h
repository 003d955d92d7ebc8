// What a head wears: hair, neck and shoulders, glasses.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/head.h"
#include "datasets/person.h"

namespace mien {

/// Triangles of several parts.
struct Scene {
  std::vector<Vec3> at;     // mm
  std::vector<Vec3> place;  // see Head::place
  std::vector<std::int32_t> triangles;
  std::vector<Part> part;     // per triangle
  std::size_t thin_from = 0;  // triangles from here on are seen from both sides

  std::int32_t vertex(const Vec3& where, const Vec3& painted_as);
  void triangle(std::int32_t a, std::int32_t b, std::int32_t c, Part what);
};

/// Hair over the skin of `head`, whose vertices are the first of `scene`.
void add_hair(Scene& scene, const Head& head, const Person& person);
/// Hair that hangs down behind the face, from a skull of this half width.
void add_long_hair(Scene& scene, const Person& person, float half_width);
void add_glasses(Scene& scene, const Vec3& left_eye, const Vec3& right_eye);
/// Neck and shoulders.
void add_body(Scene& scene);

}  // namespace mien
