// Widths are counted in terminal cells, never in bytes.
#include "results/table.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace mien {
namespace {

constexpr std::string_view kGap = "  ";
constexpr int kNarrowest = 6;  // a column is not shortened below this
constexpr std::uint32_t kReplacement = 0xFFFD;

struct Range {
  std::uint32_t first, last;
};
// Unicode 15: blocks drawn two cells wide, and blocks of marks drawn over their neighbour.
constexpr Range kWide[] = {{0x1100, 0x115F},
                           {0x2E80, 0x303E},
                           {0x3041, 0xA4CF},
                           {0xA960, 0xA97C},
                           {0xAC00, 0xD7A3},
                           {0xF900, 0xFAFF},
                           {0xFE30, 0xFE6F},
                           {0xFF00, 0xFF60},
                           {0xFFE0, 0xFFE6},
                           {0x1F300, 0x1F64F},
                           {0x1F900, 0x1F9FF},
                           {0x20000, 0x3FFFD}};
constexpr Range kNoWidth[] = {{0x0300, 0x036F},
                              {0x0483, 0x0489},
                              {0x0591, 0x05BD},
                              {0x200B, 0x200F},
                              {0x20D0, 0x20FF},
                              {0xFE00, 0xFE0F},
                              {0xFE20, 0xFE2F},
                              {0xFEFF, 0xFEFF}};

template <std::size_t N>
bool within(const Range (&ranges)[N], std::uint32_t code) {
  return std::any_of(std::begin(ranges), std::end(ranges), [&](const Range& range) {
    return range.first <= code && code <= range.last;
  });
}

/// One character of UTF-8; `bytes` is 1 and `code` U+FFFD where the text is broken.
struct Character {
  std::uint32_t code;
  std::size_t bytes;

  int width() const { return within(kNoWidth, code) ? 0 : within(kWide, code) ? 2 : 1; }
};

Character decode(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {kReplacement, 1};
  std::uint32_t code = lead & (0xFFU >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {kReplacement, 1};
    code = code << 6 | (byte(i) & 0x3F);
  }
  constexpr std::uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kLeast[bytes] || code > 0x10FFFF || surrogate) return {kReplacement, 1};
  return {code, bytes};
}

/// Bytes of the terminal control sequence (ECMA-48 CSI) that `text` begins with; 0 where none does.
std::size_t escape_sequence(std::string_view text) {
  if (!text.starts_with("\033[")) return 0;
  std::size_t at = 2;
  while (at < text.size() && text[at] >= 0x20 && text[at] < 0x40) ++at;
  return at < text.size() && text[at] >= 0x40 && text[at] < 0x7F ? at + 1 : 0;
}

std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

std::string padded(const std::string& cell, int width, Align align) {
  const std::string text = shorten(cell, width);
  const std::string pad = spaces(width - display_width(text));
  return align == Align::kRight ? pad + text : text + pad;
}

/// Columns that are still shown, with their widths.
struct Layout {
  std::vector<std::size_t> columns;
  std::vector<int> widths;

  int total() const {
    int sum = 0;
    for (const int width : widths) sum += width;
    return sum + static_cast<int>(kGap.size() * (widths.empty() ? 0 : widths.size() - 1));
  }
};

Layout natural_layout(const Table& table) {
  Layout layout;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    int width = display_width(table.columns[c].header);
    for (const auto& row : table.rows) width = std::max(width, display_width(row[c]));
    layout.columns.push_back(c);
    layout.widths.push_back(width);
  }
  return layout;
}

/// Returns the index in the layout of the column to drop next; -1 if every column left must stay.
int least_important(const Table& table, const Layout& layout) {
  int found = -1, highest = 0;
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    const int drop = table.columns[layout.columns[i]].drop;
    if (drop <= highest) continue;
    highest = drop;
    found = static_cast<int>(i);
  }
  return found;
}

void fit(const Table& table, int width, Layout& layout) {
  while (layout.total() > width) {
    const int drop = least_important(table, layout);
    if (drop < 0) break;
    layout.columns.erase(layout.columns.begin() + drop);
    layout.widths.erase(layout.widths.begin() + drop);
  }
  while (layout.total() > width) {
    const auto widest = std::max_element(layout.widths.begin(), layout.widths.end());
    if (widest == layout.widths.end() || *widest <= kNarrowest) break;
    --*widest;
  }
}

