#include "datasets/occasion.h"

namespace mien {
namespace {

/// How far things vary; angles in degrees, of one standard deviation.
struct Variety {
  float yaw, pitch, roll, zoom, shift;
  float lamp_low, lamp_high, ambient_low, ambient_high;
  float lamp_aside, lamp_up_low, lamp_up_high;  // degrees
  float exposure, contrast, blur, noise_low, noise_high;
  int weak_percent;  // pictures in which the expression is only hinted at
  float strength_low, strength_high;
  int occluded_percent;
};

// clang-format off
constexpr Variety kWildVariety{6, 3.5f, 2.5f, 0.025f, 0.008f, 0.45f, 1.1f, 0.22f, 0.5f, 38, 5, 58,
                               0.13f, 0.10f, 0.009f, 1, 6, 5, 0.75f, 1.25f, 6};
constexpr Variety kLabVariety{2.2f, 2.2f, 1.4f, 0.02f, 0.008f, 0.6f, 0.85f, 0.35f, 0.5f, 25, 20, 50,
                              0.06f, 0.04f, 0.002f, 1, 2.5f, 0, 0.75f, 1.05f, 0};
constexpr Variety kToonVariety{11, 5, 4, 0.04f, 0.02f, 0.6f, 0.7f, 0.42f, 0.48f, 30, 25, 50,
                               0, 0, 0, 0, 0, 0, 0.8f, 1.1f, 0};
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

float real(FaceRandom& r, double low, double high) {
  return static_cast<float>(r.between(low, high));
}
float spread(FaceRandom& r, float deviation, float limit = 2.4f) {
  return deviation * std::clamp(static_cast<float>(r.normal()), -limit, limit);
}

Vec3 tint(FaceRandom& r, float strength) {
  const float warm = spread(r, strength);
  return {1 + warm, 1, 1 - warm};
}

Light light_of(FaceRandom& r, const Variety& v) {
  const float aside = kDegree * spread(r, v.lamp_aside * 0.55f, 1.8f);
  const float up = kDegree * real(r, v.lamp_up_low, v.lamp_up_high);
  Light light{};
  light.towards = {std::sin(aside) * std::cos(up), std::sin(up), std::cos(aside) * std::cos(up)};
  const float power = real(r, v.lamp_low, v.lamp_high);
  light.ambient = tint(r, 0.06f) * real(r, v.ambient_low, v.ambient_high);
  light.lamp = tint(r, 0.08f) * power;
  light.gloss = real(r, 0.03, 0.16);
  light.softness = real(r, 0.1, 0.45);
  return light;
}

Wall wall_of(FaceRandom& r, FaceStyle style) {
  Wall wall{};
  const float bright = real(r, 0.02, 0.7);
  wall.base = Vec3{real(r, 0.7, 1.2), real(r, 0.8, 1.1), real(r, 0.7, 1.2)} * bright;
  wall.other = Vec3{real(r, 0.7, 1.2), real(r, 0.8, 1.1), real(r, 0.7, 1.2)} * real(r, 0.02, 0.7);
  wall.angle_x = real(r, -1, 1);
  wall.angle_y = real(r, -1, 1);
  wall.texture = real(r, 0, 0.5);
  wall.things = static_cast<int>(r.below(6));
  wall.grain = static_cast<std::uint32_t>(r.next());
  if (style == FaceStyle::kWild) return wall;
  const float gray = style == FaceStyle::kLab ? real(r, 0.12, 0.4) : 0.7f;
  wall.base = Vec3{1, 1, 1} * gray;
  wall.other = wall.base * 0.85f;
  wall.texture = 0;
  wall.things = 0;
  return wall;
}

float strength_of(FaceRandom& r, const Variety& v) {
  const bool weak = r.below(100) < static_cast<std::uint64_t>(v.weak_percent);
  const float strong = real(r, v.strength_low, v.strength_high), hint = real(r, 0.12, 0.5);
  return weak ? hint : strong;
}

}  // namespace

Occasion occasion_of(const FaceRequest& request) {
  const Variety& v = variety_of(request.style);
  const auto subject = static_cast<std::uint64_t>(request.subject);
  const auto sitting = static_cast<std::uint64_t>(request.sitting);
  FaceRandom r = random_for(request.seed, {2, subject, sitting});
  FaceRandom now =
      random_for(request.seed, {3, subject, sitting, static_cast<std::uint64_t>(request.number)});
  Occasion o{};
  // The head keeps moving a little; what the request fixes stays fixed.
  o.yaw = kDegree * (spread(r, v.yaw) + spread(now, 0.5f));
  o.pitch = kDegree * (spread(r, v.pitch) + spread(now, 0.4f));
  o.roll = kDegree * (spread(r, v.roll) + spread(now, 0.3f));
  if (!std::isnan(request.yaw)) o.yaw = kDegree * static_cast<float>(request.yaw);
  if (!std::isnan(request.pitch)) o.pitch = kDegree * static_cast<float>(request.pitch);
  o.distance = real(r, 700, 1800);
  o.zoom = 1 + spread(r, v.zoom) + spread(now, 0.003f);
  o.shift_x = spread(r, v.shift) + spread(now, 0.0025f);
  o.shift_y = spread(r, v.shift) + spread(now, 0.0025f);
  o.strength = strength_of(r, v) * (1 + spread(now, 0.02f));
  if (!std::isnan(request.strength)) o.strength = static_cast<float>(request.strength);
  o.gaze = {spread(r, request.style == FaceStyle::kWild ? 0.22f : 0.07f) + spread(now, 0.03f),
            spread(r, 0.08f) + spread(now, 0.02f)};
  o.lid_droop = real(now, 0, 0.06);
  o.light = light_of(r, v);
  o.wall = wall_of(r, request.style);
  const bool occluded = r.below(100) < static_cast<std::uint64_t>(v.occluded_percent);
  const auto kind = static_cast<int>(1 + r.below(3));
  o.occluder = occluded ? static_cast<Occluder>(kind) : Occluder::kNone;
  o.occluder_at = real(r, -1, 1);
  o.exposure = 1 + spread(r, v.exposure);
  o.contrast = 1 + spread(r, v.contrast);
  o.blur = v.blur * real(r, 0, 1);
  o.noise = real(r, v.noise_low, v.noise_high);
  return o;
}

}  // namespace mien
