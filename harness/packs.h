// Packs where they lie, for machines without bench-prepare and without the datasets themselves.
#pragma once

#include <string>

#include "harness/tools.h"

namespace mien {

/// The pack of a dataset below `paths::cache()`/packs, by what the packs say of themselves: of the
/// frame rule `frames`, "" for datasets without one; real before unverified before stand-in. `pack`
/// is "" where nothing is found. `source` is the dataset's folder below `paths::data()`.
/// Errors: two packs of one kind (Exit::kPrecondition); a pack, or the face model beside it, whose
/// bytes are not those of its digest (Exit::kIntegrity).
Located find_pack(const std::string& dataset, const std::string& frames);

}  // namespace mien
