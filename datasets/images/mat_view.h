// Converts between Image and OpenCV's matrices.
#pragma once

#include <opencv2/core.hpp>

#include "datasets/images/image.h"
#include "harness/base/error.h"

namespace mien {

/// Returns the pixels of `image` as a matrix that shares its memory. Do not write to the matrix of
/// a const image.
inline cv::Mat view_of(const Image& image) {
  return {image.height,
          image.width,
          image.channels == 1 ? CV_8UC1 : CV_8UC3,
          const_cast<std::uint8_t*>(image.pixels.data())};
}

/// Copies a matrix of bytes.
inline Image image_of(const cv::Mat& pixels) {
  MIEN_ASSERT(pixels.isContinuous() && pixels.depth() == CV_8U);
  return {pixels.cols,
          pixels.rows,
          pixels.channels(),
          {pixels.data, pixels.data + pixels.total() * pixels.elemSize()}};
}

}  // namespace mien
