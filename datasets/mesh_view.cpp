#include "datasets/mesh_view.h"

#include "datasets/rasterizer.h"

namespace mien {
namespace {

constexpr int kSamples = 3;       // per pixel along one side
constexpr float kAmbient = 0.4f;  // share of the light that comes from everywhere
const Vec3 kTowardsLamp = unit({-0.35f, 0.4f, 0.85f});

/// All layers as one mesh.
struct Scene {
  std::vector<Vec3> screen, normals;
  std::vector<ScreenColour> colours;
  std::vector<std::int32_t> triangles;
};

std::vector<Vec3> normals_of(const MeshLayer& layer) {
  std::vector<Vec3> normals(layer.vertices.size());
  for (std::size_t t = 0; t + 2 < layer.triangles.size(); t += 3) {
    const auto corner = [&](std::size_t k) {
      return static_cast<std::size_t>(layer.triangles[t + k]);
    };
    const Vec3& a = layer.vertices[corner(0)];
    const Vec3 n = cross(layer.vertices[corner(1)] - a, layer.vertices[corner(2)] - a);
    for (std::size_t k = 0; k < 3; ++k) normals[corner(k)] += n;
  }
  for (Vec3& n : normals) n = unit(n);
  return normals;
}

Scene scene_of(std::span<const MeshLayer> layers, const Projection& projection) {
  Scene scene;
  for (const MeshLayer& layer : layers) {
    const auto first = static_cast<std::int32_t>(scene.screen.size());
    for (std::size_t v = 0; v < layer.vertices.size(); ++v) {
      const Vec3 p = projection(layer.vertices[v]);
      scene.screen.push_back({p.x * kSamples, p.y * kSamples, p.z + layer.lift});
      scene.colours.push_back(layer.colours[layer.colours.size() > 1 ? v : 0]);
    }
    for (const std::int32_t corner : layer.triangles) scene.triangles.push_back(first + corner);
    const std::vector<Vec3> normals = normals_of(layer);
    scene.normals.insert(scene.normals.end(), normals.begin(), normals.end());
  }
  return scene;
}

/// Colour of triangle `t` at a sample.
ScreenColour lit(const Scene& scene, std::size_t t, float x, float y) {
  const auto corner = [&](std::size_t k) {
    return static_cast<std::size_t>(scene.triangles[3 * t + k]);
  };
  const Vec3 w =
      barycentric(scene.screen[corner(0)], scene.screen[corner(1)], scene.screen[corner(2)], x, y);
  const auto of = [&](const std::vector<Vec3>& values) {
    return values[corner(0)] * w.x + values[corner(1)] * w.y + values[corner(2)] * w.z;
  };
  Vec3 normal = unit(of(scene.normals));
  if (normal.z < 0) normal = normal * -1;  // a scan's triangles may face either way
  const float direct = std::max(0.0f, dot(normal, kTowardsLamp));
  return of(scene.colours) * (kAmbient + (1 - kAmbient) * direct);
}

}  // namespace

void draw_meshes(Image& picture,
                 std::span<const MeshLayer> layers,
                 const Projection& projection,
                 float opacity) {
  const Scene scene = scene_of(layers, projection);
  Raster raster(picture.width * kSamples, picture.height * kSamples);
  raster.draw(scene.screen, scene.triangles, Sides::kBoth);
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      Vec3 sum;
      int seen = 0;
      for (int i = 0; i < kSamples * kSamples; ++i) {
        const int u = x * kSamples + i % kSamples, v = y * kSamples + i / kSamples;
        const std::int32_t t = raster.triangle[raster.at(u, v)];
        if (t < 0) continue;
        sum += lit(scene,
                   static_cast<std::size_t>(t),
                   static_cast<float>(u) + 0.5f,
                   static_cast<float>(v) + 0.5f);
        ++seen;
      }
      if (seen == 0) continue;
      const float cover = opacity * static_cast<float>(seen) / (kSamples * kSamples);
      const Vec3 colour = sum * (1 / static_cast<float>(seen));
      std::uint8_t* bgr = &picture.pixels[3 * static_cast<std::size_t>(y * picture.width + x)];
      for (const auto& [at, value] : {std::pair(0, colour.z), {1, colour.y}, {2, colour.x}})
        bgr[at] = static_cast<std::uint8_t>(
            std::clamp(mix(static_cast<float>(bgr[at]), value, cover) + 0.5f, 0.0f, 255.0f));
    }
}

ScreenColour scale_colour(double share) {
  // A path through CIE L*C*h at D65, its lightness linear, its chroma within what screens show.
  const double t = std::clamp(share, 0.0, 1.0);
  const double lightness = 24 + 66 * t, chroma = 46 - 64 * t + 88 * t * t;
  const double hue = (300 - 200 * t) * 3.14159265358979 / 180;
  const auto linear = [](double f) {
    constexpr double kKnee = 6.0 / 29;
    return f > kKnee ? f * f * f : 3 * kKnee * kKnee * (f - 4.0 / 29);
  };
  const double middle = (lightness + 16) / 116;
  const double x = 0.95047 * linear(middle + chroma * std::cos(hue) / 500), y = linear(middle),
               z = 1.08883 * linear(middle - chroma * std::sin(hue) / 200);
  const auto screen = [](double light) {  // the curve of sRGB (IEC 61966-2-1)
    light = std::clamp(light, 0.0, 1.0);
    const double level =
        light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
    return static_cast<float>(255 * level);
  };
  return {screen(3.2406 * x - 1.5372 * y - 0.4986 * z),
          screen(-0.9689 * x + 1.8758 * y + 0.0415 * z),
          screen(0.0557 * x - 0.2040 * y + 1.0570 * z)};
}

}  // namespace mien
