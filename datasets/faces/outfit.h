// The accessories of a head: hair, glasses, neck and shoulders.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/faces/head.h"
#include "datasets/faces/person.h"

namespace mien {

/// The triangles of a picture.
struct Scene {
  std::vector<Vec3> at;     // mm
  std::vector<Vec3> place;  // see Head::place
  std::vector<std::int32_t> triangles;
  std::vector<Part> part;     // per triangle
  std::size_t thin_from = 0;  // triangles from here on are visible from both sides

  /// Adds a vertex at `position` with the colour of `place_of_colour` and returns its number.
  std::int32_t vertex(const Vec3& position, const Vec3& place_of_colour);
  void triangle(std::int32_t a, std::int32_t b, std::int32_t c, Part its_part);
};

/// Adds hair over the skin of `head`, whose vertices are the first ones of `scene`.
void add_hair(Scene& scene, const Head& head, const Person& person);
/// Adds hair that hangs down behind the face. `half_width` is that of the skull, mm.
void add_long_hair(Scene& scene, const Person& person, float half_width);
void add_glasses(Scene& scene, const Vec3& left_eye, const Vec3& right_eye);
/// Adds neck and shoulders.
void add_body(Scene& scene);

}  // namespace mien
