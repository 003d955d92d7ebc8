// Which triangle is seen where: a z-buffer over a grid of samples.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datasets/vec3.h"

namespace mien {

enum class Sides { kFront, kBoth };

/// What is seen at each sample. Samples have their centre at (x + 0.5, y + 0.5).
struct Raster {
  int width = 0, height = 0;
  std::vector<std::int32_t> triangle;  // -1: nothing
  std::vector<float> depth;            // greater is nearer

  Raster(int width_samples, int height_samples);
  std::size_t at(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
           static_cast<std::size_t>(x);
  }
  /// Draws triangles (three vertex numbers each) into the buffer; they are numbered from
  /// `first_number`. `screen` holds x and y in samples (y down) and z, greater is nearer; a front
  /// side has its corners counter-clockwise as seen.
  void draw(std::span<const Vec3> screen,
            std::span<const std::int32_t> triangles,
            Sides sides,
            std::int32_t first_number = 0);
};

/// Weights of the three corners at (x, y) on the screen; they sum to 1.
Vec3 barycentric(const Vec3& a, const Vec3& b, const Vec3& c, float x, float y);

}  // namespace mien
