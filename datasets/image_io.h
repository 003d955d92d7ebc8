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

}  // namespace mien
