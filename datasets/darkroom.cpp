#include "datasets/darkroom.h"

#include <array>

#include "datasets/noise.h"

namespace mien {
namespace {

float square(float x) { return x * x; }

/// Something in the room, out of focus. Coordinates in picture heights.
struct Thing {
  float x, y, half_width, half_height, soft;
  Vec3 colour;
};

std::vector<Thing> things_of(const Wall& wall, float aspect) {
  FaceRandom r(wall.grain);
  std::vector<Thing> things;
  const auto real = [&](double low, double high) {
    return static_cast<float>(r.between(low, high));
  };
  for (int i = 0; i < wall.things; ++i)
    things.push_back({real(0, aspect),
                      real(0, 1),
                      real(0.05, 0.35),
                      real(0.05, 0.5),
                      real(0.01, 0.08),
                      Vec3{real(0.8, 1.2), 1, real(0.8, 1.2)} * real(0.02, 0.8)});
  return things;
}

Vec3 wall_at(const Wall& wall, const std::vector<Thing>& things, float x, float y) {
  const float along =
      std::clamp(0.5f + wall.angle_x * (x - 0.5f) + wall.angle_y * (y - 0.5f), 0.0f, 1.0f);
  Vec3 colour = mix(wall.base, wall.other, along);
  for (const Thing& thing : things) {
    const float out = std::max(std::abs(x - thing.x) - thing.half_width,
                               std::abs(y - thing.y) - thing.half_height);
    colour = mix(colour, thing.colour, ramp(thing.soft, -thing.soft, out));
  }
  if (wall.texture > 0) colour = colour * (1 + wall.texture * noise(wall.grain, {x * 9, y * 9, 0}));
  return colour;
}

/// A finger: distance from (x, y) to the line between two points, less its thickness.
float capsule(float x, float y, float ax, float ay, float bx, float by, float thick) {
  const float dx = bx - ax, dy = by - ay;
  const float t = std::clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0.0f, 1.0f);
  return std::sqrt(square(x - ax - t * dx) + square(y - ay - t * dy)) - thick;
}

/// Covers part of the picture; coordinates in picture heights from the middle.
void occlude(Exposure& picture, const Occasion& o, const Person& who) {
  const float side = o.occluder_at < 0 ? -1.0f : 1.0f, at = std::abs(o.occluder_at);
  const float soft = 0.7f / static_cast<float>(picture.height);
  const Vec3 bright = o.light.ambient + o.light.lamp * 0.6f;
  for (int row = 0; row < picture.height; ++row)
    for (int column = 0; column < picture.width; ++column) {
      const auto h = static_cast<float>(picture.height);
      const float x =
          (static_cast<float>(column) + 0.5f - static_cast<float>(picture.width) / 2) / h;
      const float y = (static_cast<float>(row) + 0.5f) / h - 0.5f;
      const std::size_t pixel =
          static_cast<std::size_t>(row) * static_cast<std::size_t>(picture.width) +
          static_cast<std::size_t>(column);
      float out = 1;
      Vec3 colour = who.cloth * bright;
      if (o.occluder == Occluder::kHand) {
        for (int finger = 0; finger < 4; ++finger) {
          const float f = static_cast<float>(finger);
          out = std::min(out,
                         capsule(x,
                                 y,
                                 side * (0.60f - 0.1f * at),
                                 0.42f + 0.08f * f,
                                 side * (0.10f + 0.05f * f * f * 0.5f),
                                 0.18f + 0.085f * f + 0.1f * at,
                                 0.042f));
        }
        out = std::min(out, capsule(x, y, side * 0.6f, 0.6f, side * 0.5f, 0.5f, 0.17f));
        colour = who.skin * bright * mix(0.55f, 1, ramp(0, -0.035f, out));
      } else if (o.occluder == Occluder::kBar) {
        const float height = at < 0.5f ? 0.34f : -0.36f;
        out = std::abs(y - height - 0.15f * side * x) - 0.075f;
        colour = colour * (0.8f + 0.2f * noise(who.grain, {x * 14, y * 14, 0}));
      } else {
        out = 0.36f + 0.1f * at - side * x + 0.12f * y * y;
        colour = colour * 0.5f;
      }
      const float cover = ramp(soft, -soft, out);
      if (cover <= 0) continue;
      picture.light[pixel] = mix(picture.light[pixel], colour, cover);
    }
}

/// Binomial-like blur with a whole-number radius, by three passes of running means.
void blur(std::vector<float>& plane, int width, int height, float sigma) {
  if (sigma < 0.3f) return;
  // Three taps applied n times have variance n/2 at full weight; the weight takes up the rest.
  const int passes = std::max(1, static_cast<int>(std::ceil(sigma * sigma / 0.66f)));
  const float side = sigma * sigma / (2 * static_cast<float>(passes));
  std::vector<float> line(static_cast<std::size_t>(std::max(width, height)));
  const auto along = [&](std::size_t first, std::size_t step, int n) {
    for (int i = 0; i < n; ++i)
      line[static_cast<std::size_t>(i)] = plane[first + static_cast<std::size_t>(i) * step];
    for (int i = 0; i < n; ++i) {
      const float a = line[static_cast<std::size_t>(std::max(0, i - 1))],
                  b = line[static_cast<std::size_t>(i)],
                  c = line[static_cast<std::size_t>(std::min(n - 1, i + 1))];
      plane[first + static_cast<std::size_t>(i) * step] = b + side * (a - 2 * b + c);
    }
  };
  for (int pass = 0; pass < passes; ++pass) {
    for (int y = 0; y < height; ++y)
      along(static_cast<std::size_t>(y) * static_cast<std::size_t>(width), 1, width);
    for (int x = 0; x < width; ++x)
      along(static_cast<std::size_t>(x), static_cast<std::size_t>(width), height);
  }
}

}  // namespace

