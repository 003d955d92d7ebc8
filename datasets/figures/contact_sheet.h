// Shows samples of a pack: one row of faces per class.
#pragma once

#include "datasets/images/image.h"
#include "harness/task/pack.h"

namespace mien {

/// Returns a picture with one row per class that has samples and a last row for samples without a
/// label. Each row starts with its name and count and shows `columns` samples, spread evenly over
/// the subjects. REQUIRES: columns > 0.
Image contact_sheet(const Pack& pack, int columns);

}  // namespace mien
