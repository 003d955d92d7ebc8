// Ranks measured REALY errors among those that the benchmark's authors print. No function here
// reads a file.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/claims/published.h"
#include "harness/task/record.h"
#include "results/table.h"

namespace mien {

/// The result of one folder of meshes that was scored here, mode compat.
struct MeasuredRealy {
  std::string method;                // of its experiment, before the @
  std::map<std::string, double> mm;  // nose, mouth, forehead, cheek, all
  std::int64_t scored = 0;           // meshes
  DataKind data = DataKind::kUnverified;
};

/// Returns which pictures the meshes of a task belong to, "frontal" or "side". Returns nothing if
/// it is not a REALY task.
std::optional<std::string> realy_set(const Task& task);

/// Returns the result of a record. Returns nothing if no mesh was scored in mode compat.
std::optional<MeasuredRealy> measured_realy(const TaskRecord& record);

/// Returns lines such as "nose 2.510 mm: 20th of 27, behind ExpNet, before EMOCA-f". For stand-in
/// data the only line says that they are not ranked. Returns no lines if `table` states no order.
std::vector<std::string> ranking_lines(const PublishedTable& table, const MeasuredRealy& measured);
/// Returns the same for programs: a list of objects with the keys "column", "mm", "rank", "of",
/// "behind", "level" and "before".
nlohmann::json ranking_json(const PublishedTable& table, const MeasuredRealy& measured);

/// Returns the published and the measured means in one order, by `all`. A measured row has a star
/// and the rank that it would take; a published row has its rank among the published rows.
/// Stand-ins are left out.
Table realy_table(const PublishedTable& table, const std::vector<MeasuredRealy>& measured);
/// Returns the stand-ins among `measured`, in their order, without ranks.
Table realy_stand_ins(const std::vector<MeasuredRealy>& measured);

}  // namespace mien
