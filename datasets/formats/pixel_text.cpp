// The parser works in two passes per 64 bytes, without branches that depend on the data. The first
// makes a bit mask of the spaces. Walking the set bits then gives the end of every number without a
// look at its digits. A number of one to three digits is a weighted sum of the three bytes before
// its end, with weights that depend on its length. Faults only set bits, which are checked at the
// end.
#include "datasets/formats/pixel_text.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace mien {
namespace {

constexpr std::size_t kMaskBytes = 64;

struct BlockMasks {
  std::uint64_t spaces = 0;  // bit i: byte i is a space
  std::uint64_t alien = 0;   // bit i: byte i is neither a space nor a digit
};

#ifdef __SSE2__

BlockMasks masks_of(const char* block) {
  const __m128i space = _mm_set1_epi8(' '), zero = _mm_set1_epi8('0'), nine = _mm_set1_epi8(9);
  BlockMasks masks;
  for (int part = 0; part < 4; ++part) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 16 * part));
    const __m128i digits = _mm_sub_epi8(bytes, zero);
    const __m128i is_space = _mm_cmpeq_epi8(bytes, space);
    const __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digits, nine), digits);
    const auto known =
        static_cast<std::uint16_t>(_mm_movemask_epi8(_mm_or_si128(is_space, is_digit)));
    const auto spaces = static_cast<std::uint16_t>(_mm_movemask_epi8(is_space));
    masks.spaces |= std::uint64_t{spaces} << (16 * part);
    masks.alien |= std::uint64_t{static_cast<std::uint16_t>(~known)} << (16 * part);
  }
  return masks;
}

#else

BlockMasks masks_of(const char* block) {
  BlockMasks masks;
  for (std::size_t i = 0; i < kMaskBytes; ++i) {
    const bool space = block[i] == ' ';
    const bool digit = static_cast<unsigned char>(block[i] - '0') <= 9;
    masks.spaces |= std::uint64_t{space} << i;
    masks.alien |= std::uint64_t{!space && !digit} << i;
  }
  return masks;
}

#endif

// Weights of the tens and hundreds digit by length. An absent digit has weight 0.
constexpr unsigned kTens[4] = {0, 0, 10, 10};
constexpr unsigned kHundreds[4] = {0, 0, 0, 100};

/// Returns the number with the digits [start, end). Sets bits of `faults` where it is not a number.
inline std::uint8_t number(const char* start, const char* end, unsigned& faults) {
  const auto length = static_cast<std::size_t>(end - start);
  const auto digit = [end](int place) { return static_cast<unsigned>(end[-place] - '0'); };
  const unsigned value = digit(1) + digit(2) * kTens[length & 3] + digit(3) * kHundreds[length & 3];
  faults |= static_cast<unsigned>(length - 1 > 2) | (value >> 8);
  return static_cast<std::uint8_t>(value);
}

bool is_pixel(std::string_view text) {
  if (text.empty() || text.size() > 3) return false;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  return value <= 255;
}

}  // namespace

bool parse_pixels(std::string_view cell, std::span<std::uint8_t> out) {
  const char* const begin = cell.data();
  const char* start = begin;
  std::uint8_t* put = out.data();
  std::size_t room = out.size();
  unsigned faults = 0;
  for (std::size_t at = 0; at < cell.size(); at += kMaskBytes) {
    BlockMasks masks = masks_of(begin + at);
    if (const std::size_t left = cell.size() - at; left < kMaskBytes) {
      const std::uint64_t inside = (std::uint64_t{1} << left) - 1;
      masks.spaces &= inside;
      masks.alien &= inside;
    }
    const auto ends = static_cast<std::size_t>(std::popcount(masks.spaces));
    if (masks.alien != 0 || ends >= room) return false;  // the last number has no space after it
    room -= ends;
    for (; masks.spaces != 0; masks.spaces &= masks.spaces - 1) {
      const char* end = begin + at + std::countr_zero(masks.spaces);
      *put++ = number(start, end, faults);
      start = end + 1;
    }
  }
  if (room != 1) return false;
  *put = number(start, begin + cell.size(), faults);
  return faults == 0;
}

std::string explain_pixels(std::string_view cell, std::size_t expected) {
  std::size_t count = 0;
  for (std::size_t at = 0; at <= cell.size(); ++count) {
    const std::string_view text = cell.substr(at, cell.find(' ', at) - at);
    at += text.size() + 1;
    if (is_pixel(text)) continue;
    std::string shown;
    for (const char c : text.substr(0, 12)) shown += c >= ' ' && c <= '~' ? c : '?';
    return fmt::format(
        "pixel {} is '{}', expected a whole number from 0 to 255, one space apart", count, shown);
  }
  if (count != expected) return fmt::format("{} pixels, expected {}", count, expected);
  return "";
}

}  // namespace mien
