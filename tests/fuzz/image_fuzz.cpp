// Any bytes are a picture, no picture, or landmarks, and never a crash. Byte 0 says what they claim
// to be: the extension, or a landmark file.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "datasets/formats/image_header.h"
#include "datasets/images/face_square.h"
#include "datasets/images/image_io.h"

namespace {

constexpr const char* kExtensions[] = {".png", ".jpg", ".tiff"};

void require(bool holds) {
  if (!holds) std::abort();
}

void read_landmarks(std::string_view text) {
  std::string fault;
  const std::vector<mien::FacePoint> points = mien::parse_landmarks(text, fault);
  require(points.size() == (fault.empty() ? 68u : 0u));
  require(fault.find('\n') == fault.npos);
}

void read_image(std::span<const std::uint8_t> bytes, const char* extension) {
  const std::string fault = mien::image_fault(bytes, extension);
  require(fault.find('\n') == fault.npos);
  if (!fault.empty()) return;
  const std::optional<mien::Image> image = mien::decode_image(bytes, 1);
  if (!image) return;
  require(image->pixels.size() ==
          static_cast<std::size_t>(image->width) * static_cast<std::size_t>(image->height));
  const mien::Image part = mien::crop(*image, mien::whole_square(image->width, image->height), 8);
  require(part.pixels.size() == 64);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::span bytes(data + 1, size - 1);
  if (data[0] % 4 == 3)
    read_landmarks({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  else
    read_image(bytes, kExtensions[data[0] % 4]);
  return 0;
}
