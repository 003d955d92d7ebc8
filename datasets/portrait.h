// From a posed person to linear light: geometry on the screen, what is seen, how it is lit.
#pragma once

#include <array>
#include <vector>

#include "datasets/faces.h"
#include "datasets/head.h"
#include "datasets/occasion.h"
#include "datasets/person.h"

namespace mien {

/// What is to be seen. `shape` is the head's: V*3 mm, before it turns.
struct Sitter {
  const Head& head;
  const Person& person;
  std::vector<float> shape;
  Folds folds;
};

/// Light that reaches the camera, before it is developed.
struct Exposure {
  int width = 0, height = 0;
  std::vector<Vec3> light;   // linear red green blue, row by row
  std::vector<float> cover;  // 0 where the wall is seen, 1 where the person is
  std::array<FacePoint, 68> landmarks{};
  /// How the head lies before a camera whose focal length is kFocal picture heights, with the
  /// camera at the origin: rotation vector (radians) and translation (mm), with the signs that
  /// apply_pose (reconstruct.h) takes. To first order: place and size of the face are as drawn.
  std::array<float, 6> pose{};
};

inline constexpr float kFocal = 5;

Exposure expose(const Sitter& sitter, const Occasion& occasion, const FaceRequest& request);

}  // namespace mien
