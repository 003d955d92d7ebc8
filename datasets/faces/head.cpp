#include "datasets/faces/head.h"

#include <array>
#include <cstddef>
#include <iterator>

namespace mien {
namespace {

// ---- skull: horizontal slices ------------------------------------------------------------------

struct Slice {
  float y, half_width, front, back, widest;  // widest: z where the half width is reached
};

// clang-format off
constexpr Slice kSlices[] = {
    //  y   half  front   back  widest
    {  40, 74.5f,  95,  -102,  -10},
    {  20, 74.5f,  95,  -102,  -10},
    {   0, 73.5f,  90,  -100,   -6},
    { -20, 71.5f,  89,   -92,    0},
    { -40, 67.5f,  90,   -80,    4},
    { -60, 61.5f,  91,   -60,    6},
    { -75, 55.5f,  90,   -35,   12},
    { -88, 47.0f,  90,    -5,   24},
    { -98, 37.0f,  89,    22,   42},
    {-106, 25.0f,  86,    45,   58},
    {-111, 13.0f,  80,    60,   68},
    {-113,  3.0f,  74,    68,   71},
};
// clang-format on
constexpr float kDomeFrom = 40, kCrown = 115;

Slice blend(const Slice& a, const Slice& b, const Slice& c, const Slice& d, float y) {
  // Cubic through b and c with the slopes of their neighbours.
  const float span = c.y - b.y, t = (y - b.y) / span;
  const auto cubic = [&](float Slice::*f) {
    const float m0 = (c.*f - a.*f) / (c.y - a.y) * span, m1 = (d.*f - b.*f) / (d.y - b.y) * span;
    const float t2 = t * t, t3 = t2 * t;
    return (2 * t3 - 3 * t2 + 1) * b.*f + (t3 - 2 * t2 + t) * m0 + (3 * t2 - 2 * t3) * c.*f +
           (t3 - t2) * m1;
  };
  return {y,
          cubic(&Slice::half_width),
          cubic(&Slice::front),
          cubic(&Slice::back),
          cubic(&Slice::widest)};
}

Slice slice_at(float y) {
  constexpr std::size_t last = std::size(kSlices) - 1;
  if (y >= kDomeFrom) {
    const float u = (y - kDomeFrom) / (kCrown - kDomeFrom);
    const float round = std::sqrt(std::max(0.0f, 1 - u * u * std::sqrt(u)));
    const Slice& top = kSlices[0];
    return {y,
            top.half_width * round,
            top.widest + (top.front - top.widest) * round,
            top.widest + (top.back - top.widest) * round,
            top.widest};
  }
  std::size_t i = 0;
  while (i + 1 < last && y < kSlices[i + 1].y) ++i;
  return blend(
      kSlices[i > 0 ? i - 1 : 0], kSlices[i], kSlices[i + 1], kSlices[std::min(i + 2, last)], y);
}

/// Returns the front or back of a slice at `across` in -1..1. Skulls are rounder than an ellipse.
Vec3 on_slice(const Slice& s, float across, bool front) {
  const float a = std::abs(across);
  const float deep = std::sqrt(std::max(0.0f, 1 - a * a * std::sqrt(a)));
  return {s.half_width * across, s.y, s.widest + ((front ? s.front : s.back) - s.widest) * deep};
}

// ---- mesh --------------------------------------------------------------------------------------

constexpr int kFrontColumns = 84, kBackColumns = 28, kColumns = kFrontColumns + kBackColumns;
constexpr int kDomeRows = 16, kFaceRows = 76;  // face rows are 2 mm apart, so slits lie on rows
constexpr int kRows = kDomeRows + kFaceRows;
constexpr float kRowStep = 2;
constexpr float kNudge = 0.01f;  // tells the rims of a closed slit apart

constexpr int kChain = 6;  // vertices from the upper rim of a slit through its bag to the lower rim
using Chain = std::array<std::int32_t, kChain>;

float row_y(int row) {
  if (row >= kDomeRows) return kDomeFrom - kRowStep * static_cast<float>(row - kDomeRows);
  // The parabola approximates a sine, which gives even steps of angle up the dome.
  const float t = 1 - static_cast<float>(row + 1) / (kDomeRows + 1);
  return kDomeFrom + (kCrown - kDomeFrom) * t * (2 - t);
}

/// Returns the place of a column across the head. Columns are denser in the middle of the face, and
/// their spacing goes to 0 where the surface turns away.
float across_at(int column) {
  const float t = column <= kFrontColumns
                      ? 2 * static_cast<float>(column) / kFrontColumns - 1
                      : 1 - 2 * static_cast<float>(column - kFrontColumns) / kBackColumns;
  return 1.25f * t - 0.25f * t * t * t * t * t;
}

Vec3 grid_place(int row, int column) {
  return on_slice(slice_at(row_y(row)), across_at(column), column <= kFrontColumns);
}

bool in_eye_slit(const Vec3& p) {
  return p.y == 0 && p.z > 0 && std::abs(std::abs(p.x) - kEyeX) < kEyeHalf;
}
bool in_mouth_slit(const Vec3& p) {
  return p.y == kMouthY && p.z > 0 && std::abs(p.x) < kMouthHalf;
}

class Builder {
 public:
  Head build() {
    skull();
    for (const float side : {-1.0f, 1.0f}) eyeball(side);
    teeth(-58, -70.5f);
    teeth(-71, -82);
    head_.model.name = "procedural";
    head_.model.licence = "part of this program";
    add_modes(head_, anchor_);
    for (std::size_t i = 0; i < head_.model.expression_components(); ++i)
      head_.actions.push_back({i, i, 1});
    landmarks();
    return std::move(head_);
  }

