// Triangle meshes drawn for people to look at: shaded, over a picture.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "datasets/image.h"
#include "datasets/vec3.h"

namespace mien {

/// A colour as screens have it: red, green, blue, 0 to 255.
using ScreenColour = Vec3;

/// One of the meshes of a view. Coordinates: x to the viewer's right, y up, z towards the viewer.
struct MeshLayer {
  std::vector<Vec3> vertices;
  std::vector<std::int32_t> triangles;  // three vertex numbers each; both sides are seen
  std::vector<ScreenColour> colours;    // per vertex, or one for all
  float lift = 0;  // seen through what lies before it by less than this, in the vertices' unit
};

/// A point to columns and rows of a picture in px (y down) and to its nearness.
using Projection = std::function<Vec3(const Vec3&)>;

/// Draws the layers into `picture` (BGR) with soft edges, lit from beside the viewer; `opacity` 1
/// hides what was there. Equal arguments give equal bytes.
void draw_meshes(Image& picture,
                 std::span<const MeshLayer> layers,
                 const Projection& projection,
                 float opacity = 1);

/// The colour of `share` (0 to 1, cut there) on a scale whose lightness grows evenly, from dark
/// violet over blue and green to yellow, so that it reads in gray as well.
ScreenColour scale_colour(double share);

}  // namespace mien
