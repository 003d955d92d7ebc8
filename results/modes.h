// Ways to run a forward pass beside each other, as JSON and as a table. Pure formatting.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/core/record.h"
#include "results/table.h"

namespace mien {

/// An object per row, keys as the columns of the table `mode`; NaN is null.
nlohmann::json modes_json(const std::vector<ModeRow>& modes);
/// What modes_json made. Error (nlohmann::json::exception): anything else.
std::vector<ModeRow> modes_from_json(const nlohmann::json& document);

/// One line per mode. What a mode has no figure for is a dash; without any figure the notes say
/// why.
Table mode_table(const std::string& title, const std::vector<ModeRow>& modes);

}  // namespace mien