 private:
  std::int32_t vertex(const Vec3& place, const Vec3& rest, const Vec3& anchor, Part part) {
    head_.place.push_back(place);
    head_.part.push_back(part);
    anchor_.push_back(anchor);
    for (const float value : {rest.x, rest.y, rest.z}) head_.model.mean.push_back(value);
    return static_cast<std::int32_t>(head_.place.size()) - 1;
  }
  std::int32_t skin(const Vec3& place) { return vertex(place, formed(place), place, Part::kSkin); }
  void triangle(std::int32_t a, std::int32_t b, std::int32_t c, Part part) {
    if (a == b || b == c || a == c) return;
    head_.model.triangles.insert(head_.model.triangles.end(), {a, b, c});
    head_.triangle_of.push_back(part);
  }
  /// The corners are given as seen from outside: top left and right, bottom left and right.
  void quad(std::int32_t tl, std::int32_t tr, std::int32_t bl, std::int32_t br, Part part) {
    triangle(tl, bl, br, part);
    triangle(tl, br, tr, part);
  }

  /// Adds one grid vertex, or in a slit its two rims and the bag behind them.
  Chain grid_vertex(int row, int column) {
    const Vec3 place = grid_place(row, column);
    Chain chain;
    const bool eye = in_eye_slit(place);
    if (!eye && !in_mouth_slit(place)) {
      chain.fill(skin(place));
      return chain;
    }
    const Vec3 up = place + Vec3{0, kNudge, 0}, low = place - Vec3{0, kNudge, 0};
    const float lip = eye ? 0.5f : 2.5f, thick = eye ? 3 : 5, deep = eye ? 16 : 40,
                gap = eye ? 1 : 9;
    const Part part = eye ? Part::kLidInside : Part::kMouth;
    chain[0] = skin(up);
    chain[1] = vertex(up, formed(up) + Vec3{0, lip, -thick}, up, part);
    chain[2] = vertex(up, formed(up) + Vec3{-0.3f * (eye ? 0 : up.x), gap, -deep}, up, part);
    chain[3] = vertex(low, formed(low) + Vec3{-0.3f * (eye ? 0 : up.x), -gap, -deep}, low, part);
    chain[4] = vertex(low, formed(low) + Vec3{0, -lip, -thick}, low, part);
    chain[5] = skin(low);
    return chain;
  }

