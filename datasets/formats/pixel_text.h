// Parses text of numbers 0..255, several hundred million numbers per second.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mien {

/// Parses exactly `out.size()` numbers from 0 to 255, of one to three digits, with one space
/// between them. Returns false for anything else; `out` is then unspecified. REQUIRES: the 64 bytes
/// before and after `cell` are readable (csv.h, kSlackBytes).
bool parse_pixels(std::string_view cell, std::span<std::uint8_t> out);

/// Returns why parse_pixels cannot read `expected` numbers: "pixel 17 is '256', expected ...",
/// "2303 pixels, expected 2304"; "" where it can. Slow: for messages only.
std::string explain_pixels(std::string_view cell, std::size_t expected);

}  // namespace mien
