// A matrix of numbers in memory.
#pragma once

#include <cstddef>
#include <vector>

namespace mien {

/// Numbers in rows and columns, row by row.
struct Matrix {
  std::size_t rows = 0, cols = 0;
  std::vector<float> values;
};

/// The largest matrix that a file may have: ten times the largest known face model.
inline constexpr std::size_t kMostNumbers = std::size_t{1} << 28;

}  // namespace mien
