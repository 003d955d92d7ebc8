// A head that the user has: ICT-FaceKit Light (MIT), completed to a portrait.
#pragma once

#include "datasets/head.h"

namespace mien {

/// `model` (landmarks68, millimetres and ICT-FaceKit's expression names) with eyeballs, teeth and
/// the back of the built-in head, moved to where that one is.
Head completed(const FaceModel& model);

/// The model below $MIEN_DATA/ict-facekit (`ict-face-light.safetensors`, else `FaceXModel/`),
/// completed; read once. Errors (Exit::kPrecondition): there is none; see load_face_model.
const Head& installed_head();

}  // namespace mien
