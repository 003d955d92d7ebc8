#include "datasets/image_io.h"

#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "harness/core/error.h"
#include "harness/core/files.h"

namespace mien {
namespace {

int type_of(int channels) { return channels == 1 ? CV_8UC1 : CV_8UC3; }

/// The image's own memory as a matrix.
cv::Mat view_of(const Image& image) {
  return {image.height,
          image.width,
          type_of(image.channels),
          const_cast<std::uint8_t*>(image.pixels.data())};
}

Image image_of(const cv::Mat& pixels) {
  MIEN_ASSERT(pixels.isContinuous() && pixels.depth() == CV_8U);
  return {pixels.cols,
          pixels.rows,
          pixels.channels(),
          {pixels.data, pixels.data + pixels.total() * pixels.elemSize()}};
}

}  // namespace

void write_image(const std::filesystem::path& path, const Image& image) {
  constexpr int kTiffUncompressed = 1;
  const cv::Mat pixels = view_of(image);
  std::vector<std::uint8_t> bytes;
  const bool encoded = cv::imencode(path.extension().string(),
                                    pixels,
                                    bytes,
                                    {cv::IMWRITE_PNG_COMPRESSION,
                                     1,
                                     cv::IMWRITE_JPEG_QUALITY,
                                     95,
                                     cv::IMWRITE_TIFF_COMPRESSION,
                                     kTiffUncompressed});
  MIEN_ASSERT(encoded);
  write_text(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<Image> decode_image(std::span<const std::uint8_t> bytes, int channels) try {
  const cv::Mat file(
      1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<std::uint8_t*>(bytes.data()));
  const cv::Mat pixels =
      cv::imdecode(file, channels == 1 ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR);
  if (pixels.empty() || pixels.type() != type_of(channels)) return std::nullopt;
  return image_of(pixels);
} catch (const cv::Exception&) {
  return std::nullopt;
}

Image converted(Image image, int quarter_turns, int channels) {
  constexpr int kTurns[] = {
      0, cv::ROTATE_90_CLOCKWISE, cv::ROTATE_180, cv::ROTATE_90_COUNTERCLOCKWISE};
  const int turns = (quarter_turns % 4 + 4) % 4;
  if (turns == 0 && channels == image.channels) return image;
  cv::Mat pixels = view_of(image), changed;
  if (channels != image.channels) {
    cv::cvtColor(pixels, changed, channels == 1 ? cv::COLOR_BGR2GRAY : cv::COLOR_GRAY2BGR);
    pixels = changed;
  }
  if (turns > 0) {
    cv::Mat turned;
    cv::rotate(pixels, turned, kTurns[turns]);
    pixels = turned;
  }
  return image_of(pixels);
}

Image crop(const Image& image, const Square& square, int side_px) {
  const int side = std::max(1, static_cast<int>(std::lround(square.side)));
  const cv::Rect wanted(static_cast<int>(std::lround(square.left)),
                        static_cast<int>(std::lround(square.top)),
                        side,
                        side);
  const cv::Rect inside = wanted & cv::Rect(0, 0, image.width, image.height);
  MIEN_ASSERT(!inside.empty());
  cv::Mat part = view_of(image)(inside);
  if (inside != wanted)
    cv::copyMakeBorder(part,
                       part,
                       inside.y - wanted.y,
                       wanted.br().y - inside.br().y,
                       inside.x - wanted.x,
                       wanted.br().x - inside.br().x,
                       cv::BORDER_REPLICATE | cv::BORDER_ISOLATED);
  cv::Mat scaled;
  cv::resize(
      part, scaled, {side_px, side_px}, 0, 0, side > side_px ? cv::INTER_AREA : cv::INTER_LINEAR);
  return image_of(scaled);
}

void draw_text(Image& image, int x, int y, const std::string& text) {
  cv::Mat pixels = view_of(image);
  cv::putText(pixels, text, {x, y}, cv::FONT_HERSHEY_SIMPLEX, 0.5, cv::Scalar::all(0));
}

}  // namespace mien
