#include "datasets/faces/person.h"

#include <array>
#include <string_view>

namespace mien {
namespace {

Vec3 colour(int red, int green, int blue) {
  const auto linear = [](int c) {
    const float s = static_cast<float>(c) / 255;
    return s * s;
  };
  return {linear(red), linear(green), linear(blue)};
}

// The colours of a person lie between two neighbours of a table.
// clang-format off
const Vec3 kSkins[] = {colour(246, 214, 194), colour(232, 190, 160), colour(206, 158, 122),
                       colour(166, 116, 82), colour(120, 80, 56), colour(84, 56, 42)};
const Vec3 kHairs[] = {colour(24, 20, 20), colour(48, 34, 26), colour(88, 60, 38),
                       colour(132, 96, 58), colour(196, 160, 108), colour(122, 58, 30),
                       colour(150, 146, 142)};
const Vec3 kIrises[] = {colour(62, 42, 28), colour(90, 64, 40), colour(86, 96, 66),
                        colour(84, 110, 136)};
// clang-format on

struct ToonLook {
  Vec3 skin, hair, cloth, iris;
  float hair_thick, fringe, long_hair, beard, parting;
  bool glasses;
  std::array<float, 6> shape;  // see kToonModes
};
constexpr std::string_view kToonModes[] = {
    "head_width", "chin_width", "nose_forward", "jaw_width", "cheeks", "head_length"};

struct Weight {
  std::string_view mode;
  float by;
};
constexpr Weight kToonEyes[] = {{"eye_opening", 3.4f}, {"eye_lower_lid", 3.2f}, {"eye_depth", 1}};

// clang-format off
// Six characters that are easy to tell apart.
const ToonLook kToons[] = {
    {.skin = colour(250, 205, 170), .hair = colour(60, 30, 20), .cloth = colour(200, 40, 50),
     .iris = colour(80, 50, 30), .hair_thick = 14, .fringe = 16, .long_hair = 120, .beard = 0,
     .parting = -20, .glasses = false, .shape = {0, -1, -1, -1, 1, 0}},
    {.skin = colour(150, 96, 64), .hair = colour(20, 16, 16), .cloth = colour(40, 90, 180),
     .iris = colour(50, 30, 20), .hair_thick = 9, .fringe = 0, .long_hair = 0, .beard = 0.9f,
     .parting = 0, .glasses = false, .shape = {1, 2, 1.5f, 2, 0, 0}},
    {.skin = colour(252, 226, 206), .hair = colour(220, 90, 30), .cloth = colour(40, 140, 80),
     .iris = colour(60, 140, 90), .hair_thick = 24, .fringe = 22, .long_hair = 0, .beard = 0,
     .parting = 25, .glasses = true, .shape = {-1, -1, 0, -1, -1, 1.5f}},
    {.skin = colour(226, 178, 130), .hair = colour(24, 22, 30), .cloth = colour(240, 190, 50),
     .iris = colour(40, 30, 30), .hair_thick = 10, .fringe = 30, .long_hair = 90, .beard = 0,
     .parting = 0, .glasses = false, .shape = {0.5f, 0, -2, 0, 1.5f, -1}},
    {.skin = colour(244, 200, 176), .hair = colour(236, 206, 120), .cloth = colour(150, 60, 160),
     .iris = colour(70, 120, 190), .hair_thick = 18, .fringe = 6, .long_hair = 0, .beard = 0,
     .parting = 30, .glasses = false, .shape = {-0.5f, 1, 2, 1, -1, 2}},
    {.skin = colour(206, 150, 110), .hair = colour(150, 150, 156), .cloth = colour(60, 60, 70),
     .iris = colour(90, 90, 90), .hair_thick = 0, .fringe = 0, .long_hair = 0, .beard = 0.6f,
     .parting = 0, .glasses = true, .shape = {2, 1, 2, 1.5f, 2, -0.5f}},
};
// clang-format on

bool chance(FaceRandom& r, int percent) {
  return r.below(100) < static_cast<std::uint64_t>(percent);
}

template <std::size_t N>
Vec3 pick(FaceRandom& r, const Vec3 (&table)[N]) {
  const auto i = static_cast<std::size_t>(r.below(N - 1));
  return mix(table[i], table[i + 1], uniform(r, 0, 1));
}

void dress(Person& p, FaceRandom& r) {
  p.cloth = {uniform(r, 0.02, 0.6), uniform(r, 0.02, 0.6), uniform(r, 0.02, 0.6)};
  p.cloth = mix(p.cloth, Vec3{1, 1, 1} * ((p.cloth.x + p.cloth.y + p.cloth.z) / 3), 0.6f);
  p.stripes = chance(r, 25) ? uniform(r, 0.3, 0.9) : 0;
  p.has_glasses = chance(r, 16);
  p.glasses = chance(r, 70) ? Vec3{0.01f, 0.01f, 0.01f} : Vec3{0.25f, 0.2f, 0.12f};
}

void grow_hair(Person& p, FaceRandom& r) {
  p.hair = pick(r, kHairs);
  const float dark = std::clamp(0.9f - 1.4f * p.skin.y, 0.0f, 0.9f);
  p.hair = mix(p.hair, kHairs[0], dark);
  p.hairline = uniform(r, 62, 80);
  p.hair_thick = chance(r, 8) ? 0 : uniform(r, 4, 20);
  p.fringe = chance(r, 28) ? uniform(r, 12, 36) : uniform(r, 0, 5);
  p.parting = uniform(r, -40, 40);
  p.long_hair = p.hair_thick > 0 && chance(r, 42) ? uniform(r, 30, 130) : 0;
  const bool bearded = p.long_hair == 0 && chance(r, 38);
  p.beard = bearded ? uniform(r, 0.15, 0.95) : 0;
  p.moustache = bearded ? uniform(r, 0.2, 0.95) : 0;
  p.brow_height = uniform(r, -1.5, 2.5);
  p.brow_arch = uniform(r, 0.5, 4.5);
  p.brow_thick = uniform(r, 2.0, 4.2);
  p.brow_dark = uniform(r, 0.6, 0.95);
}

void mark(Person& p, FaceRandom& r) {
  p.mottle = uniform(r, 0.1, 0.8);
  p.crease = uniform(r, 0.15, 1);
  p.grain = static_cast<std::uint32_t>(r.next());
  const bool freckled = chance(r, 15);
  for (std::uint64_t left = r.below(4) + (freckled ? 14 : 0); left > 0; --left)
    p.spots.push_back({uniform(r, -52, 52),
                       freckled ? uniform(r, -45, -5) : uniform(r, -95, 60),
                       freckled ? uniform(r, 0.7, 1.3) : uniform(r, 0.8, 2.4),
                       freckled ? 0.75f : uniform(r, 0.25, 0.7)});
}

void stylise(Person& p, const ToonLook& look, const FaceModel& model) {
  p.skin = look.skin;
  p.hair = look.hair;
  p.cloth = look.cloth;
  p.iris = look.iris;
  p.lips = look.skin * Vec3{0.75f, 0.35f, 0.32f};
  p.hair_thick = look.hair_thick;
  p.fringe = look.fringe;
  p.long_hair = look.long_hair;
  p.beard = p.moustache = look.beard;
  p.parting = look.parting;
  p.has_glasses = look.glasses;
  p.iris_radius = 8.2f;
  p.brow_height = 4;
  p.brow_thick = 4.2f;
  p.brow_dark = 1;
  p.mottle = p.stripes = 0;
  p.spots.clear();
  for (std::size_t i = 0; i < p.identity.size(); ++i) {
    p.identity[i] *= 0.3f;
    if (model.identity_names[i].starts_with("eye_")) p.identity[i] = 0;
    for (const auto& [mode, weight] : kToonEyes)
      if (model.identity_names[i] == mode) p.identity[i] = weight;
    for (std::size_t k = 0; k < std::size(kToonModes); ++k)
      if (model.identity_names[i] == kToonModes[k]) p.identity[i] = look.shape[k];
  }
}

}  // namespace

Person person_of(std::uint64_t seed, int subject, FaceStyle style, const FaceModel& model) {
  FaceRandom r = random_for(seed, {1, static_cast<std::uint64_t>(subject)});
  Person p{};
  for (std::size_t i = 0; i < model.identity_components(); ++i) {
    const float unit = i < model.identity_std.size() ? model.identity_std[i] : 1;
    p.identity.push_back(unit * static_cast<float>(std::clamp(0.9 * r.normal(), -2.2, 2.2)));
  }
  p.skin = pick(r, kSkins);
  p.lips = p.skin * mix(Vec3{0.82f, 0.52f, 0.50f}, Vec3{0.80f, 0.33f, 0.34f}, uniform(r, 0, 1));
  p.iris = pick(r, kIrises);
  p.iris_radius = 6.3f;
  grow_hair(p, r);
  dress(p, r);
  mark(p, r);
  if (style == FaceStyle::kToon)
    stylise(p, kToons[static_cast<std::size_t>(subject) % std::size(kToons)], model);
  for (std::size_t i = 0; i < p.identity.size(); ++i)  // long hair lies over the ears
    if (p.long_hair > 0 && model.identity_names[i] == "ears") p.identity[i] = -6;
  return p;
}

}  // namespace mien