Image develop(Exposure picture, const Occasion& o, const Person& who, const FaceRequest& request) {
  const auto h = static_cast<float>(picture.height);
  const std::vector<Thing> things = things_of(o.wall, static_cast<float>(picture.width) / h);
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const std::size_t pixel =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) +
          static_cast<std::size_t>(x);
      if (picture.cover[pixel] < 0.999f)
        picture.light[pixel] += wall_at(o.wall,
                                        things,
                                        (static_cast<float>(x) + 0.5f) / h,
                                        (static_cast<float>(y) + 0.5f) / h) *
                                (1 - picture.cover[pixel]);
    }
  if (o.occluder != Occluder::kNone) occlude(picture, o, who);

  Image image{picture.width, picture.height, request.channels, {}};
  image.pixels.resize(picture.light.size() * static_cast<std::size_t>(image.channels));
  FaceRandom grain = random_for(request.seed,
                                {4,
                                 static_cast<std::uint64_t>(request.subject),
                                 static_cast<std::uint64_t>(request.sitting),
                                 static_cast<std::uint64_t>(request.number)});
  std::vector<float> plane(picture.light.size());
  for (int channel = 0; channel < image.channels; ++channel) {
    const Vec3 pick = image.channels == 1 ? Vec3{0.30f, 0.59f, 0.11f}
                      : channel == 0      ? Vec3{0, 0, 1}
                      : channel == 1      ? Vec3{0, 1, 0}
                                          : Vec3{1, 0, 0};
    for (std::size_t i = 0; i < plane.size(); ++i) {
      const float level =
          std::sqrt(std::clamp(o.exposure * dot(picture.light[i], pick), 0.0f, 1.0f));
      plane[i] = 255 * (0.45f + o.contrast * (level - 0.45f));
    }
    blur(plane, image.width, image.height, o.blur * h);
    for (std::size_t i = 0; i < plane.size(); ++i) {
      const float noisy =
          plane[i] + (o.noise > 0 ? o.noise * static_cast<float>(grain.normal()) : 0);
      image.pixels[i * static_cast<std::size_t>(image.channels) +
                   static_cast<std::size_t>(channel)] =
          static_cast<std::uint8_t>(std::clamp(noisy + 0.5f, 0.0f, 255.0f));
    }
  }
  return image;
}

}  // namespace mien
