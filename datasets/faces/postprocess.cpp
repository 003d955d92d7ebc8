#include "datasets/faces/postprocess.h"

#include <array>

#include "datasets/faces/materials.h"

namespace mien {
namespace {

// ---- background --------------------------------------------------------------------------------

/// An object in the background, out of focus. Coordinates are in picture heights.
struct BackgroundShape {
  float x, y, half_width, half_height, soft;
  Vec3 colour;
};

std::vector<BackgroundShape> shapes_of(const Wall& wall, float aspect) {
  FaceRandom r(wall.grain);
  std::vector<BackgroundShape> shapes;
  for (int i = 0; i < wall.shapes; ++i)
    shapes.push_back(
        {.x = uniform(r, 0, aspect),
         .y = uniform(r, 0, 1),
         .half_width = uniform(r, 0.05, 0.35),
         .half_height = uniform(r, 0.05, 0.5),
         .soft = uniform(r, 0.01, 0.08),
         .colour = Vec3{uniform(r, 0.8, 1.2), 1, uniform(r, 0.8, 1.2)} * uniform(r, 0.02, 0.8)});
  return shapes;
}

Vec3 wall_at(const Wall& wall, const std::vector<BackgroundShape>& shapes, float x, float y) {
  const float along =
      std::clamp(0.5f + wall.angle_x * (x - 0.5f) + wall.angle_y * (y - 0.5f), 0.0f, 1.0f);
  Vec3 colour = mix(wall.base, wall.other, along);
  for (const BackgroundShape& shape : shapes) {
    const float out = std::max(std::abs(x - shape.x) - shape.half_width,
                               std::abs(y - shape.y) - shape.half_height);
    colour = mix(colour, shape.colour, smoothstep(shape.soft, -shape.soft, out));
  }
  if (wall.texture > 0) colour = colour * (1 + wall.texture * noise(wall.grain, {x * 9, y * 9, 0}));
  return colour;
}

void add_background(RenderTarget& target, const Wall& wall) {
  const auto h = static_cast<float>(target.height);
  const std::vector<BackgroundShape> shapes = shapes_of(wall, static_cast<float>(target.width) / h);
  std::size_t pixel = 0;
  for (int y = 0; y < target.height; ++y)
    for (int x = 0; x < target.width; ++x, ++pixel)
      if (target.cover[pixel] < 0.999f)
        target.light[pixel] += wall_at(wall,
                                       shapes,
                                       (static_cast<float>(x) + 0.5f) / h,
                                       (static_cast<float>(y) + 0.5f) / h) *
                               (1 - target.cover[pixel]);
}

// ---- occluders ---------------------------------------------------------------------------------

/// Returns the distance of (x, y) from the line between two points, minus the half width `thick`.
float capsule(float x, float y, float ax, float ay, float bx, float by, float thick) {
  const float dx = bx - ax, dy = by - ay;
  const float t = std::clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy), 0.0f, 1.0f);
  return std::sqrt(square(x - ax - t * dx) + square(y - ay - t * dy)) - thick;
}

/// An occluder at one point: the signed distance to its border, negative inside, and its colour.
struct OccluderPoint {
  float out;
  Vec3 colour;
};

OccluderPoint hand_at(float x, float y, float side, float at, const Vec3& lit_skin) {
  float out = 1;
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
  return {out, lit_skin * mix(0.55f, 1, smoothstep(0, -0.035f, out))};
}

/// Coordinates are in picture heights from the middle.
OccluderPoint occluder_at(const SceneSettings& settings, const Person& who, float x, float y) {
  const float side = settings.occluder_at < 0 ? -1.0f : 1.0f, at = std::abs(settings.occluder_at);
  const Vec3 bright = settings.light.ambient + settings.light.lamp * 0.6f;
  if (settings.occluder == Occluder::kHand) return hand_at(x, y, side, at, who.skin * bright);
  const Vec3 cloth = who.cloth * bright;
  if (settings.occluder == Occluder::kBar) {
    const float height = at < 0.5f ? 0.34f : -0.36f;
    return {std::abs(y - height - 0.15f * side * x) - 0.075f,
            cloth * (0.8f + 0.2f * noise(who.grain, {x * 14, y * 14, 0}))};
  }
  return {0.36f + 0.1f * at - side * x + 0.12f * y * y, cloth * 0.5f};
}

void add_occluder(RenderTarget& target, const SceneSettings& settings, const Person& who) {
  const auto w = static_cast<float>(target.width), h = static_cast<float>(target.height);
  const float soft = 0.7f / h;
  std::size_t pixel = 0;
  for (int row = 0; row < target.height; ++row)
    for (int column = 0; column < target.width; ++column, ++pixel) {
      const float x = (static_cast<float>(column) + 0.5f - w / 2) / h;
      const float y = (static_cast<float>(row) + 0.5f) / h - 0.5f;
      const OccluderPoint point = occluder_at(settings, who, x, y);
      const float cover = smoothstep(soft, -soft, point.out);
      if (cover > 0) target.light[pixel] = mix(target.light[pixel], point.colour, cover);
    }
}

// ---- camera ------------------------------------------------------------------------------------

/// Blurs a plane by repeated three-tap filters, which approach a Gaussian of deviation `sigma`.
void blur(std::vector<float>& plane, int width, int height, float sigma) {
  if (sigma < 0.3f) return;
  // n passes at full weight have variance n/2. The weight makes up the difference to sigma^2.
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

/// Returns one channel of the exposed picture in gray levels of 255. `weights` mixes red, green and
/// blue.
std::vector<float> exposed_plane(const RenderTarget& target,
                                 const SceneSettings& settings,
                                 const Vec3& weights) {
  std::vector<float> plane(target.light.size());
  for (std::size_t i = 0; i < plane.size(); ++i) {
    const float level =
        std::sqrt(std::clamp(settings.exposure * dot(target.light[i], weights), 0.0f, 1.0f));
    plane[i] = 255 * (0.45f + settings.contrast * (level - 0.45f));
  }
  blur(plane, target.width, target.height, settings.blur * static_cast<float>(target.height));
  return plane;
}

}  // namespace

Image postprocess(RenderTarget target,
                  const SceneSettings& settings,
                  const Person& person,
                  const FaceRequest& request) {
  static constexpr Vec3 kGray{0.30f, 0.59f, 0.11f},
      kBlueGreenRed[] = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}};
  add_background(target, settings.wall);
  if (settings.occluder != Occluder::kNone) add_occluder(target, settings, person);

  const auto channels = static_cast<std::size_t>(request.channels);
  Image image{target.width, target.height, request.channels, {}};
  image.pixels.resize(target.light.size() * channels);
  FaceRandom grain = random_for(request.seed,
                                {4,
                                 static_cast<std::uint64_t>(request.subject),
                                 static_cast<std::uint64_t>(request.session),
                                 static_cast<std::uint64_t>(request.number)});
  for (std::size_t channel = 0; channel < channels; ++channel) {
    const std::vector<float> plane =
        exposed_plane(target, settings, channels == 1 ? kGray : kBlueGreenRed[channel]);
    for (std::size_t i = 0; i < plane.size(); ++i) {
      const float noisy =
          plane[i] + (settings.noise > 0 ? settings.noise * static_cast<float>(grain.normal()) : 0);
      image.pixels[i * channels + channel] =
          static_cast<std::uint8_t>(std::clamp(noisy + 0.5f, 0.0f, 255.0f));
    }
  }
  return image;
}

}  // namespace mien
