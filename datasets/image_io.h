// The door to OpenCV: drawing, and with the datasets that need it decoding, of gray images.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "datasets/crop.h"
#include "datasets/image.h"

namespace mien {

/// Writes a .png, .tiff (uncompressed) or .jpg, by the name's extension; equal pixels give equal
/// bytes. Errors (Exit::kPrecondition): cannot be written.
void write_image(const std::filesystem::path& path, const Image& image);

/// The picture in the bytes of an image file, upright as its EXIF data say, with 1 or 3 channels;
/// nothing where it cannot be decoded. REQUIRES: image_fault (sniff.h) found nothing wrong.
std::optional<Image> decode_image(std::span<const std::uint8_t> bytes, int channels);

/// The same picture after clockwise turns by 90 degrees, with 1 or 3 channels.
Image converted(Image image, int quarter_turns, int channels);

/// The square, to whole pixels, scaled to side_px; outside of the picture its border goes on. Means
/// of areas where it shrinks, else linear. REQUIRES: the square meets the picture.
Image crop(const Image& image, const Square& square, int side_px);

/// Writes black text of ASCII letters whose line starts at (x, y); what lies outside is cut.
void draw_text(Image& image, int x, int y, const std::string& text);

struct Point {
  double x = 0, y = 0;
};

/// A square gray picture that shapes are painted on, finer than what comes out of it: edges are
/// smooth after `shrink`. Coordinates are in units of the side: (0,0) top left, (1,1) bottom right.
class Canvas {
 public:
  /// `side_px` pixels come out, each the mean of oversample x oversample painted ones.
  Canvas(int side_px, int oversample, std::uint8_t gray);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  /// A filled ellipse, its first axis turned by `angle` radians clockwise.
  void ellipse(Point center, Point radii, double angle, std::uint8_t gray);
  void polygon(std::span<const Point> corners, std::uint8_t gray);
  /// An open line through the points, with round ends.
  void line(std::span<const Point> points, double width, std::uint8_t gray);
  /// Gaussian blur; `sigma` in units of the side, nothing happens below a quarter painted pixel.
  void blur(double sigma);
  /// side_px * side_px bytes, row by row.
  std::vector<std::uint8_t> shrink() const;

 private:
  struct Picture;
  std::unique_ptr<Picture> picture_;
};

}  // namespace mien
