// Tasks of kind reconstruction: pretrained networks predict coefficients of pictures, a face model
// turns them into meshes, and these are scored against 3D scans by their REALY error in mm.
#pragma once

#include "harness/engine/context/task_context.h"

namespace mien {

/// Scores the meshes of the protocol's test pictures. task.networks has "expression", and
/// "identity" unless every face has the mean shape. Errors: Exit::kPrecondition: the ground truth
/// has no template with the topology of the face model, or score_predictions fails;
/// Exit::kTaskFailed: no mesh could be scored.
void run_reconstruction(TaskContext& context);

}  // namespace mien
