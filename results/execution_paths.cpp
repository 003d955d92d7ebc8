#include "results/execution_paths.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "results/columns.h"
#include "results/render.h"

namespace mien {

using nlohmann::json;

namespace {

constexpr const char* kDash = "–";

/// Digits enough for a p, which may be small.
std::string p_text(const std::optional<double>& p) {
  if (!p) return kDash;
  return *p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", *p);
}

std::string share_text(const std::optional<double>& share) {
  return share ? fmt::format("{:.2g}", *share) : kDash;
}

std::string fixed(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : kDash;
}

std::string interval_text(const ExecutionPathRow& row) {
  if (!row.interval) return kDash;
  return fmt::format("{:.2f} .. {:.2f}", row.interval->lower, row.interval->upper);
}

}  // namespace

json execution_paths_json(const std::vector<ExecutionPathRow>& rows) {
  json items = json::array();
  for (const ExecutionPathRow& row : rows) {
    json& item = items.emplace_back(json::object());
    const auto put = [&]<typename T>(const char* name, const T& value) {
      if constexpr (std::is_same_v<T, std::optional<double>>)
        item[name] = number_json(value);
      else
        item[name] = value;
    };
    columns(put, row);
  }
  return items;
}

std::vector<ExecutionPathRow> execution_paths_from_json(const json& document) {
  std::vector<ExecutionPathRow> rows;
  for (const json& item : document) {
    ExecutionPathRow& row = rows.emplace_back();
    const auto get = [&]<typename T>(const char* name, T& value) {
      if constexpr (std::is_same_v<T, std::optional<double>>)
        value = item.at(name).is_null() ? std::nullopt : std::optional(item.at(name).get<double>());
      else
        item.at(name).get_to(value);
    };
    columns(get, row);
  }
  return rows;
}

Table execution_path_table(const std::string& title, const std::vector<ExecutionPathRow>& rows) {
  const bool of_classes = std::ranges::none_of(
      rows, [](const ExecutionPathRow& row) { return !row.unit.empty() && row.unit != "%"; });
  const int unused = of_classes ? 0 : 9;  // columns that are dropped first
  Table table{title,
              {{"mode"},
               {"n", Align::kRight, 4},
               {of_classes ? "accuracy %" : "error sd", Align::kRight},
               {"flipped", Align::kRight, unused},
               {"lost", Align::kRight, of_classes ? 3 : 8},
               {"gained", Align::kRight, of_classes ? 3 : 8},
               {"p", Align::kRight, of_classes ? 2 : 7},
               {of_classes ? "largest logit error" : "largest error sd", Align::kRight},
               {"relative", Align::kRight, 5},
               {"img/s", Align::kRight, 6},
               {"speed-up", Align::kRight},
               {"95 %", Align::kLeft, 1},
               {"notes", Align::kLeft}},
              {}};
  for (const ExecutionPathRow& row : rows) {
    const bool has_answers = row.n > 0, flips = has_answers && of_classes && row.mode != "fp32";
    const auto count = [](bool applies, std::int64_t number) {
      return applies ? std::to_string(number) : kDash;
    };
    table.rows.push_back({row.mode,
                          count(has_answers, row.n),
                          fixed(row.value, row.unit == "%" ? 2 : 4),
                          count(flips, row.flipped),
                          count(flips, row.lost),
                          count(flips, row.gained),
                          p_text(row.p),
                          share_text(row.largest),
                          share_text(row.relative),
                          figure(row.images_per_second),
                          fixed(row.speed_up, 2),
                          interval_text(row),
                          row.problem});
  }
  return table;
}

}  // namespace mien
