#include "datasets/faces/materials.h"

namespace mien {
namespace {

/// Returns a soft spot of height 1 at (+-x, y).
float spot(const Vec3& p, float x, float y, float sx, float sy) {
  return bell(square((std::abs(p.x) - x) / sx) + square((p.y - y) / sy));
}

// ---- lips --------------------------------------------------------------------------------------

float lips(const Vec3& p) {
  const float t = p.x / (kMouthHalf + 1), open = 1 - t * t;
  if (open <= 0 || p.y > kMouthY + 11 || p.y < kMouthY - 14) return 0;
  if (p.y > kMouthY) {
    const float top = 7.4f * open * (1.15f - 0.15f * open) - 1.6f * bell(square(p.x / 2.6f));
    return smoothstep(top + 0.7f, top - 0.7f, p.y - kMouthY);
  }
  const float bottom = 10.0f * open * (1.1f - 0.1f * open);
  return smoothstep(bottom + 1, bottom - 1, kMouthY - p.y);
}

// ---- brows, lashes, beard ----------------------------------------------------------------------

float brow(const Person& who, const Vec3& p) {
  const float t = (std::abs(p.x) - 11) / 38;  // 0 at the inner end, 1 at the outer
  if (t < -0.06f || t > 1.06f || p.y < 8 || p.y > 40) return 0;
  const float y = 19.5f + who.brow_height + who.brow_arch * (1 - square((t - 0.62f) / 0.62f)) +
                  1.5f * t - 4 * square(std::max(0.0f, t - 0.62f) / 0.38f);
  const float half = who.brow_thick * mix(1.0f, 0.35f, square(t)) * smoothstep(-0.06f, 0.06f, t) *
                     smoothstep(1.06f, 0.9f, t);
  const float hairs = 0.8f + 0.2f * noise(who.grain, {p.x * 0.9f + p.y * 0.5f, p.y * 0.35f, 0});
  return who.brow_dark * hairs * smoothstep(half + 0.9f, half - 0.9f, std::abs(p.y - y));
}

/// Returns the factor of the skin colour at the dark rims of the lids and the fold above the upper
/// lid.
float lid_lines(const Vec3& p) {
  const float t = (std::abs(p.x) - kEyeX) / (kEyeHalf + 1.5f), open = 1 - t * t;
  if (open <= 0 || std::abs(p.y) > 16 || p.z < 0) return 1;
  if (p.y > 0) {
    const float lash = smoothstep(2.0f, 0.8f, p.y) * smoothstep(0, 0.25f, open);
    const float fold = bell(square((p.y - 3.0f - 4.5f * open) / 0.9f)) * smoothstep(0, 0.3f, open);
    return (1 - 0.85f * lash) * (1 - 0.35f * fold);
  }
  const float lash = smoothstep(-1.3f, -0.4f, p.y) * smoothstep(0, 0.3f, open);
  const float bag = bell(square((p.y + 4.0f + 5.0f * open) / 1.3f)) * smoothstep(0, 0.4f, open);
  return (1 - 0.4f * lash) * (1 - 0.10f * bag);
}

float beard(const Person& who, const Vec3& p) {
  if (who.beard + who.moustache == 0 || p.y > 0) return 0;
  const float x = std::abs(p.x);
  const float jaw = smoothstep(44, 56, x) * smoothstep(0, -30, p.y) * smoothstep(0, 20, p.z + 12);
  const float chin =
      smoothstep(-78, -86, p.y + 0.006f * square(std::max(0.0f, 26 - x)) - 0.25f * x + 8);
  const float lip = smoothstep(32, 25, x) * smoothstep(-52, -56, p.y - 0.10f * x) *
                    smoothstep(-76, -70, p.y) * (1 - lips(p));
  const float cover =
      std::max(who.beard * std::max(jaw, chin) * (1 - lips(p)), who.moustache * lip);
  if (cover <= 0) return 0;
  return std::clamp(cover * (0.85f + 0.3f * noise(who.grain + 5, p * 0.9f)), 0.0f, 0.95f);
}

// ---- lines -------------------------------------------------------------------------------------

/// Returns the darkness of the lines that expression and age draw.
float lines(const Person& who, const Wrinkles& wrinkles, const Vec3& p) {
  const float x = std::abs(p.x);
  const std::size_t side = p.x > 0 ? 1 : 0;
  float dark = 0;
  if (p.y > 32 && x < 46) {
    const float wave = 0.004f * square(x - 18);
    for (const float y : {42.0f, 50.0f, 58.0f})
      dark +=
          wrinkles.forehead * 0.45f * bell(square((p.y - y - wave) / 1.3f)) * smoothstep(46, 34, x);
  }
  if (p.y > 8 && p.y < 36) dark += wrinkles.frown * 0.6f * spot(p, 5, 22, 1.2f, 5);
  if (p.y > -16 && p.y < 12 && x < 14)
    for (const float y : {3.0f, -3.0f, -9.0f})
      dark +=
          wrinkles.nose * 0.4f * bell(square((p.y - y - 0.35f * x) / 1.0f)) * smoothstep(14, 8, x);
  if (p.y < -34 && p.y > -78) {  // from the nose's wing round the corner of the mouth
    const float down = (-40 - p.y) / 34;
    const float fold = 17 + 15 * down - 3 * square(down - 0.5f);
    dark += (0.08f * who.crease + 0.42f * wrinkles.smile[side]) * bell(square((x - fold) / 1.5f)) *
            smoothstep(-36, -44, p.y) * smoothstep(-78, -66, p.y);
  }
  if (x > 46 && x < 64 && std::abs(p.y) < 14)
    for (const float slope : {-0.5f, 0.05f, 0.6f})
      dark += wrinkles.crow[side] * 0.4f * bell(square((p.y - slope * (x - 44)) / 0.9f)) *
              smoothstep(46, 50, x) * smoothstep(64, 56, x);
  if (wrinkles.chin > 0 && p.y < -84)
    dark += wrinkles.chin * 0.25f * spot(p, 0, -97, 9, 6) * (0.6f + 0.8f * noise(77, p * 0.35f));
  return std::min(dark, 0.8f) * (0.4f + 0.6f * who.crease);
}

/// Returns the share of ambient light at places whose occlusion does not depend on the picture.
float baked_occlusion(const Vec3& p) {
  float light = 1;
  if (p.y < -36 && p.y > -60) {
    light *= 1 - 0.88f * spot(p, 6.0f, -50.2f, 2.4f, 1.1f);  // nostrils
    light *= 1 - 0.35f * spot(p, 17.5f, -45, 1.6f, 4);       // behind the wings
    light *= 1 - 0.25f * spot(p, 0, -53, 7, 1.5f);
  }
  if (p.y < -60) {
    light *= 1 - 0.22f * spot(p, 0, -83.5f, 11, 2.5f);
    light *= 1 - 0.4f * spot(p, 26.5f, -68, 1.8f, 1.8f);
    light *= 1 - 0.35f * bell(square((p.y - kMouthY) / 0.8f)) * smoothstep(27, 22, std::abs(p.x));
  }
  if (p.y > -16 && p.y < 30)
    light *= (1 - 0.18f * spot(p, 17, 4, 5, 8)) * (1 - 0.10f * spot(p, 31, 6, 13, 8));
  if (std::abs(p.x) > 66 && p.z < 12)
    light *= 1 - 0.45f * bell(square((p.y - 3 + 0.2f * p.z) / 9) + square((p.z + 5) / 4));
  return light;
}

}  // namespace

Vec3 skin_colour(const Person& who, const Wrinkles& wrinkles, const Vec3& p) {
  Vec3 colour = who.skin;
  const float flush = 0.5f * spot(p, 40, -34, 14, 11) + 0.5f * spot(p, 0, -43, 9, 7);
  colour = colour * mix(Vec3{1, 1, 1}, Vec3{1.0f, 0.80f, 0.78f}, flush);
  colour = colour * (1 + 0.10f * who.mottle * noise(who.grain, p * 0.11f) +
                     0.07f * who.mottle * noise(who.grain + 1, p * 0.45f));
  if (p.z > 0) {
    for (const Spot& mark : who.spots) {
      const float far = (square(p.x - mark.x) + square(p.y - mark.y)) / square(mark.radius);
      if (far < 4) colour = colour * mix(1, mark.tone, bell(far * 2));
    }
    colour = mix(colour, who.lips, lips(p));
    colour = mix(colour, who.hair * 0.8f, beard(who, p));
    colour = colour * (baked_occlusion(p) * (1 - lines(who, wrinkles, p)) * lid_lines(p));
    colour = mix(colour, who.hair * 0.6f, brow(who, p));
  }
  const float inside = inside_hair(who, p);
  if (inside > 2 || (inside > -2 && inside > 2 * noise(who.grain + 2, p * 0.5f)))
    colour = who.hair_thick > 0 ? hair_colour(who, p) : mix(colour, who.hair, 0.12f);
  return colour;
}

Vec3 eye_colour(const Person& who, const Gaze& gaze, const Vec3& p) {
  const Vec3 ahead = normalized(Vec3{0.42f * gaze.x, 0.34f * gaze.y, 1});
  const float off = length(p - ahead * kEyeRadius);
  const float shade =
      mix(0.35f, 1, smoothstep(7.5f, 2.0f, p.y)) * mix(0.6f, 1, smoothstep(15, 9, std::abs(p.x)));
  const float iris = who.iris_radius, pupil = 0.43f * iris;
  Vec3 colour{0.72f, 0.68f, 0.65f};
  if (p.z < 0) return {0, 0, 0};
  if (off < iris + 0.5f) {
    Vec3 inner = who.iris * (0.8f + 0.5f * (off / iris));
    inner = mix(inner, who.iris * 0.3f, smoothstep(iris - 1.3f, iris, off));
    inner = mix(Vec3{0.004f, 0.004f, 0.004f}, inner, smoothstep(pupil - 0.4f, pupil + 0.4f, off));
    colour = mix(inner, colour, smoothstep(iris - 0.4f, iris + 0.5f, off));
  }
  return colour * shade;
}

Vec3 teeth_colour(const Vec3& p) {
  const float gap = std::abs(p.x / 7.5f - static_cast<float>(whole_below(p.x / 7.5f)) -
                             0.5f);  // 0.5 between two teeth
  const float far = mix(1, 0.35f, smoothstep(8, 24, std::abs(p.x)));
  const float shade = p.y > -71 ? mix(0.7f, 1, smoothstep(-60, -66, p.y)) : 0.75f;
  return Vec3{0.74f, 0.69f, 0.60f} * (far * shade * (1 - 0.3f * smoothstep(0.42f, 0.5f, gap)));
}

Vec3 mouth_colour(const Vec3& p) {
  return p.y > kMouthY ? Vec3{0.030f, 0.008f, 0.008f} : Vec3{0.10f, 0.024f, 0.024f};
}

float inside_hair(const Person& who, const Vec3& p) {
  if (p.z > 56 && p.y < 20) return -9;
  const float x = p.x - who.parting;
  float line = who.hairline - 0.0035f * square(p.x);
  if (who.fringe > 0) {
    const float jag = noise(who.grain + 3, {p.x * 0.12f, 0, 0});
    line -= who.fringe * std::clamp(0.75f + 0.006f * std::abs(x) + 0.25f * jag, 0.0f, 1.2f) *
            smoothstep(2, 14, std::abs(x) + 8);
  }
  line = mix(line, -12, smoothstep(56, 26, p.z));
  line = mix(line, -64, smoothstep(-16, -30, p.z));
  if (who.long_hair > 0 || std::abs(p.x) < 50) return p.y - line;
  const float ear = square((p.y - 2 + 0.2f * p.z) / 26) + square((p.z + 10) / 12);
  return std::min(p.y - line, 12 * (ear - 1));
}

Vec3 hair_colour(const Person& who, const Vec3& p) {
  const Vec3 strand{(p.x - who.parting) * 0.55f, p.y * 0.05f, p.z * 0.25f};
  return who.hair *
         (1 + 0.45f * noise(who.grain + 4, strand) + 0.2f * noise(who.grain + 6, strand * 2.7f));
}

Vec3 body_colour(const Person& who, const Vec3& p) {
  const float collar = -142 - 0.9f * std::max(0.0f, 32 - std::abs(p.x)) * smoothstep(-10, 10, p.z) +
                       0.1f * std::abs(p.x);
  if (p.y > collar) return who.skin * mix(0.55f, 0.92f, smoothstep(-112, -140, p.y));
  const float wave = p.y / 14 - static_cast<float>(whole_below(p.y / 14));
  const float stripe = who.stripes * (wave > 0.5f ? 1.0f : 0.0f);
  const float seam = 1 - 0.3f * smoothstep(3, 0, collar - p.y);
  return mix(who.cloth, who.cloth * 0.35f, stripe) * seam *
         (1 + 0.12f * noise(who.grain + 7, p * 0.05f));
}

}  // namespace mien
