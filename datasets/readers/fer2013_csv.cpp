#include "datasets/readers/fer2013_csv.h"

#include <algorithm>

#include "datasets/formats/pixel_text.h"
#include "harness/base/error.h"
#include "harness/base/text.h"

namespace mien {
namespace {

constexpr std::int64_t kClasses = 7;
// Rows of test.csv as published: without a Usage column only this order tells its two halves apart.
constexpr std::size_t kPublicTestRows = 3589, kTestRows = 7178;
constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);

struct Columns {
  std::size_t count, pixels, emotion = kAbsent, usage = kAbsent;
};

Columns columns_of(const CsvHeader& header, Fer2013Csv kind) {
  Columns columns{header.columns(), header.column("pixels")};
  if (kind != Fer2013Csv::kTest) columns.emotion = header.column("emotion");
  if (kind == Fer2013Csv::kWhole) columns.usage = header.column("Usage");
  return columns;
}

std::int64_t label_of(std::string_view cell, const CsvLines& lines) {
  const std::int64_t label = small_number(cell, 0, kClasses - 1);
  if (label < 0)
    lines.reject(fmt::format(
        "emotion is '{}', expected a whole number from 0 to {}", excerpt(cell), kClasses - 1));
  return label;
}

std::int32_t split_of(std::string_view cell, const CsvLines& lines) {
  const std::int32_t split = fer2013_split(cell);
  if (split < 0)
    lines.reject(fmt::format(
        "Usage is '{}', expected one of {}", excerpt(cell), fmt::join(kFer2013Splits, ", ")));
  return split;
}

/// Room for the images of a file of this size, so that the vector never moves. Pages of it that
/// stay unused are never touched, hence cost nothing.
void reserve(std::uint64_t file_bytes, Fer2013Rows& rows) {
  constexpr std::uint64_t kLeastRowBytes = 2 * kFer2013Pixels;
  constexpr std::uint64_t kMostRows = 1 << 20;  // a container may claim any size
  const std::uint64_t more = std::min(file_bytes / kLeastRowBytes, kMostRows);
  rows.images.reserve(rows.images.size() + more * kFer2013Pixels);
}

void append_pixels(std::string_view cell,
                   const CsvLines& lines,
                   std::vector<std::uint8_t>& images) {
  const std::size_t before = images.size();
  images.resize(before + kFer2013Pixels);
  if (parse_pixels(cell, std::span(images).subspan(before))) return;
  images.resize(before);
  const std::string why = explain_pixels(cell, kFer2013Pixels);
  MIEN_ASSERT(!why.empty());
  lines.reject(why);
}

/// Gives the rows from `first` on their splits by order.
void split_test_rows(std::size_t first, const CsvLines& lines, Fer2013Rows& rows) {
  const std::size_t count = rows.labels.size() - first;
  if (count != kTestRows)
    fail(Exit::kPrecondition,
         "{}: {} rows, expected {}: without a Usage column the rows of PublicTest cannot be told "
         "from those of PrivateTest; use fer2013.csv or icml_face_data.csv",
         lines.name(),
         count,
         kTestRows);
  for (std::size_t row = 0; row < count; ++row)
    rows.split[first + row] = row < kPublicTestRows ? 1 : 2;
}

}  // namespace

std::int32_t fer2013_split(std::string_view usage) {
  const auto found = std::find(std::begin(kFer2013Splits), std::end(kFer2013Splits), usage);
  return found == std::end(kFer2013Splits)
             ? -1
             : static_cast<std::int32_t>(found - std::begin(kFer2013Splits));
}

void read_fer2013_csv(CsvLines& lines, Fer2013Csv kind, Fer2013Rows& rows) {
  const std::size_t first = rows.labels.size();
  reserve(lines.size_hint(), rows);
  const CsvHeader header(lines);
  const Columns columns = columns_of(header, kind);
  std::vector<std::string_view> cells(columns.count);
  for (std::string_view line; lines.next(line);) {
    if (!split_cells(line, cells))
      lines.reject(fmt::format("not {} comma-separated columns as in line 1", columns.count));
    const std::int64_t label =
        columns.emotion == kAbsent ? -1 : label_of(cells[columns.emotion], lines);
    const std::int32_t split = columns.usage == kAbsent ? 0 : split_of(cells[columns.usage], lines);
    lines.require_line_end();
    append_pixels(cells[columns.pixels], lines, rows.images);
    rows.labels.push_back(label);
    rows.split.push_back(split);
  }
  if (rows.labels.size() == first)
    fail(Exit::kPrecondition, "{}:2: no rows after the header; fetch the file again", lines.name());
  if (kind == Fer2013Csv::kTest) split_test_rows(first, lines, rows);
}

}  // namespace mien
