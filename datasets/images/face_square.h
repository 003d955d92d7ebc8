// The square of a picture that shows the face.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/images/image.h"

namespace mien {

struct Square {
  double left = 0, top = 0, side = 0;  // px, origin in the top left corner; may leave the picture
};

/// Parses 68 lines "x y" in any float notation. Returns no points, and the fault in a few words,
/// where `text` is not that; else `fault` is "".
std::vector<FacePoint> parse_landmarks(std::string_view text, std::string& fault);

/// Returns a square around the box of `points`: its side is the longer side of the box times
/// `margin`, and it lies a little higher, because landmarks end at the brows. REQUIRES: points.
Square face_square(std::span<const FacePoint> points, double margin);

/// Returns the square scaled by `factor` about its centre.
Square resized(const Square& square, double factor);

/// Returns the smallest square around a picture of width x height px, centred.
Square whole_square(int width, int height);

}  // namespace mien
