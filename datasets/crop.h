// Which part of a picture is the face.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/faces.h"

namespace mien {

struct Square {
  double left = 0, top = 0, side = 0;  // px, origin in the top left corner; may leave the picture
};

/// 68 lines "x y" in any float notation. `fault` says in a few words why there are none, else "".
std::vector<FacePoint> parse_landmarks(std::string_view text, std::string& fault);

/// Around the box of `points`, its longer side times `margin`, a little higher than the box, since
/// landmarks end at the brows. REQUIRES: points.
Square face_square(std::span<const FacePoint> points, double margin);

/// The square with its side times `factor`, about its centre.
Square resized(const Square& square, double factor);

/// The whole picture in the middle of the smallest square that holds it.
Square whole_square(int width, int height);

}  // namespace mien
