#include "datasets/formats/image_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <vector>

namespace mien {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr const char* kCutOff = "cut off: its end is missing";

/// Width and height in the header, or the reason why there are none.
struct ImageHeader {
  std::int64_t width = 0, height = 0;
  std::string fault = {};
};

ImageHeader broken(std::string fault) { return {0, 0, std::move(fault)}; }

std::uint64_t big_endian(Bytes bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

// ---- PNG: 8 bytes, then chunks {length, type, data, CRC} from IHDR to IEND ---------------------

ImageHeader read_png(Bytes file) {
  constexpr std::size_t kSignature = 8, kOverhead = 12;
  ImageHeader header;
  for (std::size_t at = kSignature; file.size() - at >= kOverhead;) {
    const std::uint64_t length = big_endian(file.subspan(at, 4));
    const std::string_view type(reinterpret_cast<const char*>(file.data()) + at + 4, 4);
    if (length > file.size() - at - kOverhead) break;
    if (at == kSignature) {
      if (type != "IHDR" || length != 13) return broken("a PNG without a header");
      header.width = static_cast<std::int64_t>(big_endian(file.subspan(at + 8, 4)));
      header.height = static_cast<std::int64_t>(big_endian(file.subspan(at + 12, 4)));
    }
    if (type == "IEND") return header;
    at += kOverhead + length;
  }
  return broken(kCutOff);
}

// ---- JPEG: markers 0xFF??, most with a length, from SOI to EOI ---------------------------------

constexpr int kEndOfImage = 0xD9, kStartOfScan = 0xDA, kTemporary = 0x01;

bool is_frame_header(int marker) {  // SOF0..SOF15 without DHT, JPG, DAC
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}
bool stands_alone(int marker) { return (marker >= 0xD0 && marker <= 0xD8) || marker == kTemporary; }

/// Returns the place of the next marker at or after `at`, inside or outside of entropy-coded data:
/// 0xFF followed by neither a stuffed zero nor a restart marker nor another 0xFF. Returns the size
/// of the file if there is none.
std::size_t next_marker(Bytes file, std::size_t at) {
  while (at + 1 < file.size()) {
    const void* found = std::memchr(file.data() + at, 0xFF, file.size() - 1 - at);
    if (!found) break;
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - file.data());
    const int code = file[at + 1];
    if (code != 0 && code != 0xFF && !(code >= 0xD0 && code <= 0xD7)) return at;
    ++at;
  }
  return file.size();
}

ImageHeader read_jpeg(Bytes file) {
  ImageHeader header;
  bool scanned = false;
  for (std::size_t at = 0; (at = next_marker(file, at)) + 1 < file.size();) {
    const int marker = file[at + 1];
    if (marker == kEndOfImage) return scanned ? header : broken("a JPEG without a picture");
    at += 2;
    if (stands_alone(marker)) continue;
    if (file.size() - at < 2) break;
    const std::uint64_t length = big_endian(file.subspan(at, 2));
    if (length < 2) return broken("a damaged JPEG");
    if (length > file.size() - at) break;
    if (is_frame_header(marker) && length >= 7) {
      header.height = static_cast<std::int64_t>(big_endian(file.subspan(at + 3, 2)));
      header.width = static_cast<std::int64_t>(big_endian(file.subspan(at + 5, 2)));
    }
    scanned = scanned || marker == kStartOfScan;
    at += length;
  }
  return broken(kCutOff);
}

// ---- TIFF: byte order, 42, place of a table of 12-byte entries {tag, type, count, value or place}

class Tiff {
 public:
  explicit Tiff(Bytes file) : file_(file), little_(file[0] == 'I') {}

  ImageHeader header() const {
    if (file_.size() < 8) return broken(kCutOff);
    const std::uint64_t table = number(4, 4);
    if (table > file_.size() - 2) return broken(kCutOff);
    const std::uint64_t entries = number(table, 2);
    if (entries * 12 > file_.size() - table - 2) return broken(kCutOff);
    ImageHeader header;
    std::vector<std::uint64_t> places, lengths;
    for (std::uint64_t at = table + 2; at < table + 2 + entries * 12; at += 12) {
      if (!holds_values(at)) return broken(kCutOff);
      const std::uint64_t tag = number(at, 2);
      if (tag == 256) header.width = first(at);
      if (tag == 257) header.height = first(at);
      if (tag == 273 || tag == 324) places = values(at);  // strips or tiles
      if (tag == 279 || tag == 325) lengths = values(at);
    }
    if (places.empty() || places.size() != lengths.size())
      return broken("a TIFF without a table of its strips");
    for (std::size_t i = 0; i < places.size(); ++i)
      if (places[i] > file_.size() || lengths[i] > file_.size() - places[i]) return broken(kCutOff);
    return header;
  }

