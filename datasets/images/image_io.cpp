#include "datasets/images/image_io.h"

#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "datasets/images/mat_view.h"
#include "harness/base/error.h"
#include "harness/base/files.h"

namespace mien {
std::vector<std::uint8_t> encode_image(const std::string& extension, const Image& image) {
  constexpr int kTiffUncompressed = 1;
  std::vector<std::uint8_t> bytes;
  const bool encoded = cv::imencode(extension,
                                    view_of(image),
                                    bytes,
                                    {cv::IMWRITE_PNG_COMPRESSION,
                                     1,
                                     cv::IMWRITE_JPEG_QUALITY,
                                     95,
                                     cv::IMWRITE_TIFF_COMPRESSION,
                                     kTiffUncompressed});
  MIEN_ASSERT(encoded);
  return bytes;
}

void write_image(const std::filesystem::path& path, const Image& image) {
  const std::vector<std::uint8_t> bytes = encode_image(path.extension().string(), image);
  write_text(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::optional<Image> decode_image(std::span<const std::uint8_t> bytes, int channels) try {
  const cv::Mat file(
      1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<std::uint8_t*>(bytes.data()));
  const cv::Mat pixels =
      cv::imdecode(file, channels == 1 ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR);
  if (pixels.empty() || pixels.type() != CV_8UC(channels)) return std::nullopt;
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

Image crop_cubic(const Image& image, int left, int top, int side, int side_px) {
  const cv::Rect wanted(left, top, side, side);
  const cv::Rect inside = wanted & cv::Rect(0, 0, image.width, image.height);
  MIEN_ASSERT(!inside.empty());
  cv::Mat square = cv::Mat::zeros(side, side, view_of(image).type()), scaled;
  view_of(image)(inside).copyTo(square(inside - wanted.tl()));
  cv::resize(square, scaled, {side_px, side_px}, 0, 0, cv::INTER_CUBIC);
  return image_of(scaled);
}

Image jpeg_round_trip(const Image& image, int quality) {
  std::vector<std::uint8_t> bytes;
  const bool encoded =
      cv::imencode(".jpg", view_of(image), bytes, {cv::IMWRITE_JPEG_QUALITY, quality});
  MIEN_ASSERT(encoded);
  return image_of(
      cv::imdecode(bytes, image.channels == 1 ? cv::IMREAD_GRAYSCALE : cv::IMREAD_COLOR));
}

void draw_text(Image& image, int x, int y, const std::string& text, double size) {
  cv::Mat pixels = view_of(image);
  cv::putText(pixels,
              text,
              {x, y},
              cv::FONT_HERSHEY_SIMPLEX,
              size,
              cv::Scalar::all(0),
              /*thickness=*/1,
              cv::LINE_AA);
}

void draw_line(Image& image,
               double from_x,
               double from_y,
               double to_x,
               double to_y,
               const std::array<std::uint8_t, 3>& colour) {
  constexpr int kFraction = 4;  // bits behind the point
  const auto place = [](double x, double y) {
    return cv::Point(static_cast<int>(std::lround(x * (1 << kFraction))),
                     static_cast<int>(std::lround(y * (1 << kFraction))));
  };
  cv::Mat pixels = view_of(image);
  cv::line(pixels,
           place(from_x, from_y),
           place(to_x, to_y),
           {double(colour[0]), double(colour[1]), double(colour[2])},
           /*thickness=*/1,
           cv::LINE_AA,
           kFraction);
}

}  // namespace mien
