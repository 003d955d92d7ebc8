// Reads, writes, crops and draws images with OpenCV.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "datasets/images/face_square.h"
#include "datasets/images/image.h"

namespace mien {

/// Writes a .png, .tiff (uncompressed) or .jpg file, by the extension of its name. Equal pixels
/// give equal bytes. Error (Exit::kPrecondition): the file cannot be written.
void write_image(const std::filesystem::path& path, const Image& image);

/// Decodes an image file with 1 or 3 channels and turns it upright by its EXIF data. Returns
/// nothing where that fails. REQUIRES: image_fault (image_header.h) returned "".
std::optional<Image> decode_image(std::span<const std::uint8_t> bytes, int channels);

/// Returns the picture after clockwise turns by 90 degrees, with 1 or 3 channels.
Image converted(Image image, int quarter_turns, int channels);

/// Returns the square, rounded to whole pixels, scaled to side_px: by area averages where it
/// shrinks, else bilinearly. Outside of the picture its border is repeated. REQUIRES: the square
/// overlaps the picture.
Image crop(const Image& image, const Square& square, int side_px);

/// Returns side x side px of the picture from (left, top), zero outside of it, scaled to side_px
/// bicubically (a = -0.75). REQUIRES: the square overlaps the picture.
Image crop_cubic(const Image& image, int left, int top, int side, int side_px);

/// Returns the picture after compression to JPEG of that quality (0 to 100).
Image jpeg_round_trip(const Image& image, int quality);

/// Returns the bytes of an image file of that extension. Equal pixels give equal bytes.
std::vector<std::uint8_t> encode_image(const std::string& extension, const Image& image);

/// Draws black ASCII text with its baseline from (x, y), about 15 px high at size 0.5. Clips it at
/// the border.
void draw_text(Image& image, int x, int y, const std::string& text, double size = 0.5);

/// Draws an antialiased line between two points in px; the colour is BGR.
void draw_line(Image& image,
               double from_x,
               double from_y,
               double to_x,
               double to_y,
               const std::array<std::uint8_t, 3>& colour);

}  // namespace mien
