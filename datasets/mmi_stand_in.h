// The stand-in of mmi.cpp.
#pragma once

#include <filesystem>

#include "datasets/dataset.h"

namespace mien {

/// As DatasetEntry::synthesize: sessions that the reader uses, and some that it has to leave out.
void synthesize_mmi(const std::filesystem::path& out, const SynthesizeOptions& options);

}  // namespace mien
