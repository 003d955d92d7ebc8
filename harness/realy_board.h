// Where REALY errors of ours stand among those that the benchmark's authors print. Pure: no files.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/published.h"
#include "harness/core/record.h"
#include "results/table.h"

namespace mien {

/// One folder of meshes that was scored here, mode compat.
struct MeasuredRealy {
  std::string method;                // of its experiment, before the @
  std::map<std::string, double> mm;  // nose, mouth, forehead, cheek, all
  std::int64_t scored = 0;           // meshes
  DataKind data = DataKind::kUnverified;
};

/// "frontal" or "side": which pictures a task's meshes are of. None where it is no task on REALY.
std::optional<std::string> realy_set(const Task& task);

/// What a record says, none where it scored no mesh in mode compat.
std::optional<MeasuredRealy> measured_realy(const TaskRecord& record);

/// Lines such as "nose 2.510 mm: 20th of 27, behind ExpNet, before EMOCA-f"; stand-ins are not
/// ranked, which is then the one line. None where `table` ranks nothing.
std::vector<std::string> standing_lines(const PublishedTable& table, const MeasuredRealy& measured);
/// The same for programs: a list of {"column", "mm", "rank", "of", "behind", "level", "before"}.
nlohmann::json standing_json(const PublishedTable& table, const MeasuredRealy& measured);

/// Published means and ours in one order, by `all`; ours have a star and the rank that they would
/// take, published rows their rank among the published. Stand-ins are left out.
Table realy_table(const PublishedTable& table, const std::vector<MeasuredRealy>& measured);
/// The stand-ins among `measured`, in their order, without ranks.
Table realy_stand_ins(const std::vector<MeasuredRealy>& measured);

}  // namespace mien
