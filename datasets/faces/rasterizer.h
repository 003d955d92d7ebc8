// Finds the visible triangle at each sample of a grid with a z-buffer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/faces/vec3.h"

namespace mien {

/// Which triangles are left out.
enum class Culling { kBackFaces, kNone };

/// The visible triangle at each sample. The centre of sample (x, y) is at (x + 0.5, y + 0.5).
struct Raster {
  int width = 0, height = 0;
  std::vector<std::int32_t> triangle;  // -1: nothing
  std::vector<float> depth;            // a greater value is nearer

  Raster(int width_samples, int height_samples);
  std::size_t at(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
           static_cast<std::size_t>(x);
  }
  /// Draws `triangles` (three vertex numbers each) into the buffer. Their numbers in the buffer
  /// start at `first_number`. `screen` holds x and y in samples (y down) and a depth z; a greater z
  /// is nearer. The corners of a front face run counter-clockwise on the screen.
  void draw(std::span<const Vec3> screen,
            std::span<const std::int32_t> triangles,
            Culling culling,
            std::int32_t first_number = 0);
};

/// Returns the weights of the three corners at (x, y) on the screen. They sum to 1.
Vec3 barycentric(const Vec3& a, const Vec3& b, const Vec3& c, float x, float y);

}  // namespace mien