template <typename Cell>
std::string text_line(const Table& table, const Layout& layout, Cell cell) {
  std::string line;
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    if (i > 0) line += kGap;
    const std::size_t c = layout.columns[i];
    line += padded(cell(c), layout.widths[i], table.columns[c].align);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string bold(const std::string& line, bool color) {
  return (color ? "\033[1m" + line + "\033[0m" : line) + "\n";
}

Table sanitized(Table table) {
  table.title = terminal_text(table.title);
  for (auto& row : table.rows) {
    MIEN_ASSERT(row.size() == table.columns.size());
    for (std::string& cell : row) cell = terminal_text(cell);
  }
  return table;
}

template <typename Cell>
std::string joined(std::size_t count, std::string_view separator, Cell cell) {
  std::string line;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) line += separator;
    line += cell(i);
  }
  return line;
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Character character = decode(text);
    width += character.width();
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string shorten(std::string_view text, int cells) {
  if (display_width(text) <= cells) return std::string(text);
  std::string kept;
  int width = 1;  // of the closing mark
  while (!text.empty()) {
    const Character character = decode(text);
    if ((width += character.width()) > cells) break;
    kept += text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
  }
  return kept + "…";
}

std::string terminal_text(std::string_view text) {
  std::string clean;
  while (!text.empty()) {
    if (const std::size_t bytes = escape_sequence(text)) {
      text.remove_prefix(bytes);
      continue;
    }
    const Character character = decode(text);
    const bool control = character.code < 0x20 || (character.code >= 0x7F && character.code < 0xA0);
    if (control)
      clean += ' ';
    else if (character.code == kReplacement)
      clean += "\xEF\xBF\xBD";
    else
      clean += text.substr(0, character.bytes);
    text.remove_prefix(character.bytes);
  }
  return clean;
}

std::string markdown_escaped(std::string_view text) {
  std::string escaped;
  for (const char byte : terminal_text(text)) {
    if (std::string_view("\\|<>`*[]").find(byte) != std::string_view::npos) escaped += '\\';
    escaped += byte;
  }
  return escaped;
}

std::string wrap(std::string_view text, int width, std::string_view indent) {
  const std::string clean = terminal_text(text);
  std::string lines, line(indent);
  bool started = false;
  for (std::size_t at = 0; at < clean.size();) {
    const std::size_t end = std::min(clean.find(' ', at), clean.size());
    const std::string word = clean.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    if (started && width > 0 && display_width(line) + 1 + display_width(word) > width) {
      lines += line + "\n";
      line = indent;
      started = false;
    }
    line += (started ? " " : "") + word;
    started = true;
  }
  return lines + line + "\n";
}

std::string to_text(const Table& table, const TextStyle& style) {
  const Table clean = sanitized(table);
  Layout layout = natural_layout(clean);
  if (style.width > 0) fit(clean, style.width, layout);
  std::string text;
  if (!clean.title.empty()) text += bold(clean.title, style.color);
  const auto header = [&](std::size_t c) { return clean.columns[c].header; };
  text += bold(text_line(clean, layout, header), style.color);
  for (const auto& row : clean.rows)
    text += text_line(clean, layout, [&](std::size_t c) { return row[c]; }) + "\n";
  return text;
}

std::string to_markdown(const Table& table) {
  const std::size_t count = table.columns.size();
  std::string text = table.title.empty() ? "" : "### " + markdown_escaped(table.title) + "\n\n";
  const auto line = [&](auto cell) { text += "| " + joined(count, " | ", cell) + " |\n"; };
  line([&](std::size_t c) { return markdown_escaped(table.columns[c].header); });
  line([&](std::size_t c) {
    return std::string(table.columns[c].align == Align::kRight ? "---:" : "---");
  });
  for (const auto& row : table.rows) line([&](std::size_t c) { return markdown_escaped(row[c]); });
  return text;
}

std::string to_csv(const Table& table) {
  const std::size_t count = table.columns.size();
  std::string text =
      joined(count, ",", [&](std::size_t c) { return csv_cell(table.columns[c].header); }) + "\r\n";
  for (const auto& row : table.rows)
    text += joined(count, ",", [&](std::size_t c) { return csv_cell(row[c]); }) + "\r\n";
  return text;
}

}  // namespace mien
