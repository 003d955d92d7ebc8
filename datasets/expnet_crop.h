// From a face box to the pixels that ExpNet and its siblings were run on.
#pragma once

#include "datasets/image.h"

namespace mien {

/// px, origin in the top left corner of the picture; may leave it.
struct FaceBox {
  double x = 0, y = 0, width = 0, height = 0;
};

/// A square of a picture that zeros were added to.
struct CropWindow {
  int pad_left = 0, pad_top = 0, pad_right = 0, pad_bottom = 0;  // rows and columns of zeros
  int left = 0, top = 0, side = 0;                               // px, in the padded picture
};

struct CropOptions {
  int side_px = 227;
  bool jpeg = true;  // compress and decompress once: published crops went through .jpg files
};
inline constexpr int kCropJpegQuality = 95;

/// Where ExpNet's published preprocessing cuts a picture of width x height px: the box made square
/// about its centre, a quarter of its side added on all four sides, zeros where it leaves the
/// picture, then whole pixels. Corners are fp32, as there.
/// Errors (Exit::kPrecondition, without a place): a box that is not finite or has no area, a square
/// that misses the picture, or of less than 1 or more than kMaxSide (sniff.h) px.
CropWindow expnet_window(const FaceBox& box, int width, int height);

/// That square, side_px x side_px x 3 BGR, scaled bicubically. REQUIRES: `bgr` has 3 channels.
/// Errors: those of expnet_window.
Image expnet_crop(const Image& bgr, const FaceBox& box, const CropOptions& options);

}  // namespace mien
