// Pictures and points in memory.
#pragma once

#include <cstdint>
#include <vector>

namespace mien {

struct Image {
  int width = 0, height = 0;
  int channels = 1;                  // 1 gray, 3 BGR
  std::vector<std::uint8_t> pixels;  // height * width * channels, row by row
};

struct FacePoint {
  double x = 0, y = 0;  // px, origin in the top left corner
};

}  // namespace mien
