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
  /// How the head lies before the standard camera, which is at the origin: rotation vector
  /// (radians) and translation (mm), with the signs that apply_pose (reconstruct.h) takes. Exact
  /// where Occasion::standard_camera took the picture; else place and size of the face are right.
  std::array<float, 6> pose{};
};

/// Focal length of the standard camera, in picture heights. It looks along -z, its axis through the
/// middle of the picture: a point (x, y, z) before it is seen at column width/2 - kFocal*height*x/z
/// and row height/2 + kFocal*height*y/z. Pixel (0, 0) is the square from 0 to 1: its centre is at
/// 0.5, as everywhere here.
inline constexpr float kFocal = 5;

Exposure expose(const Sitter& sitter, const Occasion& occasion, const FaceRequest& request);

}  // namespace mien
