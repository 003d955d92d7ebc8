#include "harness/realy_board.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "harness/core/error.h"

namespace mien {
namespace {

using nlohmann::json;

constexpr const char* kColumns[] = {"nose", "mouth", "forehead", "cheek", "all"};
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

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

double value_of(const Line& line, const char* column) {
  const auto found = line.mm.find(column);
  return found == line.mm.end() ? kNone : found->second;
}

std::vector<std::string> cells(const Line& line) {
  std::vector<std::string> row = {line.rank, line.name};
  for (const char* column : kColumns) {
    const double value = value_of(line, column);
    row.push_back(std::isfinite(value) ? fmt::format("{:.3f}", value) : "-");
  }
  row.insert(row.end(), {line.n, line.measured});
  return row;
}

Table empty_table(const std::string& title) {
  Table table{title, {{"rank", Align::kRight}, {"method"}}, {}};
  for (const char* column : kColumns) table.columns.push_back({column, Align::kRight});
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
    const double all = value_of(line, "all");
    const auto better = std::ranges::count_if(
        lines, [&](const Line& other) { return value_of(other, "all") < all; });
    if (std::isfinite(all)) line.rank = std::to_string(better + 1);
  }
  return lines;
}

std::string rank_of(const PublishedTable& table, const MeasuredRealy& measured) {
  for (const Standing& standing : rank_among(table, measured.mm))
    if (standing.column == "all") return std::to_string(standing.rank);
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
    for (const std::string column : kColumns) {
      if (metric.split != "test" || metric.name != "realy_" + (column == "all" ? "error" : column))
        continue;
      measured.mm[column] = metric.value;
      measured.scored = metric.n;
    }
  if (!measured.mm.contains("all")) return std::nullopt;
  return measured;
}

std::vector<std::string> standing_lines(const PublishedTable& table,
                                        const MeasuredRealy& measured) {
  if (measured.data == DataKind::kStandIn)
    return {"stand-in meshes are not ranked among published figures"};
  std::vector<std::string> lines;
  for (const Standing& standing : rank_among(table, measured.mm))
    lines.push_back(fmt::format("{} {:.3f} mm: {} of {}{}{}{}",
                                standing.column,
                                standing.value,
                                ordinal(standing.rank),
                                standing.of,
                                clause("behind", standing.better),
                                clause("level with", standing.equal),
                                clause("before", standing.worse)));
  if (!lines.empty() && std::to_string(measured.scored) != table.n)
    lines.push_back(fmt::format(
        "{} meshes were scored, the published figures are of {}", measured.scored, table.n));
  return lines;
}

json standing_json(const PublishedTable& table, const MeasuredRealy& measured) {
  json list = json::array();
  if (measured.data == DataKind::kStandIn) return list;
  for (const Standing& standing : rank_among(table, measured.mm))
    list.push_back({{"column", standing.column},
                    {"mm", standing.value},
                    {"rank", standing.rank},
                    {"of", standing.of},
                    {"behind", standing.better},
                    {"level", standing.equal},
                    {"before", standing.worse}});
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
  // What has no figure stands last.
  std::ranges::stable_sort(lines, {}, [](const Line& line) {
    const double all = value_of(line, "all");
    return std::isfinite(all) ? all : std::numeric_limits<double>::infinity();
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
