// The table of datasets.
#pragma once

#include <span>
#include <string_view>

#include "datasets/dataset.h"

namespace mien {

/// Every dataset, in the order in which lists print them.
std::span<const DatasetEntry* const> datasets();

/// The dataset called `name`. Error (Exit::kUsage): no such dataset, with the nearest names.
const DatasetEntry& find_dataset(std::string_view name);

}  // namespace mien
