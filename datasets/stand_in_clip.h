// Clips of stand-ins: one face that moves from neutral to a peak and back.
#pragma once

#include <span>
#include <vector>

#include "datasets/faces.h"

namespace mien {

/// One colour frame per strength in [0, 1]. Three pictures are drawn (at 0, 1/2 and 1) and faded
/// into one another, at a fraction of the cost of drawing them all. `face.strength` and
/// `face.channels` do not matter.
std::vector<Image> draw_clip(FaceRequest face, std::span<const double> strengths);

}  // namespace mien
