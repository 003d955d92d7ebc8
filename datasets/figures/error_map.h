// Draws REALY scores as heat maps on the face. bench-mesh leaves one safetensors file per mesh:
//
//   prediction.vertices   F32 [V, 3]   mm, moved onto the scan
//   prediction.triangles  I32 [T, 3]
//   keypoints             F32 [85, 3]  of the scan, mm; they define front and top
//   <region>.vertices     F32 [n, 3]   of the scan, mm
//   <region>.triangles    I32 [t, 3]
//   <region>.errors       F32 [n]      mm
//
// A region that failed has no tensors. The metadata `score` is {"name", "subject", "mode",
// "regions":
// {<region>: mm or null}}.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "datasets/images/image.h"

namespace mien {

inline constexpr double kErrorScaleMm = 5;  // the upper end of the colour bar

/// Returns the face from the front and from the side, BGR. Regions are coloured by their error and
/// the rest of the prediction is gray. Error (Exit::kIntegrity): `file` is not such a file.
Image error_map(const std::filesystem::path& file);

/// Draws every <name>.safetensors of `folder` as <name>.png on all cores and removes it. Returns
/// {"folder", "drawn"}. An interrupted call leaves no partial picture, and the next call continues.
/// Errors: those of error_map.
/// Error (Exit::kPrecondition): the folder does not exist or cannot be written.
nlohmann::ordered_json draw_error_maps(const std::filesystem::path& folder);

}  // namespace mien
