// A head from the user's copy of ICT-FaceKit Light (MIT), completed with eyes, teeth and scalp.
#pragma once

#include "datasets/faces/head.h"

namespace mien {

/// Returns `model` with the eyeballs, the teeth and the back of the built-in head, moved to the
/// position of the built-in head. REQUIRES: the model has 68 landmarks and a unit in mm. Only
/// expressions with the names of ICT-FaceKit make the actions of the built-in head.
Head completed(const FaceModel& model);

/// Returns the completed model below $MIEN_DATA/ict-facekit (`ict-face-light.safetensors`, else
/// `FaceXModel/`). The first call reads it.
/// Error (Exit::kPrecondition): there is none, or load_face_model fails.
const Head& installed_head();

}  // namespace mien
