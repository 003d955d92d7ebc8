// Checks image files before they are decoded. Decoders are lenient: they fill the missing part of a
// half-copied file with gray and allocate any size that a header states.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mien {

/// The largest picture that is decoded. The side is limited too, because crops are squares.
inline constexpr std::int64_t kMaxPixels = 64'000'000, kMaxSide = 10'000;

/// Returns "" where the bytes are a complete JPEG, PNG or TIFF file of at most kMaxPixels and
/// kMaxSide with the right `extension` (".png", in any case). Returns the fault in a few words for
/// every other file, which must not be decoded.
std::string image_fault(std::span<const std::uint8_t> bytes, std::string_view extension);

}  // namespace mien