  void skull() {
    std::vector<std::array<Chain, kColumns>> grid(kRows);
    for (int r = 0; r < kRows; ++r)
      for (int c = 0; c < kColumns; ++c)
        grid[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)] = grid_vertex(r, c);
    const std::int32_t top = skin({0, kCrown, slice_at(kDomeFrom).widest});
    const Slice& chin = kSlices[std::size(kSlices) - 1];
    const std::int32_t bottom = skin({0, chin.y, chin.widest});
    for (std::size_t c = 0; c < kColumns; ++c) {
      const std::size_t d = (c + 1) % kColumns;
      triangle(top, grid[0][c][0], grid[0][d][0], Part::kSkin);
      for (std::size_t r = 0; r < kRows; ++r) {
        bag(grid[r][c], grid[r][d]);
        if (r + 1 == kRows) break;
        quad(grid[r][c][5], grid[r][d][5], grid[r + 1][c][0], grid[r + 1][d][0], Part::kSkin);
      }
      triangle(grid[kRows - 1][c][5], bottom, grid[kRows - 1][d][5], Part::kSkin);
    }
  }
  void bag(const Chain& left, const Chain& right) {
    if (left[0] == left[5] && right[0] == right[5]) return;
    const auto inside = static_cast<std::size_t>(left[0] == left[5] ? right[1] : left[1]);
    for (std::size_t i = 0; i + 1 < kChain; ++i)
      quad(left[i], right[i], left[i + 1], right[i + 1], head_.part[inside]);
  }

  void eyeball(float side) {
    constexpr int rings = 12, sectors = 24;
    const Vec3 centre{side * kEyeX, 0, kEyeZ};
    std::array<std::array<std::int32_t, sectors>, rings + 1> ball;
    for (int r = 0; r <= rings; ++r)
      for (int s = 0; s < sectors; ++s) {
        const double down = 3.14159265358979 * r / rings,
                     round = 2 * 3.14159265358979 * s / sectors;
        const Vec3 out = Vec3{static_cast<float>(std::sin(down) * std::cos(round)),
                              static_cast<float>(std::cos(down)),
                              static_cast<float>(-std::sin(down) * std::sin(round))} *
                         kEyeRadius;
        const bool pole = r == 0 || r == rings;
        ball[static_cast<std::size_t>(r)][static_cast<std::size_t>(s)] =
            pole && s > 0 ? ball[static_cast<std::size_t>(r)][0]
                          : vertex(out, centre + out, {side * kEyeX, 0, 80}, Part::kEye);
      }
    for (std::size_t r = 0; r < rings; ++r)
      for (std::size_t s = 0; s < sectors; ++s) {
        const std::size_t next = (s + 1) % sectors;
        quad(ball[r][s], ball[r][next], ball[r + 1][s], ball[r + 1][next], Part::kEye);
      }
  }

  /// Adds an arch of teeth between two heights.
  void teeth(float top, float bottom) {
    constexpr int columns = 20, rows = 3;
    std::array<std::array<std::int32_t, columns + 1>, rows + 1> arch;
    for (int r = 0; r <= rows; ++r)
      for (int c = 0; c <= columns; ++c) {
        const float across = 2 * static_cast<float>(c) / columns - 1;
        const Vec3 p{23 * across,
                     mix(top, bottom, static_cast<float>(r) / rows),
                     kTeethZ - 17 * across * across};
        arch[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)] =
            vertex(p, p, {p.x, p.y, 80}, Part::kTeeth);
      }
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c)
        quad(arch[r][c], arch[r][c + 1], arch[r + 1][c], arch[r + 1][c + 1], Part::kTeeth);
  }

  void landmarks() {
    for (const Mark& mark : landmark_places()) {
      const Slice slice = slice_at(mark.y);
      const float across = std::clamp(mark.x / slice.half_width, -1.0f, 1.0f);
      const Vec3 wanted = on_slice(slice, across, true);
      std::size_t best = 0;
      float nearest = 1e9f;
      for (std::size_t v = 0; v < head_.place.size(); ++v) {
        const Vec3 gap = head_.place[v] - wanted;
        if (head_.part[v] != Part::kSkin || dot(gap, gap) >= nearest) continue;
        nearest = dot(gap, gap);
        best = v;
      }
      head_.model.landmarks68.push_back(static_cast<std::int32_t>(best));
    }
  }

  Head head_;
  std::vector<Vec3> anchor_;  // per vertex: where on the skin its motion is taken from
};

}  // namespace

const Head& built_in_head() {
  static const Head head = Builder().build();
  return head;
}

FaceModel procedural_head() { return built_in_head().model; }

}  // namespace mien
