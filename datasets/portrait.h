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
};

Exposure expose(const Sitter& sitter, const Occasion& occasion, const FaceRequest& request);

}  // namespace mien
