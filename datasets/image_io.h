// The door to OpenCV: drawing, and with the datasets that need it decoding, of gray images.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
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

/// side x side px of the picture from (left, top), zeros outside of it, scaled to side_px
/// bicubically (a = -0.75) whichever way. REQUIRES: the square meets the picture.
Image crop_cubic(const Image& image, int left, int top, int side, int side_px);

/// The picture as it comes back from a JPEG file of that quality (0 to 100).
Image jpeg_round_trip(const Image& image, int quality);

/// Bytes of an image file of that extension; equal pixels give equal bytes.
std::vector<std::uint8_t> encode_image(const std::string& extension, const Image& image);

/// Writes black text of ASCII letters whose line starts at (x, y), about 15 px high at size 0.5;
/// what lies outside is cut.
void draw_text(Image& image, int x, int y, const std::string& text, double size = 0.5);

/// A smooth line between two places in px, BGR.
void draw_line(Image& image,
               double from_x,
               double from_y,
               double to_x,
               double to_y,
               const std::array<std::uint8_t, 3>& colour);

/// Gray to BGR on OpenCV's scale "inferno", whose steps look even: 0 black, 255 pale yellow.
Image heat_colours(const Image& gray);

}  // namespace mien
