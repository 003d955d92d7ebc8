// What the bytes of an image file say before anything decodes them. Decoders are lenient: they make
// gray rests of a file that was half copied, and whatever a header asks for.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mien {

/// A picture of more is no photograph of a face. The side, too, since squares are made of it.
inline constexpr std::int64_t kMaxPixels = 64'000'000, kMaxSide = 10'000;

/// Why a file of these bytes must not be decoded, in a few words; "" where it may be. Good are
/// whole JPEG, PNG and TIFF files of at most kMaxPixels and kMaxSide whose `extension` (".png", any
/// case) is theirs.
std::string image_fault(std::span<const std::uint8_t> bytes, std::string_view extension);

}  // namespace mien
