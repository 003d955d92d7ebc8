// Lines and cells of a CSV that is too large to hold: one pass, one buffer, one MD5 on the way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/byte_source.h"
#include "harness/core/sha256.h"

namespace mien {

/// Readable bytes on either side of every line that CsvLines hands out, so that a parser may load
/// whole words across its ends.
inline constexpr std::size_t kSlackBytes = 64;

/// The lines of a source. Line ends are LF or CRLF; a byte-order mark before the first is skipped.
class CsvLines {
 public:
  explicit CsvLines(std::unique_ptr<ByteSource> source);

  /// Moves to the next line, without its line end; false at the end. The view dies with the next
  /// call. Errors (Exit::kPrecondition): as for ByteSource, and a line that fits no buffer.
  bool next(std::string_view& line);
  /// "path:line" of the current line.
  std::string where() const;
  /// Throws Exit::kPrecondition: "path:line: <what>; <next step>", or the words for a truncated
  /// file where the current line has no line end.
  [[noreturn]] void reject(const std::string& what) const;
  /// Error as `reject` where the current line lacks its line end: its last cell may be cut short.
  void require_line_end() const;

  const std::string& name() const { return source_->name(); }
  std::uint64_t size_hint() const { return source_->size_hint(); }
  std::uint64_t bytes() const { return bytes_; }
  /// Digest of the whole source; call once, after `next` gave false.
  std::string md5() { return md5_.hex(); }

 private:
  bool refill();

  std::unique_ptr<ByteSource> source_;
  Digest md5_{"MD5"};
  std::vector<char> buffer_;
  std::size_t begin_, end_;  // the bytes not yet handed out
  std::uint64_t bytes_ = 0;
  std::int64_t line_ = 0;
  bool at_end_ = false, line_end_seen_ = true;
};

/// `text` without blanks and without one pair of double quotes around it.
std::string_view trimmed(std::string_view text);

/// The first bytes of a cell, printable: for a message that stays one line.
std::string printable(std::string_view text);

/// Splits at commas into exactly `cells.size()` trimmed cells; false when there are more or fewer.
/// No cell of the files read here holds a comma.
bool split_cells(std::string_view line, std::vector<std::string_view>& cells);

/// A whole number from `low` to `high`, digits only. Returns -1 for anything else; `low` >= 0.
std::int64_t small_number(std::string_view text, std::int64_t low, std::int64_t high);

/// Where the named columns stand in a header line.
class CsvHeader {
 public:
  /// Reads the first line. Error (Exit::kPrecondition): the file is empty.
  explicit CsvHeader(CsvLines& lines);
  std::size_t columns() const { return names_.size(); }
  bool has(std::string_view name) const;
  /// Error (Exit::kPrecondition): no such column, with those that there are.
  std::size_t column(std::string_view name) const;

 private:
  const CsvLines& lines_;
  std::vector<std::string> names_;
};

}  // namespace mien
