// FER2013 files for tests: random images, as text in every published dress, and archives of them.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "datasets/readers/fer2013_csv.h"

namespace mien::testing {

inline constexpr const char* kUsageNames[] = {"Training", "PublicTest", "PrivateTest"};

/// `count` random rows; splits in stored order, about half of them Training.
inline Fer2013Rows random_rows(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Fer2013Rows rows;
  for (std::size_t row = 0; row < count; ++row) {
    rows.labels.push_back(static_cast<std::int64_t>(random() % 7));
    rows.split.push_back(row < (count + 1) / 2 ? 0 : row < (3 * count + 3) / 4 ? 1 : 2);
    // Images of few digits and of many, so that every width stands at every place of a block.
    const std::uint64_t highest = random() % 3 == 0 ? 12 : 256;
    for (std::size_t i = 0; i < kFer2013Pixels; ++i)
      rows.images.push_back(static_cast<std::uint8_t>(random() % highest));
  }
  return rows;
}

inline std::string pixel_text(const Fer2013Rows& rows, std::size_t row) {
  const auto first = rows.images.begin() + static_cast<std::ptrdiff_t>(row * kFer2013Pixels);
  return fmt::format("{}", fmt::join(first, first + kFer2013Pixels, " "));
}

/// How a file is dressed: columns named e (emotion), p (pixels), u (Usage), x (one of no interest).
struct Dress {
  std::string columns = "epu";
  std::string line_end = "\n";
  bool blanks_in_header = false, quotes = false, byte_order_mark = false;
};

inline std::string csv_text(const Fer2013Rows& rows, const Dress& dress) {
  std::string text = dress.byte_order_mark ? "\xEF\xBB\xBF" : "";
  const auto line = [&](auto cell) {
    for (std::size_t i = 0; i < dress.columns.size(); ++i)
      text.append(i > 0 ? "," : "").append(cell(dress.columns[i], i));
    text += dress.line_end;
  };
  line([&](char column, std::size_t i) {
    const std::string name = column == 'e'   ? "emotion"
                             : column == 'p' ? "pixels"
                             : column == 'u' ? "Usage"
                                             : "other";
    return std::string(dress.blanks_in_header && i > 0 ? " " : "").append(name);
  });
  const std::string quote = dress.quotes ? "\"" : "";
  for (std::size_t row = 0; row < rows.labels.size(); ++row)
    line([&](char column, std::size_t) {
      if (column == 'e') return std::to_string(rows.labels[row]);
      if (column == 'p') return std::string(quote).append(pixel_text(rows, row)).append(quote);
      if (column == 'u') return std::string(kUsageNames[rows.split[row]]);
      return std::string("whatever");
    });
  return text;
}

/// Writes an archive of (member, content); the ending of `path` says which kind.
inline void write_archive(const std::filesystem::path& path,
                          const std::vector<std::pair<std::string, std::string>>& members) {
  struct archive* handle = ::archive_write_new();
  if (path.extension() == ".zip") {
    ::archive_write_set_format_zip(handle);
  } else {
    ::archive_write_set_format_ustar(handle);
    ::archive_write_add_filter_gzip(handle);
  }
  ::archive_write_open_filename(handle, path.c_str());
  for (const auto& [name, content] : members) {
    archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, name.c_str());
    ::archive_entry_set_size(entry, static_cast<la_int64_t>(content.size()));
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_entry_set_perm(entry, 0644);
    ::archive_write_header(handle, entry);
    ::archive_write_data(handle, content.data(), content.size());
    ::archive_entry_free(entry);
  }
  ::archive_write_close(handle);
  ::archive_write_free(handle);
}

}  // namespace mien::testing
