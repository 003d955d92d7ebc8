// Numbers 0..255 in text, several hundred million a second.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mien {

/// Reads exactly `out.size()` numbers from 0 to 255, of one to three digits, with one space between
/// them. False for anything else; `out` is then unspecified.
/// The 64 bytes before and after `cell` must be readable (csv.h, kSlackBytes).
bool parse_pixels(std::string_view cell, std::span<std::uint8_t> out);

/// What keeps `parse_pixels` from reading `expected` numbers: "pixel 17 is '256', expected ...",
/// "2303 pixels, expected 2304". Slow; for messages. Empty when nothing does.
std::string explain_pixels(std::string_view cell, std::size_t expected);

}  // namespace mien