 private:
  std::uint64_t number(std::uint64_t at, std::size_t bytes) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      value = value << 8 | file_[at + (little_ ? bytes - 1 - i : i)];
    return value;
  }
  /// Returns the bytes of all values of the entry at `at`. Up to four bytes lie in the entry
  /// itself.
  std::uint64_t bytes_of(std::uint64_t at) const {
    static constexpr std::uint64_t kSizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8};  // by type
    const std::uint64_t type = number(at + 2, 2);
    return type < std::size(kSizes) ? number(at + 4, 4) * kSizes[type] : 0;
  }
  bool holds_values(std::uint64_t at) const {
    const std::uint64_t bytes = bytes_of(at);
    return bytes <= 4 || (bytes <= file_.size() && number(at + 8, 4) <= file_.size() - bytes);
  }
  /// Returns the whole numbers of an entry; nothing where its values are of another type.
  std::vector<std::uint64_t> values(std::uint64_t at) const {
    const std::uint64_t type = number(at + 2, 2), count = number(at + 4, 4);
    const std::size_t size = type == 3 ? 2 : type == 4 ? 4 : 0;  // SHORT, LONG
    if (size == 0) return {};
    const std::uint64_t begin = bytes_of(at) <= 4 ? at + 8 : number(at + 8, 4);
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 0; i < count; ++i) all.push_back(number(begin + i * size, size));
    return all;
  }
  std::int64_t first(std::uint64_t at) const {
    const std::vector<std::uint64_t> all = values(at);
    return all.empty() ? 0 : static_cast<std::int64_t>(all.front());
  }

  Bytes file_;
  bool little_;
};

ImageHeader read_tiff(Bytes file) { return Tiff(file).header(); }

// ---- the formats -------------------------------------------------------------------------------

struct Format {
  const char* name;
  std::string_view magic;
  std::vector<std::string_view> extensions;
  ImageHeader (*read)(Bytes file);
};

const Format* format_of(Bytes file) {
  using namespace std::string_view_literals;
  static const Format kFormats[] = {
      {"PNG", "\x89PNG\r\n\x1A\n"sv, {".png"}, read_png},
      {"JPEG", "\xFF\xD8\xFF"sv, {".jpg", ".jpeg", ".jpe"}, read_jpeg},
      {"TIFF", "II*\0"sv, {".tif", ".tiff"}, read_tiff},
      {"TIFF", "MM\0*"sv, {".tif", ".tiff"}, read_tiff},
  };
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  for (const Format& format : kFormats)
    if (text.starts_with(format.magic)) return &format;
  return nullptr;
}

}  // namespace

std::string image_fault(Bytes file, std::string_view extension) {
  // One byte of any of the three formats holds fewer pixels, except in a malicious file.
  constexpr std::int64_t kMaxPixelsPerByte = 2000;
  if (file.empty()) return "0 bytes";
  const Format* format = format_of(file);
  if (!format) return "not a JPEG, PNG or TIFF image";
  std::string lower(extension);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (std::ranges::find(format->extensions, lower) == format->extensions.end())
    return fmt::format("a {} called {}", format->name, lower.empty() ? "without extension" : lower);
  const ImageHeader header = format->read(file);
  if (!header.fault.empty()) return header.fault;
  if (header.width <= 0 || header.height <= 0) return "a picture without width or height";
  if (std::max(header.width, header.height) > kMaxSide ||
      header.width * header.height > kMaxPixels ||
      header.width * header.height / kMaxPixelsPerByte > static_cast<std::int64_t>(file.size()))
    return fmt::format("{} x {} pixels in {} bytes: too many to be decoded",
                       header.width,
                       header.height,
                       file.size());
  return "";
}

}  // namespace mien
