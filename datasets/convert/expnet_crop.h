// Crops faces as the published code of ExpNet does.
#pragma once

#include "datasets/images/image.h"

namespace mien {

/// A box in px, from the top left corner of the picture. It may reach beyond the picture.
struct FaceBox {
  double x = 0, y = 0, width = 0, height = 0;
};

/// A square of a picture after zeros were added around it.
struct CropWindow {
  int pad_left = 0, pad_top = 0, pad_right = 0, pad_bottom = 0;  // rows and columns of zeros
  int left = 0, top = 0, side = 0;                               // px, in the padded picture
};

struct CropOptions {
  int side_px = 227;
  bool jpeg = true;  // compress and decompress once: published crops went through .jpg files
};
inline constexpr int kCropJpegQuality = 95;

/// Returns the window that the published preprocessing of ExpNet cuts from a picture of width x
/// height px. It makes the box square about its centre, adds a quarter of the side on all four
/// sides, pads with zeros outside of the picture, and rounds up to whole pixels. Corners are fp32,
/// as in that code. Error (Exit::kPrecondition, without a file name): the box is not finite or has
/// no area; the square is outside of the picture, or has less than 1 or more than kMaxSide
/// (image_header.h) px.
CropWindow expnet_window(const FaceBox& box, int width, int height);

/// Returns that window, scaled bicubically to side_px x side_px BGR. REQUIRES: `bgr` has 3
/// channels. Errors: those of expnet_window.
Image expnet_crop(const Image& bgr, const FaceBox& box, const CropOptions& options);

}  // namespace mien
