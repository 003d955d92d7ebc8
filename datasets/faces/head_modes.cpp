// The features and modes that head.h declares.
#include <array>
#include <iterator>
#include <string>
#include <string_view>

#include "datasets/faces/head.h"

namespace mien {
namespace {

// ---- tables of soft pulls on the skin ----------------------------------------------------------

enum class Where {
  kAll,
  kUpperLip,   // above the mouth's slit only, nothing at its corners
  kLowerLip,   // below it
  kUpperRim,   // a raise of the upper lip's rim and less above it
  kJaw,        // what the lower jaw carries
  kUpperLid,   // by.y: mm that the upper lid opens further
  kLowerLid,   // the same of the lower lid
  kWholeHead,  // by: share of the place's own coordinates
};

/// Moves the skin around (x, y) by `by` mm. The motion fades out to three times (sx, sy). A pull
/// with x > 0 has a mirror image on the other side.
struct Pull {
  const char* mode;
  float x, y, sx, sy;
  Vec3 by;
  Where where = Where::kAll;
};

// clang-format off
constexpr Pull kFeatures[] = {
    {"brow ridge",    24,   21,  16,   7, {0, 0,  3.5f}},
    {"glabella",       0,   20,  12,  10, {0, 0,  2.0f}},
    {"eye socket",    29,    2,  13,   9, {0, 0, -10.5f}},
    {"inner corner",  15,   -1,   5,   8, {0, 0, -6}},
    {"temple",        66,   30,  12,  25, {-2, 0, 0}},
    {"cheekbone",     44,  -22,  16,  11, {1, 0,  4}},
    {"cheek hollow",  48,  -58,  14,  14, {-1, 0, -3}},
    {"beside nose",   21,  -36,   7,  10, {0, 0, -2.5f}},
    {"muzzle",         0,  -64,  24,  15, {0, 0,  4.5f}},
    {"philtrum",       0,  -55,   2.5f,  5, {0, 0, -1.4f}},
    {"upper lip",      8,  -63,   9,   3.6f, {0, 0,  3.6f}},
    {"lower lip",      0,  -74,  13,   4, {0, 0,  5.2f}},
    {"slit",           0,  -68,  18,   1.8f, {0, 0, -2.0f}},
    {"lip corner",    26,  -68,   5,   6, {0, 0, -3}},
    {"under lip",      0,  -84,  16,   4, {0, 0, -3.5f}},
    {"chin",           0,  -99,  14,   8, {0, 0,  5}},
};

constexpr Pull kIdentity[] = {
    {"head_width",     0,    0,   0,   0, { 0.035f, 0, 0}, Where::kWholeHead},
    {"head_length",    0,    0,   0,   0, { 0, 0.035f, 0}, Where::kWholeHead},
    {"head_depth",     0,    0,   0,   0, { 0, 0, 0.035f}, Where::kWholeHead},
    {"forehead",       0,   75,  40,  24, { 0,  2,   4}},
    {"temples",       68,   35,  16,  30, { 3.0f, 0, 0}},
    {"brow_ridge",    22,   21,  18,   7, { 0,  0,   2.6f}},
    {"brow_height",   28,   22,  22,   9, { 0,  2.4f, 0}},
    {"cheekbones",    50,  -20,  18,  14, { 2.4f, 0, 2.6f}},
    {"cheeks",        44,  -56,  18,  18, { 3.2f, 0, 3.2f}},
    {"jaw_width",     52,  -82,  20,  24, { 4.5f, 0, 0}},
    {"jaw_height",    50,  -78,  24,  16, { 0, -4, 0}},
    {"chin_width",    18, -106,  12,  14, { 3.0f, 0, 0}},
    {"chin_length",    0, -112,  40,  20, { 0, -5, 0}},
    {"chin_forward",   0, -100,  18,  13, { 0,  0,  4}},
    {"eye_distance",  31,    4,  18,  16, { 1.8f, 0, 0}},
    {"eye_level",     31,    4,  20,  16, { 0,  2, 0}},
    {"eye_opening",   31,    0,   0,   0, { 0,  0.9f, 0}, Where::kUpperLid},
    {"eye_lower_lid", 31,    0,   0,   0, { 0,  0.6f, 0}, Where::kLowerLid},
    {"eye_length",    46,    0,   9,   9, { 1.4f, 0, -0.6f}},
    {"eye_tilt",      46,    0,  10,  10, { 0,  1.8f, 0}},
    {"eye_depth",     30,    4,  15,  12, { 0,  0,  2}},
    {"nose_length",    0,  -42,  15,  13, { 0, -3, 0}},
    {"nose_width",    13,  -43,   8,   9, { 2.0f, 0, 0}},
    {"nose_forward",   0,  -38,  12,  13, { 0,  0,  3.6f}},
    {"nose_bridge",    0,   -8,   9,  16, { 0,  0,  2.6f}},
    {"nose_broad",     9,  -12,   7,  16, { 1.6f, 0, 0.8f}},
    {"nose_tip_up",    0,  -43,   9,   8, { 0,  2.6f, 1}},
    {"mouth_width",   25,  -68,  11,  12, { 2.6f, 0, -0.8f}},
    {"mouth_level",    0,  -68,  34,  14, { 0,  2.2f, 0}},
    {"mouth_forward",  0,  -68,  22,  12, { 0,  0,  2.4f}},
    {"upper_lip",      8,  -63,  12,   5, { 0,  0.9f, 1.4f}, Where::kUpperLip},
    {"lower_lip",      0,  -74,  15,   5, { 0, -1.0f, 1.5f}, Where::kLowerLip},
    {"mouth_corners", 25,  -68,   9,   8, { 0,  1.5f, 0}},
    {"ears",          75,    4,  14,  26, { 2.5f, 0, 0}},
};

/// Facial actions at their peak. Those with x > 0 exist once per side.
constexpr Pull kActions[] = {
    {"inner_brow_raise",  11,  25,  10,   9, { 0,  8,  1.5f}},
    {"inner_brow_raise",  11,  44,  12,  12, { 0,  3,  0}},
    {"outer_brow_raise",  36,  27,  13,   9, { 0,  8,  0.5f}},
    {"outer_brow_raise",  36,  46,  14,  12, { 0,  3,  0}},
    {"brow_lower",        13,  21,  12,   8, {-4, -7,  3}},
    {"brow_lower",        34,  23,  12,   8, {-2, -4,  1}},
    {"lid_raise",         31,   0,   0,   0, { 0,  3.4f, 0}, Where::kUpperLid},
    {"lid_raise",         31,   0,   0,   1, { 0,  0.4f, 0}, Where::kLowerLid},
    {"lid_tighten",       31,   0,   0,   0, { 0, -1.8f, 0}, Where::kUpperLid},
    {"lid_tighten",       31,   0,   0,   0, { 0, -2.2f, 0}, Where::kLowerLid},
    {"lid_close",         31,   0,   0,   0, { 0, -8.0f, 0}, Where::kUpperLid},
    {"lid_close",         31,   0,   0,   0, { 0, -1.0f, 0}, Where::kLowerLid},
    {"cheek_raise",       40, -22,  14,  11, { 0,  6,  4}},
    {"cheek_raise",       31,   0,   0,   0, { 0, -2.2f, 0}, Where::kLowerLid},
    {"cheek_raise",       31,   0,   0,   0, { 0, -0.8f, 0}, Where::kUpperLid},
    {"nose_wrinkle",      10, -36,   8,  11, { 1.5f, 6, 1}},
    {"nose_wrinkle",      12,  15,   9,   8, {-2, -5,  1.5f}},
    {"nose_wrinkle",      10, -60,  12,   7, { 0,  4,  1}, Where::kUpperLip},
    {"upper_lip_raise",   12, -62,  11,   7, { 0,  7,  2}, Where::kUpperLip},
    {"upper_lip_raise",   22, -48,   9,   9, { 0,  5,  2.5f}},
    {"corner_pull",       26, -67,  12,  10, { 9,  9, -5}},
    {"corner_pull",       38, -42,  13,  12, { 3,  5,  6}},
    {"corner_depress",    26, -71,  10,  10, { 1, -9, -1}},
    {"dimple",            28, -67,   9,   8, { 7,  3, -6}},
    {"lip_stretch",       27, -70,  13,  10, {10, -3, -4}},
    {"lower_lip_depress", 11, -76,  11,   7, { 1, -6,  1}, Where::kLowerLip},
    {"chin_raise",         0, -92,  15,  10, { 0,  6,  3}},
    {"chin_raise",         0, -72,  18,   8, { 0,  4.5f, 2}},
    {"lips_pucker",        0, -68,  12,   9, { 0,  0,  7}},
    {"lips_press",         0, -62,  18,   5, { 0, -2.8f, -3}, Where::kUpperLip},
    {"lips_press",         0, -75,  18,   5, { 0,  3.4f, -3}, Where::kLowerLip},
    {"lips_part",          0, -68,   0,   0, { 0,  2, 0}, Where::kUpperRim},
    {"lips_part",          0, -74,  17,   9, { 0, -5, 0}, Where::kLowerLip},
    {"jaw_drop",           0, -68,   0,   0, { 0, -26, -7}, Where::kJaw},
    {"jaw_aside",          0, -68,   0,   0, { 7,  0, 0}, Where::kJaw},
    {"mouth_narrow",      26, -68,  11,  10, {-8,  0, 4}},
};

constexpr Mark kMarks[68] = {
    {-73, 0}, {-72, -18}, {-69, -36}, {-65, -52}, {-59, -68}, {-50, -84}, {-37, -98}, {-20, -107},
    {0, -112},
    {20, -107}, {37, -98}, {50, -84}, {59, -68}, {65, -52}, {69, -36}, {72, -18}, {73, 0},
    {-47, 19}, {-40, 24}, {-31, 25}, {-22, 23}, {-13, 20},
    {13, 20}, {22, 23}, {31, 25}, {40, 24}, {47, 19},
    {0, 2}, {0, -12}, {0, -26}, {0, -40},
    {-13, -47}, {-6, -50}, {0, -52}, {6, -50}, {13, -47},
    {-46, 0}, {-36, 0.01f}, {-27, 0.01f}, {-17, 0}, {-27, -0.01f}, {-36, -0.01f},
    {17, 0}, {27, 0.01f}, {36, 0.01f}, {46, 0}, {36, -0.01f}, {27, -0.01f},
    {-26, -68}, {-15, -62}, {-6, -60}, {0, -61}, {6, -60}, {15, -62}, {26, -68},
    {15, -76}, {6, -78}, {0, -79}, {-6, -78}, {-15, -76},
    {-21, -67.99f}, {-8, -67.99f}, {0, -67.99f}, {8, -67.99f}, {21, -67.99f},
    {8, -68.01f}, {0, -68.01f}, {-8, -68.01f},
};
// clang-format on

float on_front(const Vec3& p) { return smoothstep(-20, 25, p.z); }

/// Returns how far the rims of a slit can part at `t`: 1 in the middle, 0 from the corners
/// (|t| = 1) on.
float opening(float t) { return std::max(0.0f, 1 - t * t); }

/// Returns the share of motion of a lip that moves alone. The corners hold the rims of the slit.
float lip_share(const Vec3& p) {
  return mix(opening(p.x / kMouthHalf), 1, smoothstep(0, 10, std::abs(p.y - kMouthY)));
}

/// Returns how far the skin follows the jaw: 0 on the skull, 1 on the chin, little at the corners
/// of the mouth.
float jaw_share(const Vec3& p) {
  const float corner = 0.32f;
  const float below =
      smoothstep(-30, -96, p.y) * smoothstep(86, 40, std::abs(p.x)) * smoothstep(-35, 25, p.z);
  const float t = p.x / kMouthHalf;
  if (p.y >= kMouthY) {
    const float beyond = smoothstep(0.4f, 1.1f, std::abs(t));
    return below * beyond * smoothstep(-40, kMouthY, p.y) * corner / 0.6f;
  }
  const float at_rim = mix(below * corner / 0.6f, 1, std::sqrt(opening(t)));
  return on_front(p) * mix(at_rim, below, smoothstep(kMouthY, -98, p.y));
}

// ---- lids --------------------------------------------------------------------------------------

constexpr float kUpperOpen = 5.2f, kLowerOpen = 4.2f;  // mm above and below the slit, at rest
constexpr float kLidThick = 1.4f;

/// Returns the place after the lids of the eye on its side have opened by `upper` and `lower` mm.
Vec3 with_lids(Vec3 p, float upper, float lower) {
  const float t = (std::abs(p.x) - kEyeX) / kEyeHalf;
  const float curve = opening(t) * (1.25f - 0.25f * opening(t));
  if (p.z < 0) return p;
  if (p.y > 0) p.y += upper * curve * smoothstep(15, 0, p.y);
  if (p.y < 0) p.y -= lower * curve * smoothstep(-13, 0, p.y);
  return p;
}

/// Keeps the lids on the eyeball and the rest of the face in front of it.
float over_eyeball(const Vec3& p) {
  const float dx = std::abs(p.x) - kEyeX;
  const float radius = kEyeRadius + kLidThick;
  const float left = radius * radius - dx * dx - p.y * p.y;
  if (left <= 0 || p.z < 0) return p.z;
  const float ball = kEyeZ + std::sqrt(left), soft = 2.5f;
  const float gap = std::clamp((ball - p.z) / soft, -1.0f, 1.0f);  // a smooth maximum
  return std::max(p.z, ball) + soft * 0.25f * (1 - std::abs(gap)) * (1 - std::abs(gap));
}

// ---- the nose ----------------------------------------------------------------------------------

float nose(const Vec3& p) {
  constexpr float root = 10, tip = -41, base = -51;
  if (p.y > root + 12 || p.y < base - 2) return 0;
  const float down = std::clamp((root - p.y) / (root - tip), 0.0f, 1.0f);
  float height = 4 * smoothstep(root + 12, root, p.y) + 19.0f * down * (0.75f + 0.25f * down);
  height *=
      smoothstep(base - 1, tip + 1 - 0.35f * std::abs(p.x), p.y);  // the tip hangs, the sides rise
  const float width = mix(6.0f, 8.2f, down * down);
  return height * bell(p.x * p.x / (width * width));
}

float wings(const Vec3& p) {
  const float x = (std::abs(p.x) - 12) / 4.2f, y = (p.y + 43.5f) / 4.6f;
  return 9 * bell(x * x + y * y);
}

Vec3 ear(const Vec3& p) {
  const float y = (p.y - 2 + 0.2f * p.z) / 26, z = (p.z + 10) / 12;
  const float inside = y * y + z * z;
  if (inside >= 1) return {};
  return Vec3{p.x > 0 ? 1.0f : -1.0f, 0, -0.6f} * (14 * smoothstep(1.0f, 0.25f, inside));
}

Vec3 formed_with_lids(const Vec3& place, float upper, float lower) {
  Vec3 p = place;
  for (const Pull& bump : kFeatures)
    for (const float side : {-1.0f, 1.0f}) {
      if (bump.x == 0 && side > 0) break;
      const float x = (place.x - side * bump.x) / bump.sx, y = (place.y - bump.y) / bump.sy;
      const float share = bell(x * x + y * y) * on_front(place);
      p += Vec3{side * bump.by.x, bump.by.y, bump.by.z} * share;
    }
  if (place.z > 0) p.z += nose(place) + wings(place);
  p += ear(place);
  p = with_lids(p, upper, lower);
  p.z = over_eyeball(p);
  return p;
}

// ---- modes -------------------------------------------------------------------------------------

/// Returns the motion of `pull` at `place`. `side` is -1 for the viewer's left, 1 for the right and
/// 0 for both.
Vec3 moved(const Pull& pull, const Vec3& place, int side) {
  Vec3 sum;
  for (const int here : {-1, 1}) {
    if (pull.x == 0 ? here > 0 : side == -here) continue;
    const auto sign = static_cast<float>(pull.x == 0 ? 1 : here);
    const float x = (place.x - sign * pull.x) / pull.sx, y = (place.y - pull.y) / pull.sy;
    const Vec3 by{sign * pull.by.x, pull.by.y, pull.by.z};
    const float soft = pull.sx > 0 ? bell(x * x + y * y) * on_front(place) : 1;
    const bool this_eye = (place.x > 0) == (here > 0);
    switch (pull.where) {
      case Where::kAll:
        sum += by * soft;
        break;
      case Where::kUpperLip:
        if (place.y > kMouthY) sum += by * (soft * lip_share(place));
        break;
      case Where::kLowerLip:
        if (place.y < kMouthY) sum += by * (soft * lip_share(place));
        break;
      case Where::kUpperRim:
        if (place.y > kMouthY && place.z > 0)
          sum += by * (opening(place.x / kMouthHalf) * smoothstep(kMouthY + 14, kMouthY, place.y));
        break;
      case Where::kJaw:
        sum += by * jaw_share(place);
        break;
      case Where::kUpperLid:
        if (this_eye) sum += formed_with_lids(place, kUpperOpen + by.y, kLowerOpen) - formed(place);
        break;
      case Where::kLowerLid:
        if (this_eye) sum += formed_with_lids(place, kUpperOpen, kLowerOpen + by.y) - formed(place);
        break;
      case Where::kWholeHead:
        sum += by * place;
        break;
    }
  }
  return sum;
}

bool moves_lids(const Pull& pull) {
  return pull.where == Where::kUpperLid || pull.where == Where::kLowerLid;
}

/// The table of one kind of modes.
struct ModeTable {
  std::span<const Pull> rows;
  bool is_expression;
};

/// Appends the mode that all rows called `name` make together on `side`.
void add_mode(std::vector<float>& modes,
              const ModeTable& table,
              std::string_view name,
              int side,
              const Head& head,
              const std::vector<Vec3>& anchor) {
  std::vector<Pull> rows;
  for (const Pull& pull : table.rows)
    if (pull.mode == name) rows.push_back(pull);
  for (std::size_t v = 0; v < anchor.size(); ++v) {
    Vec3 sum;
    const bool stiff = head.part[v] == Part::kEye || head.part[v] == Part::kTeeth;
    for (const Pull& pull : rows) {
      if (stiff && moves_lids(pull)) continue;
      const bool lower_teeth = head.part[v] == Part::kTeeth && anchor[v].y < -70.9f;
      if (stiff && table.is_expression) {
        if (lower_teeth && pull.where == Where::kJaw) sum += pull.by;
      } else if (pull.where == Where::kWholeHead) {
        const float* rest = &head.model.mean[3 * v];
        const Vec3 at = head.part[v] == Part::kEye ? Vec3{anchor[v].x, 0, kEyeZ}
                                                   : Vec3{rest[0], rest[1], rest[2]};
        sum += pull.by * at;
      } else {
        sum += moved(pull, anchor[v], side);
      }
    }
    modes.insert(modes.end(), {sum.x, sum.y, sum.z});
  }
}

}  // namespace

Vec3 formed(const Vec3& place) { return formed_with_lids(place, kUpperOpen, kLowerOpen); }

std::span<const Mark> landmark_places() { return kMarks; }

void add_modes(Head& head, const std::vector<Vec3>& anchor) {
  FaceModel& model = head.model;
  for (const Pull& pull : kIdentity) {
    add_mode(model.identity, {kIdentity, false}, pull.mode, 0, head, anchor);
    model.identity_names.push_back(pull.mode);
    model.identity_std.push_back(1);
  }
  std::string_view last;
  for (const Pull& pull : kActions) {
    if (pull.mode == last) continue;
    last = pull.mode;
    for (const int side : {-1, 1}) {
      if (pull.x == 0 && side > 0) break;
      add_mode(model.expression, {kActions, true}, pull.mode, pull.x == 0 ? 0 : side, head, anchor);
      model.expression_names.push_back(std::string(pull.mode) + (pull.x == 0 ? ""
                                                                 : side < 0  ? "_r"
                                                                             : "_l"));
    }
  }
}

}  // namespace mien
