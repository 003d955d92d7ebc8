#include "datasets/figures/contact_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "datasets/figures/sheet.h"
#include "datasets/images/face_square.h"
#include "datasets/images/image_io.h"

namespace mien {
namespace {

constexpr int kCell = 96, kCellGap = 4, kNames = 150, kHead = 28, kNameLine = 18;  // px

struct ClassRow {
  std::string name;
  std::vector<std::size_t> samples;
};

/// Returns the samples of one label, sorted by subject.
ClassRow row_of(const Pack& pack, std::int64_t label) {
  ClassRow row{label < 0 ? "no label" : pack.class_names()[static_cast<std::size_t>(label)], {}};
  for (std::size_t i = 0; i < pack.labels().size(); ++i)
    if (pack.labels()[i] == label) row.samples.push_back(i);
  std::ranges::sort(
      row.samples, {}, [&](std::size_t i) { return std::pair(pack.subject()[i], i); });
  return row;
}

std::vector<ClassRow> rows_of(const Pack& pack) {
  std::vector<ClassRow> rows;
  for (std::int64_t label = 0; label < std::ssize(pack.class_names()); ++label)
    rows.push_back(row_of(pack, label));
  rows.push_back(row_of(pack, -1));
  std::erase_if(rows, [](const ClassRow& row) { return row.samples.empty(); });
  return rows;
}

/// Returns a sample as a picture of kCell pixels.
Image cell_of(const Pack& pack, std::size_t sample) {
  const auto shape = pack.image_shape();
  const int channels = static_cast<int>(shape[0]), height = static_cast<int>(shape[1]),
            width = static_cast<int>(shape[2]);
  const std::size_t bytes = static_cast<std::size_t>(channels * height * width);
  const Image image = picture_of_planes(
      pack.images().subspan(sample * bytes, bytes).data(), channels, width, height);
  return crop(image, whole_square(width, height), kCell);
}

}  // namespace

Image contact_sheet(const Pack& pack, int columns) {
  const std::vector<ClassRow> rows = rows_of(pack);
  const int step = kCell + kCellGap, channels = static_cast<int>(pack.image_shape()[0]);
  Image sheet =
      white_paper(kNames + columns * step, kHead + static_cast<int>(rows.size()) * step, channels);
  draw_text(
      sheet,
      kCellGap,
      kNameLine,
      fmt::format("{}: {} data, {} samples", pack.dataset(), name_of(pack.data()), pack.size()));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const std::vector<std::size_t>& samples = rows[r].samples;
    const int top = kHead + static_cast<int>(r) * step;
    draw_text(sheet, kCellGap, top + kCell / 2, rows[r].name);
    draw_text(sheet, kCellGap, top + kCell / 2 + kNameLine, std::to_string(samples.size()));
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
