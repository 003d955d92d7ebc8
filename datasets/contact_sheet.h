// A look at a pack: one row of faces per class.
#pragma once

#include "datasets/image.h"
#include "harness/core/pack.h"

namespace mien {

/// Rows are the classes that have samples, named at the left with their counts, and those without a
/// label last; `columns` samples each, spread evenly over the subjects. REQUIRES: columns > 0.
Image contact_sheet(const Pack& pack, int columns);

}  // namespace mien
