// The stand-in of emotiw17.cpp.
#pragma once

#include <filesystem>

#include "datasets/dataset.h"

namespace mien {

/// As DatasetEntry::synthesize: Train and Val with labels and actors; no Test.
void synthesize_emotiw17(const std::filesystem::path& out, const SynthesizeOptions& options);

}  // namespace mien
