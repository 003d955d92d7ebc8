// The checks of matrices that all readers of face models share.
#include <cmath>

#include "datasets/face_models/face_model_files.h"
#include "harness/base/error.h"

namespace mien {
namespace {

Matrix transposed(const Matrix& m) {
  Matrix out{m.cols, m.rows, std::vector<float>(m.values.size())};
  for (std::size_t row = 0; row < m.rows; ++row)
    for (std::size_t col = 0; col < m.cols; ++col)
      out.values[col * m.rows + row] = m.values[row * m.cols + col];
  return out;
}

}  // namespace

std::vector<std::string> numbered_names(const std::string& stem, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("{}{:03}", stem, i));
  return names;
}

std::vector<float> modes_of(Matrix matrix, std::size_t size, const std::string& where) {
  if (matrix.cols == size) return std::move(matrix.values);
  if (matrix.rows == size) return transposed(matrix).values;
  fail_variable(where,
                fmt::format("{} x {} numbers, expected {} on one side, as many as the mean has",
                            matrix.rows,
                            matrix.cols,
                            size));
}

std::vector<std::int32_t> whole_numbers(std::span<const float> values, const std::string& where) {
  std::vector<std::int32_t> out;
  out.reserve(values.size());
  for (const float value : values) {
    if (std::abs(value) > 0x1p24f || value != std::floor(value))
      fail_variable(where, fmt::format("{} is not a vertex number", value));
    out.push_back(static_cast<std::int32_t>(value));
  }
  return out;
}

std::vector<std::int32_t> triangles_of(const Matrix& matrix, const std::string& where) {
  if (matrix.rows == 3) return whole_numbers(transposed(matrix).values, where);
  if (matrix.cols == 3) return whole_numbers(matrix.values, where);
  fail_variable(where,
                fmt::format("{} x {} numbers, expected triangles of 3", matrix.rows, matrix.cols));
}

void take_roots(std::vector<float>& variances, const std::string& where) {
  for (float& value : variances) {
    if (value < 0) fail_variable(where, fmt::format("variance {} is negative", value));
    value = std::sqrt(value);
  }
}

}  // namespace mien
