// Finds a dataset and its pack: bench-prepare knows where they are; without bench-prepare the pack
// is looked for in the cache.
#pragma once

#include <string>

#include "harness/run/pack_cache.h"

namespace mien {

/// Returns whether bench-prepare is installed. Without it, only packs in `paths::cache()` are used.
bool has_prepare();

/// Finds a dataset without writing anything. `frames` is a frame rule of the dataset; "" is its
/// first.
DatasetLocation locate_dataset(const std::string& name, const std::string& frames);

/// Finds a dataset, and draws its stand-in and writes its pack where these are missing. Each step
/// is shown on stderr. Error (Exit::kPrecondition): the pack is missing and so is bench-prepare.
DatasetLocation prepare_dataset(const std::string& name, const std::string& frames);

}  // namespace mien
