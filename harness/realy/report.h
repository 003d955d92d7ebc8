// Stores the REALY errors of a folder of meshes in a task record.
#pragma once

#include "harness/realy/mesh_score.h"
#include "harness/task/record.h"

namespace mien {

/// Adds a report to `record`: one row of `mesh_errors` per protocol, mesh and region, and these
/// metrics of split "test":
///
///   realy_error    mean of the four region means, in mm; n = meshes scored
///   realy_nose, realy_mouth, realy_forehead, realy_cheek    likewise, per region
///   scan_to_mesh   the same mean before any deformation
///   ..._strict     the first five by protocol strict; n = meshes scored or charged
///   failed, missing, reflected    numbers of meshes; n = meshes that there should be
///
/// The errors of protocol compat have a 95 % bootstrap interval over subjects. Those of strict have
/// none, because they contain errors charged for failed meshes. A protocol that was not requested,
/// or that scored nothing, adds no error.
void add_realy(const RealyReport& report, TaskRecord& record);

}  // namespace mien
