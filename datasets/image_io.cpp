#include "datasets/image_io.h"

#include <cmath>
#include <numbers>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "harness/core/error.h"
#include "harness/core/files.h"

namespace mien {
namespace {

constexpr int kFractionBits = 4;  // OpenCV draws in fixed point: 1/16 of a painted pixel

}  // namespace

struct Canvas::Picture {
  int side_px, oversample;
  cv::Mat1b pixels;

  double scale() const { return static_cast<double>(side_px * oversample); }
  int fixed(double length) const {
    return static_cast<int>(std::lround(length * scale() * (1 << kFractionBits)));
  }
  cv::Point fixed(Point p) const { return {fixed(p.x), fixed(p.y)}; }
  std::vector<cv::Point> fixed(std::span<const Point> points) const {
    std::vector<cv::Point> out;
    for (const Point& p : points) out.push_back(fixed(p));
    return out;
  }
};

void write_image(const std::filesystem::path& path, const Image& image) {
  constexpr int kTiffUncompressed = 1;
  const cv::Mat pixels(image.height,
                       image.width,
                       image.channels == 1 ? CV_8UC1 : CV_8UC3,
                       const_cast<std::uint8_t*>(image.pixels.data()));
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

Canvas::Canvas(int side_px, int oversample, std::uint8_t gray)
    : picture_(new Picture{side_px, oversample, {}}) {
  picture_->pixels = cv::Mat1b(side_px * oversample, side_px * oversample, gray);
}

Canvas::~Canvas() = default;

void Canvas::ellipse(Point center, Point radii, double angle, std::uint8_t gray) {
  const cv::Size axes(picture_->fixed(radii.x), picture_->fixed(radii.y));
  const double degrees = angle * 180 / std::numbers::pi;
  cv::ellipse(picture_->pixels,
              picture_->fixed(center),
              axes,
              degrees,
              0,
              360,
              cv::Scalar(gray),
              cv::FILLED,
              cv::LINE_8,
              kFractionBits);
}

void Canvas::polygon(std::span<const Point> corners, std::uint8_t gray) {
  const std::vector<cv::Point> points = picture_->fixed(corners);
  cv::fillPoly(picture_->pixels,
               std::vector<std::vector<cv::Point>>{points},
               cv::Scalar(gray),
               cv::LINE_8,
               kFractionBits);
}

void Canvas::line(std::span<const Point> points, double width, std::uint8_t gray) {
  const int thickness = std::max(1, static_cast<int>(std::lround(width * picture_->scale())));
  cv::polylines(picture_->pixels,
                std::vector<std::vector<cv::Point>>{picture_->fixed(points)},
                /*isClosed=*/false,
                cv::Scalar(gray),
                thickness,
                cv::LINE_8,
                kFractionBits);
}

void Canvas::blur(double sigma) {
  const double pixels = sigma * picture_->scale();
  if (pixels < 0.25) return;
  cv::GaussianBlur(picture_->pixels, picture_->pixels, cv::Size(), pixels, pixels);
}

std::vector<std::uint8_t> Canvas::shrink() const {
  // Whole-number means, so that the bytes do not depend on how a library rounds.
  const int side = picture_->side_px, step = picture_->oversample, area = step * step;
  std::vector<std::uint8_t> out;
  out.reserve(static_cast<std::size_t>(side) * static_cast<std::size_t>(side));
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      int sum = area / 2;
      for (int i = 0; i < area; ++i)
        sum += picture_->pixels(y * step + i / step, x * step + i % step);
      out.push_back(static_cast<std::uint8_t>(sum / area));
    }
  return out;
}

}  // namespace mien
