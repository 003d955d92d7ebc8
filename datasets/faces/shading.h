// Renders a posed person to linear light: projection, visibility, shadows and illumination.
#pragma once

#include "datasets/faces/scene.h"

namespace mien {

/// Renders `subject` at the size of `request`. The background stays black (see postprocess).
RenderTarget shade(const Subject& subject,
                   const SceneSettings& settings,
                   const FaceRequest& request);

}  // namespace mien
