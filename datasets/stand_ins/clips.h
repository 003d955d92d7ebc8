// Draws the clips of stand-ins: one face that moves from neutral to a peak and back.
#pragma once

#include <span>
#include <vector>

#include "datasets/faces/face_request.h"

namespace mien {

/// Returns one colour frame per strength in [0, 1]. Draws three pictures (at 0, 1/2 and 1) and
/// fades between them, which costs a fraction of drawing every frame. Ignores `face.strength` and
/// `face.channels`.
std::vector<Image> draw_clip(FaceRequest face, std::span<const double> strengths);

}  // namespace mien
