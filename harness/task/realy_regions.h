// Names the regions of a REALY scan, for scoring, storing and drawing.
#pragma once

#include <array>

namespace mien {

/// In the order in which every table and figure shows them.
inline constexpr std::array<const char*, 4> kRealyRegions = {"nose", "mouth", "forehead", "cheek"};

}  // namespace mien
