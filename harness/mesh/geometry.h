// What the mesh code shares: points as matrices, and triangle meshes in double.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "harness/core/mesh.h"

namespace mien {

using Point = Eigen::RowVector3d;
using Points = Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor>;  // one per row
using Corners = std::vector<std::int32_t>;  // three vertex numbers per triangle

/// The vertices of a mesh as they were read: fp32 values in double.
inline Points points_of(const Mesh& mesh) {
  const auto rows = static_cast<Eigen::Index>(mesh.vertices.size() / 3);
  return Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor>>(
             mesh.vertices.data(), rows, 3)
      .cast<double>();
}

/// Every number rounded to fp32, as NumPy arrays of that type hold it.
inline Points rounded_to_float(const Points& points) { return points.cast<float>().cast<double>(); }

}  // namespace mien
