// Steps 1 to 5 of the preprocessing of ExpNet (fengju514/Expression-Net, checked against the crops
// published there). Step 6, scaling to 224 px and subtracting a mean image, is part of the model.
#include "datasets/convert/expnet_crop.h"

#include <algorithm>
#include <cmath>

#include "datasets/formats/image_header.h"
#include "datasets/images/image_io.h"
#include "harness/base/error.h"

namespace mien {
namespace {

constexpr float kGrowth = 0.25f;   // of the side, on every side
constexpr double kFarthest = 1e6;  // px; no picture is larger

/// One axis of the window.
struct Span {
  float low, high;
  int pad_low = 0, pad_high = 0;
};

/// Steps 1 and 2: `side` px about the centre of [low, low + size], a quarter more at both ends.
Span grown(double low, double size, double side) {
  const double centre = (low + (low + size)) / 2;
  const auto first = static_cast<float>(centre - side / 2);
  const auto last = static_cast<float>(centre + side / 2);
  const float length = last - first;
  return {first - length * kGrowth, first + length * (1 + kGrowth)};
}

/// Step 3: zeros where the span leaves [0, size - 1]; only those before 0 shift it.
void pad(Span& span, int size) {
  const auto pixels = static_cast<float>(size);
  if (span.low < 0) span.pad_low = static_cast<int>(std::ceil(-span.low));
  if (span.high > pixels - 1) span.pad_high = static_cast<int>(std::ceil(span.high - pixels + 1));
  span.low += static_cast<float>(span.pad_low);
  span.high += static_cast<float>(span.pad_low);
}

void require_box(const FaceBox& box) {
  for (const double value : {box.x, box.y, box.width, box.height})
    if (!std::isfinite(value) || std::abs(value) > kFarthest)
      fail(Exit::kPrecondition, "the box has a side or corner of {} px", value);
  if (box.width <= 0 || box.height <= 0)
    fail(Exit::kPrecondition, "the box is {} x {} px", box.width, box.height);
}

}  // namespace

CropWindow expnet_window(const FaceBox& box, int width, int height) {
  require_box(box);
  const double side = std::max(box.width, box.height);
  Span x = grown(box.x, box.width, side), y = grown(box.y, box.height, side);
  pad(x, width);
  pad(y, height);
  // Step 4: whole pixels, upwards; the longer side counts for both.
  const auto whole = [](float value) { return static_cast<int>(std::ceil(value)); };
  CropWindow window{x.pad_low, y.pad_low, x.pad_high, y.pad_high, whole(x.low), whole(y.low), 0};
  window.side = std::max(whole(x.high) - window.left, whole(y.high) - window.top);
  if (window.side < 1 || window.side > kMaxSide)
    fail(Exit::kPrecondition, "the crop would be {} px wide (1 to {})", window.side, kMaxSide);
  const int left = window.left - window.pad_left, top = window.top - window.pad_top;
  if (left >= width || top >= height || left + window.side <= 0 || top + window.side <= 0)
    fail(Exit::kPrecondition, "the box lies outside of the picture of {} x {} px", width, height);
  return window;
}

Image expnet_crop(const Image& bgr, const FaceBox& box, const CropOptions& options) {
  MIEN_ASSERT(bgr.channels == 3);
  const CropWindow window = expnet_window(box, bgr.width, bgr.height);
  // Step 5. The zeros are put around the square, not around the picture: the same pixels.
  Image face = crop_cubic(bgr,
                          window.left - window.pad_left,
                          window.top - window.pad_top,
                          window.side,
                          options.side_px);
  return options.jpeg ? jpeg_round_trip(face, kCropJpegQuality) : face;
}

}  // namespace mien
