// The tables of datasets and of their stand-ins.
#pragma once

#include <span>
#include <string_view>

#include "datasets/stand_ins/stand_in.h"
#include "datasets/tree/dataset.h"

namespace mien {

/// Returns every dataset, in the order in which lists print them.
std::span<const DatasetEntry* const> datasets();

/// Returns the dataset called `name`. Error (Exit::kUsage): no such dataset, with the nearest
/// names.
const DatasetEntry& find_dataset(std::string_view name);

/// Returns the stand-in of `entry`.
const StandIn& stand_in_of(const DatasetEntry& entry);

}  // namespace mien
