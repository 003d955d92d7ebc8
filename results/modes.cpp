#include "results/modes.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "results/columns.h"
#include "results/render.h"

namespace mien {

using nlohmann::json;

namespace {

constexpr const char* kDash = "–";

/// Digits enough for a p, which may be small.
std::string p_text(double p) {
  if (std::isnan(p)) return kDash;
  return p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p);
}

std::string share_text(double share) {
  return std::isnan(share) ? kDash : fmt::format("{:.2g}", share);
}

std::string speed_text(double value) {
  return std::isnan(value) ? kDash : fmt::format("{:.2f}", value);
}

std::string interval_text(const ModeRow& row) {
  if (std::isnan(row.lower)) return kDash;
  return fmt::format("{:.2f} .. {:.2f}", row.lower, row.upper);
}

std::string value_text(const ModeRow& row) {
  if (std::isnan(row.value)) return kDash;
  return row.unit == "%" ? fmt::format("{:.2f}", row.value) : fmt::format("{:.4f}", row.value);
}

}  // namespace

json modes_json(const std::vector<ModeRow>& modes) {
  json items = json::array();
  for (const ModeRow& row : modes) {
    json& item = items.emplace_back(json::object());
    const auto put = [&]<typename T>(const char* name, const T& value) {
      if constexpr (std::is_same_v<T, double>)
        item[name] = std::isfinite(value) ? json(value) : json();
      else
        item[name] = value;
    };
    columns(put, row);
  }
  return items;
}

std::vector<ModeRow> modes_from_json(const json& document) {
  std::vector<ModeRow> modes;
  for (const json& item : document) {
    ModeRow& row = modes.emplace_back();
    const auto get = [&]<typename T>(const char* name, T& value) {
      if constexpr (std::is_same_v<T, double>)
        value = item.at(name).is_null() ? std::nan("") : item.at(name).get<double>();
      else
        item.at(name).get_to(value);
    };
    columns(get, row);
  }
  return modes;
}

Table mode_table(const std::string& title, const std::vector<ModeRow>& modes) {
  const bool of_classes = std::ranges::none_of(
      modes, [](const ModeRow& row) { return !row.unit.empty() && row.unit != "%"; });
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
  for (const ModeRow& row : modes) {
    const bool has_answers = row.n > 0, flips = has_answers && of_classes && row.mode != "fp32";
    const auto count = [](bool applies, std::int64_t number) {
      return applies ? std::to_string(number) : kDash;
    };
    table.rows.push_back({row.mode,
                          count(has_answers, row.n),
                          value_text(row),
                          count(flips, row.flipped),
                          count(flips, row.lost),
                          count(flips, row.gained),
                          p_text(row.p),
                          share_text(row.largest),
                          share_text(row.relative),
                          figure(row.images_per_second),
                          speed_text(row.speed_up),
                          interval_text(row),
                          row.problem});
  }
  return table;
}

}  // namespace mien
