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

/// What a picture of a score shows.
struct ErrorMap {
  const std::string& name;
  Mode mode;
  const Scan& scan;
  const Placed& placed;
  const std::array<RegionScore, kRegions>& scores;  // kept with meshes
};

/// Writes the file from which bench-prepare draws (datasets/error_map.h), in mm.
void write_error_map(const std::filesystem::path& path, const ErrorMap& map);

}  // namespace mien
