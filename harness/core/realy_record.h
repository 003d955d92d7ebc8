// The REALY error of a folder of meshes, as a record keeps it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "harness/core/record.h"

namespace mien {

/// Adds what a report of `score_predictions` (harness/mesh/score.h) says: one row of `mesh_errors`
/// per mode, mesh and region, and metrics of split "test".
///
/// In mm, of mode compat: `realy_error` (mean of the four region means), `realy_nose`,
/// `realy_mouth`, `realy_forehead`, `realy_cheek`, n = meshes scored, each with the 95 % bootstrap
/// interval over subjects; `scan_to_mesh`, the same mean before any bending. Of mode strict the
/// same with the suffix `_strict` and without an interval: what failed is charged there, n = scored
/// and charged. `failed`, `missing`, `reflected`: counts of meshes, n = meshes that there should
/// be. A mode that was not asked for, or that scored nothing, adds no figure. Error
/// (Exit::kIntegrity): `report` is none.
void add_realy(const nlohmann::json& report, TaskRecord& record);

}  // namespace mien
