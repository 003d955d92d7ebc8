// Where a predicted face is how far off: a REALY score as a picture. bench-mesh leaves one file per
// mesh, a safetensors with
//
//   prediction.vertices   F32 [V, 3]   mm, moved onto the scan      prediction.triangles  I32 [T,
//   3] keypoints             F32 [85, 3]  the scan's, mm: they say where front and top are
//   <region>.vertices     F32 [n, 3]   the scan's, mm               <region>.triangles    I32 [t,
//   3] <region>.errors       F32 [n]      mm; a region that failed has no tensors
//
// and in its metadata `score`: {"name", "subject", "mode", "regions": {<region>: mm or null}}.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "datasets/image.h"

namespace mien {

inline constexpr double kErrorScaleMm = 5;  // the colour bar's upper end

/// The face from the front and from the side, regions coloured by their error, the rest of the
/// prediction gray; BGR. Errors (Exit::kIntegrity): not such a file.
Image error_map(const std::filesystem::path& file);

/// Draws every <name>.safetensors of `folder` as <name>.png, on all cores, and removes it; gives
/// {"folder", "drawn"}. Killed at any moment it leaves no half picture; the next call goes on.
/// Errors: as above; (Exit::kPrecondition): no such folder, cannot be written.
nlohmann::ordered_json draw_error_maps(const std::filesystem::path& folder);

}  // namespace mien
