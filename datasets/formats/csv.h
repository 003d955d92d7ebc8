// Reads lines and cells of a CSV file that is too large for memory, in one pass that also computes
// its MD5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/formats/byte_source.h"
#include "harness/base/digest.h"

namespace mien {

/// The bytes before and after every line of CsvLines that are readable too, so that a parser may
/// load whole words across its ends.
inline constexpr std::size_t kSlackBytes = 64;

/// Splits a source into lines. Line ends are LF or CRLF. Skips a byte-order mark before the first.
class CsvLines {
 public:
  explicit CsvLines(std::unique_ptr<ByteSource> source);

  /// Moves to the next line and sets `line` to it, without its line end. Returns false at the end.
  /// The view is valid until the next call.
  /// Error (Exit::kPrecondition): as for ByteSource; a line is longer than 1 MiB.
  bool next(std::string_view& line);
  /// Returns "path:line" of the current line.
  std::string where() const;
  /// Throws "path:line: <what>; <next step>" (Exit::kPrecondition). Says that the file is truncated
  /// where the current line has no line end.
  [[noreturn]] void reject(const std::string& what) const;
  /// Throws as `reject` does where the current line has no line end: its last cell may be cut
  /// short.
  void require_line_end() const;

  const std::string& name() const { return source_->name(); }
  std::uint64_t size_hint() const { return source_->size_hint(); }
  std::uint64_t bytes() const { return bytes_; }
  /// Returns the digest of the whole source. REQUIRES: `next` has returned false; one call only.
  std::string md5() { return md5_.hex(); }

 private:
  bool refill();

  std::unique_ptr<ByteSource> source_;
  Digest md5_{"MD5"};
  std::vector<char> buffer_;
  std::size_t begin_, end_;  // the bytes that are not consumed
  std::uint64_t bytes_ = 0;
  std::int64_t line_ = 0;
  bool at_end_ = false, line_end_seen_ = true;
};

/// Returns `text` without surrounding blanks and one pair of surrounding double quotes.
std::string_view trimmed(std::string_view text);

/// Splits `line` at commas into `cells.size()` trimmed cells. Returns false when there are more or
/// fewer. Cells with commas are not supported; the files read here have none.
bool split_cells(std::string_view line, std::vector<std::string_view>& cells);

/// Parses a whole number from `low` to `high`, digits only. Returns -1 for anything else.
/// REQUIRES: low >= 0.
std::int64_t small_number(std::string_view text, std::int64_t low, std::int64_t high);

/// The header line of a CSV file.
class CsvHeader {
 public:
  /// Reads the first line of `lines`. Error (Exit::kPrecondition): the file is empty.
  explicit CsvHeader(CsvLines& lines);
  std::size_t columns() const { return names_.size(); }
  bool has(std::string_view name) const;
  /// Returns the index of the column. Error (Exit::kPrecondition): there is no such column.
  std::size_t column(std::string_view name) const;

 private:
  const CsvLines& lines_;
  std::vector<std::string> names_;
};

}  // namespace mien
