#include "datasets/stand_ins/clips.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "datasets/faces/faces.h"
#include "harness/base/error.h"

namespace mien {
namespace {

/// (256 - weight) / 256 of `from` and weight / 256 of `to`.
Image fade(const Image& from, const Image& to, int weight) {
  Image image = from;
  for (std::size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] =
        static_cast<std::uint8_t>((from.pixels[i] * (256 - weight) + to.pixels[i] * weight) >> 8);
  return image;
}

/// A camera's noise: no two frames are equal.
void add_noise(Image& image, FaceRandom& random) {
  for (std::uint8_t& value : image.pixels)
    value = static_cast<std::uint8_t>(
        std::clamp<int>(value + static_cast<int>(random.below(5)) - 2, 0, 255));
}

}  // namespace

std::vector<Image> draw_clip(FaceRequest face, std::span<const double> strengths) {
  face.channels = 3;
  std::array<Image, 3> keys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    face.strength = 0.5 * static_cast<double>(i);
    keys[i] = draw_face(face).image;
  }
  FaceRandom noise = random_for(face.seed,
                                {static_cast<std::uint64_t>(face.subject),
                                 static_cast<std::uint64_t>(face.session),
                                 static_cast<std::uint64_t>(face.number)});
  std::vector<Image> frames;
  for (const double strength : strengths) {
    MIEN_ASSERT(strength >= 0 && strength <= 1);
    const int at = static_cast<int>(std::lround(strength * 512));
    const std::size_t key = at < 256 ? 0 : 1;
    frames.push_back(fade(keys[key], keys[key + 1], at - static_cast<int>(key) * 256));
    add_noise(frames.back(), noise);
  }
  return frames;
}

}  // namespace mien
