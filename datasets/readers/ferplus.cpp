#include "datasets/readers/ferplus.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <numeric>

#include "datasets/readers/fer2013_csv.h"
#include "harness/base/error.h"
#include "harness/base/text.h"

using nlohmann::ordered_json;

namespace mien {
namespace {

constexpr const char* kVoteNames[kFerPlusVotes] = {"neutral",
                                                   "happiness",
                                                   "surprise",
                                                   "sadness",
                                                   "anger",
                                                   "disgust",
                                                   "fear",
                                                   "contempt",
                                                   "unknown",
                                                   "NF"};
constexpr std::int64_t kRaters = 10;

struct Facts {
  std::int64_t unnamed = 0, ties = 0;
  std::array<std::int64_t, kFerPlusVotes> winners{};
};

using Votes = std::array<std::uint8_t, kFerPlusVotes>;

struct Columns {
  std::size_t usage, image;
  std::array<std::size_t, kFerPlusVotes> votes;
};

Columns columns_of(const CsvHeader& header) {
  Columns columns{header.column("Usage"), header.column("Image name"), {}};
  for (std::size_t i = 0; i < kFerPlusVotes; ++i) columns.votes[i] = header.column(kVoteNames[i]);
  return columns;
}

Votes votes_of(const std::vector<std::string_view>& cells,
               const Columns& columns,
               const CsvLines& lines) {
  Votes votes{};
  for (std::size_t i = 0; i < kFerPlusVotes; ++i) {
    const std::string_view cell = cells[columns.votes[i]];
    const std::int64_t count = small_number(cell, 0, kRaters);
    if (count < 0)
      lines.reject(fmt::format("{} is '{}', expected a whole number from 0 to {}",
                               kVoteNames[i],
                               excerpt(cell),
                               kRaters));
    votes[i] = static_cast<std::uint8_t>(count);
  }
  return votes;
}

void count(const Votes& votes, bool named, Facts& facts) {
  facts.unnamed += !named;
  const auto top = std::max_element(votes.begin(), votes.end());
  if (std::count(votes.begin(), votes.end(), *top) > 1)
    ++facts.ties;
  else
    ++facts.winners[static_cast<std::size_t>(top - votes.begin())];
}

ordered_json facts_json(const Samples& samples,
                        const std::vector<Facts>& facts,
                        std::int64_t not_ten) {
  ordered_json result = {{"rows", samples.labels.size()}, {"rows_not_ten_votes", not_ten}};
  for (std::size_t split = 0; split < facts.size(); ++split) {
    ordered_json& one = result["splits"][samples.split_names[split]];
    one["rows_without_image_name"] = facts[split].unnamed;
    for (std::size_t i = 0; i < kFerPlusVotes; ++i) one[kVoteNames[i]] = facts[split].winners[i];
    one["ties"] = facts[split].ties;
  }
  return result;
}

/// Checks a row of FER+ beyond the last image. It is valid only where the images are the Training
/// split alone.
void check_surplus(std::int32_t split, bool training_alone, const CsvLines& lines) {
  if (split <= 0 || !training_alone) lines.reject("more rows than there are images");
}

}  // namespace

ordered_json join_ferplus(CsvLines& lines, Samples& samples) {
  const CsvHeader header(lines);
  const Columns columns = columns_of(header);
  std::vector<std::string_view> cells(header.columns());
  std::vector<Facts> facts(samples.split_names.size());
  const std::size_t rows = samples.labels.size();
  const bool training_alone = std::ranges::all_of(samples.split, [](auto s) { return s == 0; });
  std::int64_t not_ten = 0;
  std::size_t row = 0;
  for (std::string_view line; lines.next(line); ++row) {
    if (!split_cells(line, cells))
      lines.reject(fmt::format("not {} comma-separated columns as in line 1", cells.size()));
    const std::string_view usage = cells[columns.usage];
    const std::int32_t split = fer2013_split(usage);
    if (row >= rows) {
      check_surplus(split, training_alone, lines);
      continue;
    }
    if (split != samples.split[row])
      lines.reject(fmt::format("Usage is '{}', but row {} of the images is {}",
                               excerpt(usage),
                               row,
                               samples.split_names[static_cast<std::size_t>(samples.split[row])]));
    const Votes votes = votes_of(cells, columns, lines);
    lines.require_line_end();
    samples.ferplus.insert(samples.ferplus.end(), votes.begin(), votes.end());
    not_ten += std::accumulate(votes.begin(), votes.end(), std::int64_t{0}) != kRaters;
    count(votes, !cells[columns.image].empty(), facts[static_cast<std::size_t>(split)]);
  }
  if (row < rows)
    fail(Exit::kPrecondition,
         "{}: {} rows for {} images; fetch the file again",
         lines.name(),
         row,
         rows);
  return facts_json(samples, facts, not_ten);
}

}  // namespace mien
