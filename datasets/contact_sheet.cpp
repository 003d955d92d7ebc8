#include "datasets/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "datasets/crop.h"
#include "datasets/image_io.h"

namespace mien {
namespace {

constexpr int kCell = 96, kGap = 4, kNames = 150, kHead = 28, kLine = 18;  // px
constexpr std::uint8_t kPaper = 255;

struct Row {
  std::string name;
  std::vector<std::size_t> samples;
};

/// Samples of one label, subject by subject.
Row row_of(const Pack& pack, std::int64_t label) {
  Row row{label < 0 ? "no label" : pack.class_names()[static_cast<std::size_t>(label)], {}};
  for (std::size_t i = 0; i < pack.labels().size(); ++i)
    if (pack.labels()[i] == label) row.samples.push_back(i);
  std::ranges::sort(
      row.samples, {}, [&](std::size_t i) { return std::pair(pack.subject()[i], i); });
  return row;
}

std::vector<Row> rows_of(const Pack& pack) {
  std::vector<Row> rows;
  for (std::int64_t label = 0; label < std::ssize(pack.class_names()); ++label)
    rows.push_back(row_of(pack, label));
  rows.push_back(row_of(pack, -1));
  std::erase_if(rows, [](const Row& row) { return row.samples.empty(); });
  return rows;
}

/// A sample as a picture of kCell pixels; the pack holds planes, red first.
Image cell_of(const Pack& pack, std::size_t sample) {
  const auto shape = pack.image_shape();
  const std::size_t channels = static_cast<std::size_t>(shape[0]);
  const std::size_t area = static_cast<std::size_t>(shape[1] * shape[2]);
  Image image{
      static_cast<int>(shape[2]), static_cast<int>(shape[1]), static_cast<int>(shape[0]), {}};
  const auto planes = pack.images().subspan(sample * channels * area, channels * area);
  for (std::size_t i = 0; i < area; ++i)
    for (std::size_t channel = channels; channel-- > 0;)
      image.pixels.push_back(planes[channel * area + i]);
  return crop(image, whole_square(image.width, image.height), kCell);
}

void paste(Image& sheet, const Image& cell, int left, int top) {
  const std::size_t bytes = static_cast<std::size_t>(cell.width * cell.channels);
  for (int y = 0; y < cell.height; ++y)
    std::copy_n(cell.pixels.begin() + static_cast<std::ptrdiff_t>(bytes) * y,
                bytes,
                sheet.pixels.begin() + ((top + y) * sheet.width + left) * sheet.channels);
}

}  // namespace

Image contact_sheet(const Pack& pack, int columns) {
  const std::vector<Row> rows = rows_of(pack);
  const int step = kCell + kGap, channels = static_cast<int>(pack.image_shape()[0]);
  Image sheet{kNames + columns * step, kHead + static_cast<int>(rows.size()) * step, channels, {}};
  sheet.pixels.assign(static_cast<std::size_t>(sheet.width * sheet.height * channels), kPaper);
  draw_text(
      sheet,
      kGap,
      kLine,
      fmt::format("{}: {} data, {} samples", pack.dataset(), name_of(pack.data()), pack.size()));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::vector<std::size_t>& samples = rows[r].samples;
    const int top = kHead + static_cast<int>(r) * step;
    draw_text(sheet, kGap, top + kCell / 2, rows[r].name);
    draw_text(sheet, kGap, top + kCell / 2 + kLine, std::to_string(samples.size()));
    const std::size_t shown = std::min(samples.size(), static_cast<std::size_t>(columns));
    for (std::size_t c = 0; c < shown; ++c)
      paste(sheet,
            cell_of(pack, samples[c * samples.size() / shown]),
            kNames + static_cast<int>(c) * step,
            top);
  }
  return sheet;
}

}  // namespace mien
