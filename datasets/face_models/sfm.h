// Parses the binary files of the Surrey face model (cereal, little-endian).
//
//   sfm_shape_<V>.bin              u32 version 1; shape PCA; colour PCA;
//                                  u64 count, count x 2 f64 (uv)
//     PCA                          matrix mean 3V x 1, matrix basis 3V x n (columns of length 1),
//                                  matrix eigenvalues n x 1 (mm^2);
//                                  u64 count, count x 3 i32 triangles
//     matrix                       i32 rows, i32 columns, f32 column by column
//   expression_blendshapes_<V>.bin u64 count; each: u64 length, name, matrix 3V x 1 (offsets)
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "harness/geometry/face_model.h"

namespace mien {

/// Returns the model in `image`. Messages call the file `name`.
/// Error (Exit::kPrecondition, with variable): the file is cut short, continues after its end, or
/// holds sizes that do not fit, a triangle out of range or a number that is not finite.
FaceModel parse_sfm(std::span<const std::byte> image, const std::string& name);

/// Fills the expression modes of `model`. Errors: those of parse_sfm.
void parse_blendshapes(std::span<const std::byte> image, const std::string& name, FaceModel& model);

}  // namespace mien
