// What `bench show` prints about one task.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/task/record.h"
#include "results/store.h"

namespace mien {

/// Returns everything that is stored about a done task except its predictions.
nlohmann::json record_json(const TaskRecord& record);

/// Prints the plan, metrics, curves, meshes, environment, splits, notes and attempts of a task, as
/// tables or as JSON.
void show_task(const Store& store, const std::string& id, const std::string& format);

}  // namespace mien
