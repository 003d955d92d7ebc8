// Draws shaded triangle meshes over a picture.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "datasets/faces/vec3.h"
#include "datasets/images/image.h"

namespace mien {

/// Red, green and blue as on screens, 0 to 255.
using ScreenColour = Vec3;

/// One mesh of a view. x points to the viewer's right, y up and z towards the viewer.
struct MeshLayer {
  std::vector<Vec3> vertices;
  std::vector<std::int32_t> triangles;  // three vertex numbers each; both sides are visible
  std::vector<ScreenColour> colours;    // per vertex, or one for all
  /// The mesh shows through surfaces that are nearer by less than this, in the vertices' unit.
  float lift = 0;
};

/// Maps a point to a picture: x and y in px (y down), and a z that is greater for nearer points.
using Projection = std::function<Vec3(const Vec3&)>;

/// Draws the layers into `picture` (BGR) with soft edges and a lamp beside the viewer. With
/// `opacity` 1 the meshes hide the picture. Equal arguments give equal bytes.
void draw_meshes(Image& picture,
                 std::span<const MeshLayer> layers,
                 const Projection& projection,
                 float opacity = 1);

/// Returns the colour of `share`, clamped to 0..1, on OpenCV's scale "viridis": from dark violet
/// over blue and green to yellow. Its lightness grows evenly, so that it also reads in gray.
ScreenColour scale_colour(double share);

}  // namespace mien
