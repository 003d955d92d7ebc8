// REALY's stand-in: scans of the built-in head's people, cut into regions, and pictures of them.
#pragma once

#include <filesystem>
#include <vector>

#include "datasets/dataset.h"
#include "datasets/stand_in_tree.h"

namespace mien {

/// Keypoints, scan regions, the template SYN and the scales, below `out`.
void write_realy_geometry(const std::filesystem::path& out, const SynthesizeOptions& options);

/// Per subject one frontal and four side views.
std::vector<PlannedPicture> realy_pictures(const SynthesizeOptions& options);

}  // namespace mien
