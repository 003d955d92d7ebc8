// Pictures to coefficients to meshes to their REALY error in mm.
#pragma once

#include "harness/engine/run_task.h"

namespace mien {

/// Scores the meshes of the protocol's test pictures. task.networks: "expression", and "identity"
/// unless every face has the mean shape.
/// Errors: Exit::kPrecondition: no template of the face model's topology among the ground truth,
/// or anything score_predictions finds; Exit::kTaskFailed: no mesh could be scored.
void run_reconstruction(const Task& task,
                        const WorkerOptions& options,
                        torch::Device device,
                        const Progress& progress,
                        TaskRecord& record);

}  // namespace mien
