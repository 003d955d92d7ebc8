// What `bench show` prints of one task.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "harness/core/record.h"
#include "results/store.h"
#include "results/table.h"

namespace mien {

/// To stdout, in its style.
void print_text(const Table& table);

/// A table of what and value.
Table pairs(const std::string& title, const std::vector<std::pair<std::string, std::string>>& rows);

/// Everything that is stored of a done task but its predictions.
nlohmann::json record_json(const TaskRecord& record);

/// Plan, metrics, curves, meshes, environment, splits, notes and attempts of a task; as tables, or
/// as JSON.
void show_task(const Store& store, const std::string& id, const std::string& format);

}  // namespace mien
