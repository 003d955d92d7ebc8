// The built-in head's features and modes: tables of soft pulls on the skin.
#pragma once

#include <span>
#include <vector>

#include "datasets/head.h"

namespace mien {

/// Where the skin at `place` lies on the mean, neutral face, lids open.
Vec3 formed(const Vec3& place);

/// Fills the model's modes. `anchor` gives per vertex the place whose motion it shares.
void add_modes(Head& head, const std::vector<Vec3>& anchor);

struct Mark {
  float x, y;
};
/// Places of the 68 landmarks in iBUG order.
std::span<const Mark> landmark_places();

}  // namespace mien
