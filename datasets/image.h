// Pixels in memory, as pictures on disk have them.
#pragma once

#include <cstdint>
#include <vector>

namespace mien {

struct Image {
  int width = 0, height = 0;
  int channels = 1;                  // 1 gray, 3 BGR
  std::vector<std::uint8_t> pixels;  // height * width * channels, row by row
};

}  // namespace mien
