#include "datasets/faces/scene.h"

namespace mien {
namespace {

/// The spread of the settings of one style. Angles are in degrees. `yaw` to `shift`, `exposure` and
/// `contrast` are standard deviations; `blur` is the largest value.
struct Variety {
  float yaw, pitch, roll, zoom, shift;
  float lamp_low, lamp_high, ambient_low, ambient_high;
  float lamp_aside, lamp_up_low, lamp_up_high;
  float exposure, contrast, blur, noise_low, noise_high;
  int weak_percent;  // pictures whose expression is weak
  float strength_low, strength_high;
  int occluded_percent;
};

// clang-format off
constexpr Variety kWildVariety{
    .yaw = 6, .pitch = 3.5f, .roll = 2.5f, .zoom = 0.025f, .shift = 0.008f,
    .lamp_low = 0.45f, .lamp_high = 1.1f, .ambient_low = 0.22f, .ambient_high = 0.5f,
    .lamp_aside = 38, .lamp_up_low = 5, .lamp_up_high = 58,
    .exposure = 0.13f, .contrast = 0.10f, .blur = 0.009f, .noise_low = 1, .noise_high = 6,
    .weak_percent = 5, .strength_low = 0.75f, .strength_high = 1.25f, .occluded_percent = 6};
constexpr Variety kLabVariety{
    .yaw = 2.2f, .pitch = 2.2f, .roll = 1.4f, .zoom = 0.02f, .shift = 0.008f,
    .lamp_low = 0.6f, .lamp_high = 0.85f, .ambient_low = 0.35f, .ambient_high = 0.5f,
    .lamp_aside = 25, .lamp_up_low = 20, .lamp_up_high = 50,
    .exposure = 0.06f, .contrast = 0.04f, .blur = 0.002f, .noise_low = 1, .noise_high = 2.5f,
    .weak_percent = 0, .strength_low = 0.75f, .strength_high = 1.05f, .occluded_percent = 0};
constexpr Variety kToonVariety{
    .yaw = 11, .pitch = 5, .roll = 4, .zoom = 0.04f, .shift = 0.02f,
    .lamp_low = 0.6f, .lamp_high = 0.7f, .ambient_low = 0.42f, .ambient_high = 0.48f,
    .lamp_aside = 30, .lamp_up_low = 25, .lamp_up_high = 50,
    .exposure = 0, .contrast = 0, .blur = 0, .noise_low = 0, .noise_high = 0,
    .weak_percent = 0, .strength_low = 0.8f, .strength_high = 1.1f, .occluded_percent = 0};
// clang-format on

const Variety& variety_of(FaceStyle style) {
  switch (style) {
    case FaceStyle::kLab:
      return kLabVariety;
    case FaceStyle::kToon:
      return kToonVariety;
    default:
      return kWildVariety;
  }
}

constexpr float kDegree = 0.0174532925f;

float spread(FaceRandom& r, float deviation, float limit = 2.4f) {
  return deviation * std::clamp(static_cast<float>(r.normal()), -limit, limit);
}

Vec3 tint(FaceRandom& r, float strength) {
  const float warm = spread(r, strength);
  return {1 + warm, 1, 1 - warm};
}

Light light_of(FaceRandom& r, const Variety& v) {
  const float aside = kDegree * spread(r, v.lamp_aside * 0.55f, 1.8f);
  const float up = kDegree * uniform(r, v.lamp_up_low, v.lamp_up_high);
  Light light{};
  light.towards = {std::sin(aside) * std::cos(up), std::sin(up), std::cos(aside) * std::cos(up)};
  const float power = uniform(r, v.lamp_low, v.lamp_high);
  light.ambient = tint(r, 0.06f) * uniform(r, v.ambient_low, v.ambient_high);
  light.lamp = tint(r, 0.08f) * power;
  light.gloss = uniform(r, 0.03, 0.16);
  light.softness = uniform(r, 0.1, 0.45);
  return light;
}

Wall wall_of(FaceRandom& r, FaceStyle style) {
  Wall wall{};
  const float bright = uniform(r, 0.02, 0.7);
  wall.base = Vec3{uniform(r, 0.7, 1.2), uniform(r, 0.8, 1.1), uniform(r, 0.7, 1.2)} * bright;
  wall.other = Vec3{uniform(r, 0.7, 1.2), uniform(r, 0.8, 1.1), uniform(r, 0.7, 1.2)} *
               uniform(r, 0.02, 0.7);
  wall.angle_x = uniform(r, -1, 1);
  wall.angle_y = uniform(r, -1, 1);
  wall.texture = uniform(r, 0, 0.5);
  wall.shapes = static_cast<int>(r.below(6));
  wall.grain = static_cast<std::uint32_t>(r.next());
  if (style == FaceStyle::kWild) return wall;
  const float gray = style == FaceStyle::kLab ? uniform(r, 0.12, 0.4) : 0.7f;
  wall.base = Vec3{1, 1, 1} * gray;
  wall.other = wall.base * 0.85f;
  wall.texture = 0;
  wall.shapes = 0;
  return wall;
}

float strength_of(FaceRandom& r, const Variety& v) {
  const bool weak = r.below(100) < static_cast<std::uint64_t>(v.weak_percent);
  const float strong = uniform(r, v.strength_low, v.strength_high), hint = uniform(r, 0.12, 0.5);
  return weak ? hint : strong;
}

}  // namespace

SceneSettings scene_settings_of(const FaceRequest& request) {
  const Variety& v = variety_of(request.style);
  const auto subject = static_cast<std::uint64_t>(request.subject);
  const auto session = static_cast<std::uint64_t>(request.session);
  FaceRandom r = random_for(request.seed, {2, subject, session});
  FaceRandom now =
      random_for(request.seed, {3, subject, session, static_cast<std::uint64_t>(request.number)});
  SceneSettings o{};
  // The head moves slightly from picture to picture, unless the request fixes its pose.
  o.yaw = kDegree * (spread(r, v.yaw) + spread(now, 0.5f));
  o.pitch = kDegree * (spread(r, v.pitch) + spread(now, 0.4f));
  o.roll = kDegree * (spread(r, v.roll) + spread(now, 0.3f));
  if (request.yaw) o.yaw = kDegree * static_cast<float>(*request.yaw);
  if (request.pitch) o.pitch = kDegree * static_cast<float>(*request.pitch);
  o.distance = uniform(r, 700, 1800);
  o.zoom = 1 + spread(r, v.zoom) + spread(now, 0.003f);
  o.shift_x = spread(r, v.shift) + spread(now, 0.0025f);
  o.shift_y = spread(r, v.shift) + spread(now, 0.0025f);
  o.strength = strength_of(r, v) * (1 + spread(now, 0.02f));
  if (request.strength) o.strength = static_cast<float>(*request.strength);
  o.gaze = {spread(r, request.style == FaceStyle::kWild ? 0.22f : 0.07f) + spread(now, 0.03f),
            spread(r, 0.08f) + spread(now, 0.02f)};
  o.lid_droop = uniform(now, 0, 0.06);
  o.light = light_of(r, v);
  o.wall = wall_of(r, request.style);
  const bool occluded = r.below(100) < static_cast<std::uint64_t>(v.occluded_percent);
  const auto kind = static_cast<int>(1 + r.below(3));
  o.occluder = occluded ? static_cast<Occluder>(kind) : Occluder::kNone;
  o.occluder_at = uniform(r, -1, 1);
  o.exposure = 1 + spread(r, v.exposure);
  o.contrast = 1 + spread(r, v.contrast);
  o.blur = v.blur * uniform(r, 0, 1);
  o.noise = uniform(r, v.noise_low, v.noise_high);
  return o;
}

}  // namespace mien
