// The meshes that the toolkit leaves of each prediction, to be looked at.
#pragma once

#include <array>
#include <filesystem>

#include "harness/mesh/realy.h"

namespace mien {

/// Writes below `folder`: at_global.obj (after gICP), and per region at_<region>.obj (after rICP),
/// deform_<region>.obj (the bent scan) and error_<region>.obj: the scan, coloured from blue (0) to
/// red (0.5 units and more). `scores` must have been kept with meshes; failed regions are left out.
void write_aligned_meshes(const std::filesystem::path& folder,
                          const Placed& placed,
                          const Scan& scan,
                          const std::array<RegionScore, kRegions>& scores);

}  // namespace mien
