// What matrices of face models have in common, whichever file they come from.
#include <algorithm>
#include <cmath>

#include "datasets/face_model_files.h"
#include "harness/core/error.h"

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

void fail_variable(const std::string& where, const std::string& what) {
  fail(Exit::kPrecondition, "{}: {}; get the file from its owner again", where, what);
}

void require_finite(std::span<const float> values, const std::string& where) {
  const auto bad = std::ranges::find_if_not(values, [](float v) { return std::isfinite(v); });
  if (bad != values.end())
    fail_variable(where, fmt::format("number {} is not finite", bad - values.begin()));
}

void require_indices(std::span<const std::int32_t> indices,
                     std::size_t vertices,
                     const std::string& where) {
  for (const std::int32_t index : indices)
    if (index < 0 || static_cast<std::size_t>(index) >= vertices)
      fail_variable(where, fmt::format("vertex {} (from 0) of {}", index, vertices));
}

std::vector<std::string> numbered_names(const std::string& stem, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) names.push_back(fmt::format("{}{:03}", stem, i));
  return names;
}

void add_quad(std::vector<std::int32_t>& triangles, std::span<const std::int32_t, 4> q) {
  triangles.insert(triangles.end(), {q[0], q[1], q[2]});
  if (q[3] >= 0) triangles.insert(triangles.end(), {q[0], q[2], q[3]});
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
      fail_variable(where, fmt::format("{} is no vertex number", value));
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
