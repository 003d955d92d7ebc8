#include "datasets/faces/outfit.h"

#include <array>

#include "datasets/faces/materials.h"

namespace mien {
namespace {

constexpr double kPi = 3.14159265358979;

struct Ring {
  float y, half_width, front, back;
};

// clang-format off
constexpr Ring kBody[] = {
    { -62,  47,  14, -66}, {-100,  48,  16, -68}, {-130,  50,  18, -70}, {-142,  56,  20, -74},
    {-150,  74,  20, -78}, {-158, 104,  22, -82}, {-168, 138,  26, -84}, {-184, 170,  34, -86},
    {-215, 196,  46, -90}, {-270, 208,  58, -96}, {-420, 212,  62, -100},
};
// clang-format on

/// Joins rows of `columns` vertices with triangles. Vertex `first` is the first of them.
void join(Scene& scene, std::int32_t first, int rows, int columns, bool closed, Part part) {
  for (int r = 0; r + 1 < rows; ++r)
    for (int c = 0; c < (closed ? columns : columns - 1); ++c) {
      const std::int32_t tl = first + r * columns + c, tr = first + r * columns + (c + 1) % columns;
      scene.triangle(tl, tl + columns, tr + columns, part);
      scene.triangle(tl, tr + columns, tr, part);
    }
}

}  // namespace

std::int32_t Scene::vertex(const Vec3& position, const Vec3& place_of_colour) {
  at.push_back(position);
  place.push_back(place_of_colour);
  return static_cast<std::int32_t>(at.size()) - 1;
}

void Scene::triangle(std::int32_t a, std::int32_t b, std::int32_t c, Part its_part) {
  triangles.insert(triangles.end(), {a, b, c});
  part.push_back(its_part);
}

void add_hair(Scene& scene, const Head& head, const Person& who) {
  if (who.hair_thick <= 0) return;
  constexpr std::int32_t kNone = -1;
  std::vector<std::int32_t> above(head.place.size(), kNone);
  for (std::size_t v = 0; v < head.place.size(); ++v) {
    if (head.part[v] != Part::kSkin) continue;
    const Vec3 p = head.place[v];
    const float inside = inside_hair(who, p);
    if (inside < -4) continue;
    const float top = mix(who.long_hair > 0 ? 0.7f : 0.35f, 1, smoothstep(10, 75, p.y));
    const float lump = 1 + 0.35f * noise(who.grain + 9, p * 0.05f);
    const Vec3 out = normalized(p - Vec3{0, 25, -8});
    // The hairline is steep at the temples, so the hair thins out over more of its height there.
    const float thin = 9 + 24 * smoothstep(64, 52, p.z) * smoothstep(14, 26, p.z);
    above[v] = scene.vertex(
        scene.at[v] + out * (who.hair_thick * top * lump * smoothstep(-4, thin, inside)), p);
  }
  for (std::size_t t = 0; t < head.triangle_of.size(); ++t) {
    const auto corner = [&](std::size_t k) {
      return above[static_cast<std::size_t>(head.model.triangles[3 * t + k])];
    };
    if (corner(0) == kNone || corner(1) == kNone || corner(2) == kNone) continue;
    scene.triangle(corner(0), corner(1), corner(2), Part::kHair);
  }
}

void add_long_hair(Scene& scene, const Person& who, float half_width) {
  if (who.long_hair <= 0) return;
  constexpr int columns = 33, rows = 14;
  const auto first = static_cast<std::int32_t>(scene.at.size());
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c) {
      const float down = static_cast<float>(r) / (rows - 1),
                  round = static_cast<float>(c) / (columns - 1);
      // The uneven ends are longest at the back. The front edges fall back from the face.
      const float fray = 7 * noise(who.grain + 8, {9 * round, 0, 7});
      const float y =
          mix(52, -24 - who.long_hair + fray - 10 * (1 - std::abs(2 * round - 1)), down);
      const double turn = kPi * (0.34 + 0.06 * down + (1.32 - 0.12 * down) * round);
      const float wave = 3.5f * noise(who.grain + 8, {12 * round, y * 0.03f, 0});
      const float out = half_width + wave +
                        who.hair_thick * mix(0.15f, 0.75f, smoothstep(0, 0.5f, down)) + 9 * down -
                        0.55f * std::max(0.0f, -90 - y);
      const Vec3 p{out * static_cast<float>(std::sin(turn)),
                   y,
                   (104 + wave + 0.4f * who.hair_thick) * static_cast<float>(std::cos(turn)) - 8};
      scene.vertex(p, p);
    }
  join(scene, first, rows, columns, false, Part::kHair);
}

void add_glasses(Scene& scene, const Vec3& left_eye, const Vec3& right_eye) {
  constexpr int sectors = 28;
  constexpr float wide = 23, high = 18, frame = 2.2f, ahead = 24;
  const auto bar = [&](const Vec3& a, const Vec3& b, const Vec3& thick) {
    const auto first = static_cast<std::int32_t>(scene.at.size());
    for (const Vec3& p : {a + thick, b + thick, a - thick, b - thick}) scene.vertex(p, p);
    join(scene, first, 2, 2, false, Part::kGlasses);
  };
  for (const Vec3& eye : {left_eye, right_eye}) {
    const auto first = static_cast<std::int32_t>(scene.at.size());
    for (const float grow : {frame, 0.0f})
      for (int s = 0; s < sectors; ++s) {
        const double turn = -2 * kPi * s / sectors;
        const float c = static_cast<float>(std::cos(turn)), d = static_cast<float>(std::sin(turn));
        const Vec3 p = eye + Vec3{(wide + grow) * c, -2 + (high + grow) * d, ahead - 2 * c * c};
        scene.vertex(p, p);
      }
    join(scene, first, 2, sectors, true, Part::kGlasses);
    const float side = eye.x > (left_eye.x + right_eye.x) / 2 ? 1.0f : -1.0f;
    bar(eye + Vec3{side * wide, 2, ahead - 2}, eye + Vec3{side * 46, 4, ahead - 90}, {0, 1.6f, 0});
  }
  bar(left_eye + Vec3{wide, 1, ahead}, right_eye + Vec3{-wide, 1, ahead}, {0, 1.3f, 0});
}

void add_body(Scene& scene) {
  constexpr int columns = 40;
  const auto first = static_cast<std::int32_t>(scene.at.size());
  for (const Ring& ring : kBody)
    for (int c = 0; c < columns; ++c) {
      const double turn = 2 * kPi * c / columns;
      const Vec3 p{ring.half_width * static_cast<float>(std::sin(turn)),
                   ring.y,
                   (ring.front + ring.back) / 2 +
                       (ring.front - ring.back) / 2 * static_cast<float>(std::cos(turn))};
      scene.vertex(p, p);
    }
  join(scene, first, static_cast<int>(std::size(kBody)), columns, true, Part::kBody);
}

}  // namespace mien
