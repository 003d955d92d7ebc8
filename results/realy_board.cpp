#include "results/realy_board.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace mien {
namespace {

using nlohmann::json;

/// The mean of the regions.
constexpr const char* kAll = "all";

/// The regions, and their mean.
std::vector<std::string> columns() {
  std::vector<std::string> names(std::begin(kRealyRegions), std::end(kRealyRegions));
  names.push_back(kAll);
  return names;
}

/// 1st, 2nd, 3rd, 4th ... 11th, 12th, 13th.
std::string ordinal(std::size_t number) {
  const std::size_t last = number % 10;
  const bool teen = number / 10 % 10 == 1;
  const char* ending = teen || last > 3 || last == 0 ? "th"
                       : last == 1                   ? "st"
                       : last == 2                   ? "nd"
                                                     : "rd";
  return fmt::format("{}{}", number, ending);
}

std::string clause(const char* word, const std::vector<std::string>& methods) {
  return methods.empty() ? "" : fmt::format(", {} {}", word, fmt::join(methods, " and "));
}

/// A row of either kind, with figures by column.
struct Line {
  std::string name;
  std::map<std::string, double> mm;
  std::string rank, n, measured;
};

std::optional<double> value_of(const Line& line, const std::string& column) {
  const auto found = line.mm.find(column);
  return found == line.mm.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> cells(const Line& line) {
  std::vector<std::string> row = {line.rank, line.name};
  for (const std::string& column : columns()) {
    const std::optional<double> value = value_of(line, column);
    row.push_back(value ? fmt::format("{:.3f}", *value) : "-");
  }
  row.insert(row.end(), {line.n, line.measured});
  return row;
}

Table empty_table(const std::string& title) {
  Table table{title, {{"rank", Align::kRight}, {"method"}}, {}};
  for (const std::string& column : columns()) table.columns.push_back({column, Align::kRight});
  table.columns.push_back({"n", Align::kRight, 2});
  table.columns.push_back({"measured here", Align::kLeft, 1});
  return table;
}

std::vector<Line> published_lines(const PublishedTable& table) {
  std::vector<Line> lines;
  if (!table.established()) return lines;
  for (const PublishedRow& row : table.rows) {
    Line& line = lines.emplace_back(Line{row.method, {}, "-", table.n, ""});
    for (std::size_t i = 0; i < row.figures.size(); ++i)
      if (row.figures[i].recorded()) line.mm[table.columns[i]] = row.figures[i].parts.front().value;
  }
  for (Line& line : lines) {
    const std::optional<double> all = value_of(line, kAll);
    if (!all) continue;
    const auto better = std::ranges::count_if(lines, [&](const Line& other) {
      const std::optional<double> value = value_of(other, kAll);
      return value && *value < *all;
    });
    line.rank = std::to_string(better + 1);
  }
  return lines;
}

std::string rank_of(const PublishedTable& table, const MeasuredRealy& measured) {
  for (const Ranking& ranking : rank_among(table, measured.mm))
    if (ranking.column == kAll) return std::to_string(ranking.rank);
  return "-";
}

}  // namespace

std::optional<std::string> realy_set(const Task& task) {
  if (task.kind != TaskKind::kReconstruction || task.dataset != "realy") return std::nullopt;
  return task.split == "side" || task.experiment.ends_with("@realy-side") ? "side" : "frontal";
}

std::optional<MeasuredRealy> measured_realy(const TaskRecord& record) {
  const std::string& experiment = record.task.experiment;
  MeasuredRealy measured{experiment.substr(0, experiment.find('@')), {}, 0, record.task.data};
  for (const Metric& metric : record.metrics)
    for (const std::string& column : columns()) {
      if (metric.split != "test" || metric.name != "realy_" + (column == kAll ? "error" : column))
        continue;
      if (metric.value) measured.mm[column] = *metric.value;
      measured.scored = metric.n;
    }
  if (!measured.mm.contains(kAll)) return std::nullopt;
  return measured;
}

std::vector<std::string> ranking_lines(const PublishedTable& table, const MeasuredRealy& measured) {
  if (measured.data == DataKind::kStandIn)
    return {"stand-in meshes are not ranked among published figures"};
  std::vector<std::string> lines;
  for (const Ranking& ranking : rank_among(table, measured.mm))
    lines.push_back(fmt::format("{} {:.3f} mm: {} of {}{}{}{}",
                                ranking.column,
                                ranking.value,
                                ordinal(ranking.rank),
                                ranking.of,
                                clause("behind", ranking.better),
                                clause("level with", ranking.equal),
                                clause("before", ranking.worse)));
  if (!lines.empty() && std::to_string(measured.scored) != table.n)
    lines.push_back(fmt::format(
        "{} meshes were scored, the published figures are of {}", measured.scored, table.n));
  return lines;
}

json ranking_json(const PublishedTable& table, const MeasuredRealy& measured) {
  json list = json::array();
  if (measured.data == DataKind::kStandIn) return list;
  for (const Ranking& ranking : rank_among(table, measured.mm))
    list.push_back({{"column", ranking.column},
                    {"mm", ranking.value},
                    {"rank", ranking.rank},
                    {"of", ranking.of},
                    {"behind", ranking.better},
                    {"level", ranking.equal},
                    {"before", ranking.worse}});
  return list;
}

Table realy_table(const PublishedTable& published, const std::vector<MeasuredRealy>& measured) {
  std::vector<Line> lines = published_lines(published);
  for (const MeasuredRealy& one : measured)
    if (one.data != DataKind::kStandIn)
      lines.push_back({one.method + " *",
                       one.mm,
                       rank_of(published, one),
                       std::to_string(one.scored),
                       fmt::format("{} data", name_of(one.data))});
  // Lines without a figure stand last.
  std::ranges::stable_sort(lines, {}, [](const Line& line) {
    return value_of(line, kAll).value_or(std::numeric_limits<double>::infinity());
  });
  Table table = empty_table(fmt::format("{}: mean error in mm, less is better", published.title));
  for (const Line& line : lines) table.rows.push_back(cells(line));
  return table;
}

Table realy_stand_ins(const std::vector<MeasuredRealy>& measured) {
  Table table = empty_table("Stand-in meshes or scans (synthetic): not ranked");
  for (const MeasuredRealy& one : measured)
    if (one.data == DataKind::kStandIn)
      table.rows.push_back(
          cells({one.method + " *", one.mm, "-", std::to_string(one.scored), "stand-in data"}));
  return table;
}

}  // namespace mien
