// Formats a table of text for the terminal, as Markdown and as CSV. Every verb that lists uses it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mien {

enum class Align { kLeft, kRight };

struct Column {
  std::string header;
  Align align = Align::kLeft;
  /// On a narrow terminal the column with the highest number is dropped first. A column with 0
  /// stays.
  int drop = 0;
};

struct Table {
  std::string title;  // printed above; may be empty
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells as columns
};

struct TextStyle {
  int width = 0;       // of the terminal, in cells; 0: no limit
  bool color = false;  // ANSI bold for title and header
};

/// Returns the number of terminal cells of UTF-8 text. A wide East Asian character takes two cells,
/// a combining mark none.
int display_width(std::string_view text);
/// Returns `text`, cut to `cells` with a closing "…" if it is longer.
std::string shorten(std::string_view text, int cells);
/// Returns `text` without control characters and broken UTF-8, so that it can neither move the
/// cursor nor break a line.
std::string terminal_text(std::string_view text);
/// Escapes `text` for a cell or a line of Markdown.
std::string markdown_escaped(std::string_view text);
/// Breaks `text` at spaces into lines of at most `width` cells (0: no limit), each after `indent`.
std::string wrap(std::string_view text, int width, std::string_view indent);

/// Formats for the terminal. Drops columns, then shortens the cells of the widest column, until the
/// table fits `style.width`.
std::string to_text(const Table& table, const TextStyle& style = {});
/// Formats as a GitHub table. The title becomes a heading.
std::string to_markdown(const Table& table);
/// Formats as CSV (RFC 4180) with a header line and without the title.
std::string to_csv(const Table& table);

}  // namespace mien
