// Writes the meshes of a scored prediction: the toolkit's own files, and the input of error maps.
#pragma once

#include <array>
#include <filesystem>

#include "harness/realy/realy.h"

namespace mien {

/// What a prediction's meshes are written from. `scores` were made with Keep::kMeshes.
struct ScoredPrediction {
  const std::string& name;
  RealyProtocol protocol;
  const Scan& scan;
  const AlignedPrediction& aligned;
  const std::array<RegionScore, kRegions>& scores;
};

/// Writes the toolkit's files below `folder`: at_global.obj (after gICP), and for every scored
/// region at_<region>.obj (after rICP), deform_<region>.obj (the deformed scan) and
/// error_<region>.obj (the scan, coloured from blue at error 0 to red at 0.5 units and more).
/// Failed regions are left out. Error (Exit::kPrecondition): a file cannot be written.
void write_aligned_meshes(const std::filesystem::path& folder, const ScoredPrediction& prediction);

/// Writes the file, in mm, from which bench-prepare draws an error map
/// (datasets/figures/error_map.h). Error (Exit::kPrecondition): it cannot be written.
void write_error_map(const std::filesystem::path& path, const ScoredPrediction& prediction);

}  // namespace mien
