// From light to pixels: the wall behind, what gets in the way, exposure, blur, noise, levels.
#pragma once

#include "datasets/image.h"
#include "datasets/portrait.h"

namespace mien {

/// REQUIRES: channels 1 or 3.
Image develop(Exposure exposure,
              const Occasion& occasion,
              const Person& person,
              const FaceRequest& request);

}  // namespace mien
