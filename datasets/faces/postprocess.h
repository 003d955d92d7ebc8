// Turns linear light into pixels: adds the background and occluders, then applies exposure, blur,
// sensor noise and quantisation.
#pragma once

#include "datasets/faces/shading.h"
#include "datasets/images/image.h"

namespace mien {

/// Returns the picture of a rendered person. REQUIRES: request.channels is 1 or 3.
Image postprocess(RenderTarget target,
                  const SceneSettings& settings,
                  const Person& person,
                  const FaceRequest& request);

}  // namespace mien
