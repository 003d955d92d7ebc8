// Formats the comparison of execution paths of a network, as a table and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/task/record.h"
#include "results/table.h"

namespace mien {

/// Returns one object per row, with the column names of the table `mode` as keys. An absent figure
/// is null.
nlohmann::json execution_paths_json(const std::vector<ExecutionPathRow>& rows);
/// Reads what `execution_paths_json` returned. Error (nlohmann::json::exception): `document` is
/// something else.
std::vector<ExecutionPathRow> execution_paths_from_json(const nlohmann::json& document);

/// Returns one line per execution path. An absent figure is a dash. If a path has no figures, its
/// last column says why.
Table execution_path_table(const std::string& title, const std::vector<ExecutionPathRow>& rows);

}  // namespace mien
