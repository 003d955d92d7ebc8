// A table of text, and its three spellings: terminal, Markdown, CSV. Used by every verb that lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mien {

enum class Align { kLeft, kRight };

struct Column {
  std::string header;
  Align align = Align::kLeft;
  /// Importance on a narrow terminal: the column with the highest number is dropped first; 0 stays.
  int drop = 0;
};

struct Table {
  std::string title;  // printed above; may be empty
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells as columns
};

struct TextStyle {
  int width = 0;       // of the terminal, in cells; 0: as wide as it takes
  bool color = false;  // ANSI bold for title and header
};

/// Terminal cells that UTF-8 `text` takes: wide East Asian characters two, combining marks none.
int display_width(std::string_view text);
/// `text` cut to `cells` with a closing "…" where it is longer.
std::string shorten(std::string_view text, int cells);
/// `text` without control characters and broken UTF-8, so that it can neither move the cursor nor
/// break a line.
std::string printable(std::string_view text);
/// `text` for a cell or a line of Markdown.
std::string markdown_escaped(std::string_view text);
/// Breaks `text` at spaces into lines of at most `width` cells (0: never), each after `indent`.
std::string wrap(std::string_view text, int width, std::string_view indent);

/// Drops columns, then shortens cells of the widest column, until `style.width` is kept.
std::string to_text(const Table& table, const TextStyle& style = {});
/// A GitHub table; the title becomes a heading.
std::string to_markdown(const Table& table);
/// RFC 4180, header line included, title left out.
std::string to_csv(const Table& table);

}  // namespace mien
