#include "datasets/formats/csv.h"

#include <algorithm>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/text.h"

namespace mien {
namespace {

// Fits the second-level cache, so that MD5 runs on bytes that are still cached.
constexpr std::size_t kChunkBytes = 256 * 1024;
constexpr std::size_t kLongestLine = 1024 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvLines::CsvLines(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)),
      buffer_(kSlackBytes + kLongestLine + kChunkBytes + kSlackBytes),
      begin_(kSlackBytes),
      end_(kSlackBytes) {}

bool CsvLines::refill() {
  if (at_end_) return false;
  const std::size_t held = end_ - begin_;
  if (held > kLongestLine) {
    ++line_;
    reject(fmt::format("the line is longer than {} bytes", kLongestLine));
  }
  // Moves bytes only when the buffer is full, so that less than a line per chunk is copied.
  if (end_ + kChunkBytes + kSlackBytes > buffer_.size()) {
    std::memmove(buffer_.data() + kSlackBytes, buffer_.data() + begin_, held);
    begin_ = kSlackBytes;
    end_ = begin_ + held;
  }
  const std::size_t got = source_->read(buffer_.data() + end_, kChunkBytes);
  md5_.update(buffer_.data() + end_, got);
  end_ += got;
  bytes_ += got;
  at_end_ = got == 0;
  return !at_end_;
}

bool CsvLines::next(std::string_view& line) {
  std::size_t searched = begin_;
  const void* newline = nullptr;
  while (!(newline = std::memchr(buffer_.data() + searched, '\n', end_ - searched))) {
    const std::size_t unfinished = end_ - begin_;
    if (!refill()) break;
    searched = begin_ + unfinished;
  }
  if (!newline && begin_ == end_) return false;
  const char* start = buffer_.data() + begin_;
  const char* stop = newline ? static_cast<const char*>(newline) : buffer_.data() + end_;
  begin_ = static_cast<std::size_t>(stop - buffer_.data()) + (newline ? 1 : 0);
  line_end_seen_ = newline != nullptr;
  line = {start, static_cast<std::size_t>(stop - start)};
  if (++line_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return true;
}

std::string CsvLines::where() const { return fmt::format("{}:{}", source_->name(), line_); }

void CsvLines::reject(const std::string& what) const {
  if (!line_end_seen_)
    fail(Exit::kPrecondition,
         "{}: the last line has no line end ({}): the file is truncated; fetch it again",
         where(),
         what);
  fail(
      Exit::kPrecondition, "{}: {}; the file is damaged or altered, fetch it again", where(), what);
}

void CsvLines::require_line_end() const {
  if (!line_end_seen_) reject("its last cell may be cut short");
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return text;
}

bool split_cells(std::string_view line, std::vector<std::string_view>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::size_t comma = line.find(',');
    const bool last = i + 1 == cells.size();
    if ((comma == std::string_view::npos) != last) return false;
    cells[i] = trimmed(line.substr(0, comma));
    if (!last) line.remove_prefix(comma + 1);
  }
  return true;
}

std::int64_t small_number(std::string_view text, std::int64_t low, std::int64_t high) {
  if (text.empty() || text.size() > 9) return -1;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value >= low && value <= high ? value : -1;
}

CsvHeader::CsvHeader(CsvLines& lines) : lines_(lines) {
  std::string_view line;
  if (!lines.next(line) || line.empty())
    fail(Exit::kPrecondition, "{}:1: the file is empty; fetch it again", lines.name());
  std::vector<std::string_view> cells(
      1 + static_cast<std::size_t>(std::count(line.begin(), line.end(), ',')));
  split_cells(line, cells);
  for (const std::string_view cell : cells) names_.emplace_back(trimmed(cell));
}

bool CsvHeader::has(std::string_view name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

std::size_t CsvHeader::column(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<std::size_t>(found - names_.begin());
  std::vector<std::string> known;
  for (std::size_t i = 0; i < std::min<std::size_t>(names_.size(), 12); ++i)
    known.push_back(excerpt(names_[i]));
  lines_.reject(fmt::format("no column '{}' among {}", name, fmt::join(known, ", ")));
}

}  // namespace mien
