// Points and triangles as matrices in fp64, shared by the code of this folder.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

#include "harness/geometry/mesh.h"

namespace mien {

using Point = Eigen::RowVector3d;
using Points = Eigen::Matrix<double, Eigen::Dynamic, 3, Eigen::RowMajor>;  // one per row
using Triangles = std::vector<std::int32_t>;  // three vertex numbers per triangle

/// Returns the vertices of a mesh as they were read: fp32 values in fp64.
inline Points points_of(const Mesh& mesh) {
  const auto rows = static_cast<Eigen::Index>(mesh.vertices.size() / 3);
  return Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, 3, Eigen::RowMajor>>(
             mesh.vertices.data(), rows, 3)
      .cast<double>();
}

/// Returns every number rounded to fp32, as the toolkit's NumPy arrays hold it.
inline Points rounded_to_float(const Points& points) { return points.cast<float>().cast<double>(); }

}  // namespace mien
