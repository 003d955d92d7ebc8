// Lines, cells and excerpts of text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

/// Returns the lines of `text` without their line breaks. A line break at the end ends the last
/// line and starts no further one, so empty text has no lines.
std::vector<std::string> lines_of(std::string_view text);

/// Returns the first line of `text` that is not empty; "" where there is none. The errors of
/// LibTorch carry a stack below that line.
std::string first_line(std::string_view text);

/// Returns the last line of `text` that is not empty; "" where there is none.
std::string last_line(std::string_view text);

/// Returns `text` as one cell of a CSV line (RFC 4180): in double quotes where it contains a comma,
/// a quote or a line break.
std::string csv_cell(std::string_view text);

/// Returns `bytes` with every sequence that is not UTF-8 replaced by U+FFFD. Names in a file system
/// may be any bytes.
std::string valid_utf8(std::string_view bytes);

/// Returns the first `longest` bytes of a user's text for a message of one line: valid UTF-8, "?"
/// for every control character, "..." where something was cut off.
std::string excerpt(std::string_view text, std::size_t longest = 40);

}  // namespace mien
