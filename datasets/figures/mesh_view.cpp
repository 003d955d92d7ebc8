#include "datasets/figures/mesh_view.h"

#include <opencv2/imgproc.hpp>

#include "datasets/faces/rasterizer.h"

namespace mien {
namespace {

constexpr int kSamples = 3;       // per pixel along one side
constexpr float kAmbient = 0.4f;  // share of the light that comes from everywhere
const Vec3 kTowardsLamp = normalized({-0.35f, 0.4f, 0.85f});

/// All layers as one mesh.
struct JoinedMesh {
  std::vector<Vec3> screen, normals;
  std::vector<ScreenColour> colours;
  std::vector<std::int32_t> triangles;
};

JoinedMesh joined(std::span<const MeshLayer> layers, const Projection& projection) {
  JoinedMesh mesh;
  for (const MeshLayer& layer : layers) {
    const auto first = static_cast<std::int32_t>(mesh.screen.size());
    for (std::size_t v = 0; v < layer.vertices.size(); ++v) {
      const Vec3 p = projection(layer.vertices[v]);
      mesh.screen.push_back({p.x * kSamples, p.y * kSamples, p.z + layer.lift});
      mesh.colours.push_back(layer.colours[layer.colours.size() > 1 ? v : 0]);
    }
    for (const std::int32_t corner : layer.triangles) mesh.triangles.push_back(first + corner);
    const std::vector<Vec3> normals = vertex_normals(layer.vertices, layer.triangles);
    mesh.normals.insert(mesh.normals.end(), normals.begin(), normals.end());
  }
  return mesh;
}

/// Returns the colour of triangle `t` at a sample.
ScreenColour lit(const JoinedMesh& mesh, std::size_t t, float x, float y) {
  const auto corner = [&](std::size_t k) {
    return static_cast<std::size_t>(mesh.triangles[3 * t + k]);
  };
  const Vec3 w =
      barycentric(mesh.screen[corner(0)], mesh.screen[corner(1)], mesh.screen[corner(2)], x, y);
  const auto of = [&](const std::vector<Vec3>& values) {
    return values[corner(0)] * w.x + values[corner(1)] * w.y + values[corner(2)] * w.z;
  };
  Vec3 normal = normalized(of(mesh.normals));
  if (normal.z < 0) normal = normal * -1;  // a scan's triangles may face either way
  const float direct = std::max(0.0f, dot(normal, kTowardsLamp));
  return of(mesh.colours) * (kAmbient + (1 - kAmbient) * direct);
}

/// Adds the light of all samples of pixel (x, y) that show a triangle to `sum` and returns their
/// number.
int sum_samples(const JoinedMesh& mesh, const Raster& raster, int x, int y, Vec3& sum) {
  int seen = 0;
  for (int i = 0; i < kSamples * kSamples; ++i) {
    const int u = x * kSamples + i % kSamples, v = y * kSamples + i / kSamples;
    const std::int32_t t = raster.triangle[raster.at(u, v)];
    if (t < 0) continue;
    sum += lit(mesh,
               static_cast<std::size_t>(t),
               static_cast<float>(u) + 0.5f,
               static_cast<float>(v) + 0.5f);
    ++seen;
  }
  return seen;
}

}  // namespace

void draw_meshes(Image& picture,
                 std::span<const MeshLayer> layers,
                 const Projection& projection,
                 float opacity) {
  const JoinedMesh mesh = joined(layers, projection);
  Raster raster(picture.width * kSamples, picture.height * kSamples);
  raster.draw(mesh.screen, mesh.triangles, Culling::kNone);
  std::uint8_t* bgr = picture.pixels.data();
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x, bgr += 3) {
      Vec3 sum;
      const int seen = sum_samples(mesh, raster, x, y, sum);
      if (seen == 0) continue;
      const float cover = opacity * static_cast<float>(seen) / (kSamples * kSamples);
      const Vec3 colour = sum * (1 / static_cast<float>(seen));
      for (const auto& [at, value] : {std::pair(0, colour.z), {1, colour.y}, {2, colour.x}})
        bgr[at] = static_cast<std::uint8_t>(
            std::clamp(mix(static_cast<float>(bgr[at]), value, cover) + 0.5f, 0.0f, 255.0f));
    }
}

ScreenColour scale_colour(double share) {
  static const cv::Mat3b colours = [] {
    cv::Mat1b levels(1, 256);
    for (int i = 0; i < 256; ++i) levels(i) = static_cast<std::uint8_t>(i);
    cv::Mat out;
    cv::applyColorMap(levels, out, cv::COLORMAP_VIRIDIS);
    return out;
  }();
  const cv::Vec3b bgr = colours(static_cast<int>(std::lround(255 * std::clamp(share, 0.0, 1.0))));
  return {float(bgr[2]), float(bgr[1]), float(bgr[0])};
}

}  // namespace mien
