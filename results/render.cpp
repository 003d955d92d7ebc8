// Lists the columns of the board twice: for people (text, Markdown) and for programs (CSV, JSON).
#include "results/render.h"

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace mien {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kDash = "–";

constexpr Section kOrder[] = {Section::kRealFull,
                              Section::kRealPartial,
                              Section::kUnverified,
                              Section::kStandIn,
                              Section::kThroughput};

// -------------------------------------------------------------------------------- for people

std::string claim_cell(const BoardRow& row) {
  return row.claim ? printed_with_unit(*row.claim) : kDash;
}

std::string counts(const BoardRow& row) {
  std::string text;
  if (row.seeds > 1) text += fmt::format(", {} seeds", row.seeds);
  if (row.folds > 1) text += fmt::format(", {} folds", row.folds);
  if (row.taints > 0) text += ", tainted";
  return text;
}

std::string measured_cell(const BoardRow& row) {
  if (row.state == RowState::kFailed) return row.failure;
  if (!row.measured) return kDash;
  // An invalid figure is not shown, so that nobody quotes it.
  if (row.verdict == Verdict::kInvalid) return "invalid";
  // A length or an error is shown as finely as its claim prints it, its interval a digit less.
  const bool percentage = row.unit == "%";
  const int digits = percentage ? 2 : row.claim ? static_cast<int>(row.claim->decimals) : 3;
  const int coarse = percentage ? 2 : std::max(2, digits - 1);
  std::string text = fmt::format("{:.{}f} {}", *row.measured, digits, row.unit);
  if (row.interval)
    text += fmt::format(
        " ({:.{}f}..{:.{}f})", row.interval->lower, coarse, row.interval->upper, coarse);
  return text + counts(row);
}

std::string speed_cell(const BoardRow& row, const std::optional<double>& value) {
  std::string text = figure(value);
  if (value && row.speed_profile == "external") return text + " (external)";
  // Without the mark, an unofficial timing beside a full row would look official.
  if (value && row.official && !row.speed_official)
    text += row.speed_profile == "smoke" ? " (smoke)" : " (changed)";
  return text;
}

/// Never dropped on a narrow terminal, so it says everything that makes a row a lesser one.
std::string profile_cell(const BoardRow& row) {
  std::string text = row.profile;
  if (!row.official && row.profile == "full") text += ", changed";
  if (row.device_class == "cpu") text += ", CPU";
  return text;
}

/// Lists which share of the test images also occurs in training, in percent.
std::string leak_cell(const BoardRow& row) {
  if (row.leaks.empty()) return kDash;
  std::string text;
  for (const Leak& leak : row.leaks) {
    if (leak.rows == 0 || leak.of == 0) continue;
    const double percent = 100 * static_cast<double>(leak.rows) / static_cast<double>(leak.of);
    text += fmt::format(
        "{}{} {:.{}f} %", text.empty() ? "" : ", ", leak.kind, percent, percent < 9.95 ? 1 : 0);
  }
  return text.empty() ? "none" : text;
}

std::string verdict_cell(const BoardRow& row) {
  if (row.state == RowState::kFailed) return "failed";
  return row.verdict ? short_word(*row.verdict, row.unit) : kDash;
}

std::string name_cell(const BoardRow& row) {
  const bool plain = row.variant.empty() || row.variant == "default";
  const char* outside = row.external.empty() ? "" : ", external";
  return plain ? row.experiment : fmt::format("{} ({}{})", row.experiment, row.variant, outside);
}

std::vector<std::string> cells(const BoardRow& row) {
  const bool speed_only = row.section == Section::kThroughput;
  return {name_cell(row),
          claim_cell(row),
          measured_cell(row),
          row.n > 0 ? fmt::format("{}", row.n) : kDash,
          speed_only ? kDash : name_of(row.data),
          profile_cell(row),
          row.split.empty() ? kDash : row.split,
          leak_cell(row),
          speed_cell(row, row.images_per_second),
          speed_cell(row, row.latency_ms),
          row.device.empty() ? kDash : row.device,
          verdict_cell(row),
          utc_date(row.ended_ns)};
}

Table table_of(const Board& board, Section section) {
  Table table;
  table.title = title_of(section);
  table.columns = {{"experiment"},
                   {"claim", Align::kRight},
                   {"measured (95 % or range)"},
                   {"n", Align::kRight, 6},
                   {"data"},
                   {"profile"},
                   {"split", Align::kLeft, 2},
                   {"leaks", Align::kLeft, 1},
                   {"img/s b32", Align::kRight, 4},
                   {"ms b1", Align::kRight, 5},
                   {"device", Align::kLeft, 3},
                   {"verdict", Align::kLeft, 1},
                   {"when", Align::kLeft, 7}};
  for (const BoardRow& row : board.rows)
    if (row.section == section) table.rows.push_back(cells(row));
  return table;
}

/// Says which meshes a figure leaves out; "" where it leaves none out.
std::string meshes_clause(const MeshCounts& meshes) {
  std::vector<std::string> clauses;
  if (const double lost = meshes.failed + meshes.missing; lost > 0) {
    clauses.push_back(fmt::format("{} of {} meshes {} not counted ({} failed, {} missing)",
                                  lost,
                                  meshes.all,
                                  lost == 1 ? "is" : "are",
                                  meshes.failed,
                                  meshes.missing));
    if (meshes.strict_mm)
      clauses.push_back(fmt::format("counted as failures (strict): {:.3f} mm", *meshes.strict_mm));
  }
  if (meshes.reflected > 0)
    clauses.push_back(
        fmt::format("{} of {} meshes fit only when mirrored", meshes.reflected, meshes.all));
  return fmt::format("{}", fmt::join(clauses, "; "));
}

/// One clause per row that needs one: why this verdict, what failed.
std::vector<std::string> remarks(const Board& board, Section section) {
  std::vector<std::string> lines;
  for (const BoardRow& row : board.rows) {
    if (row.section != section) continue;
    if (row.verdict || row.state == RowState::kFailed)
      lines.push_back(fmt::format("{}: {}: {}",
                                  name_cell(row),
                                  verdict_cell(row),
                                  row.reason.empty() ? "no message" : row.reason));
    if (const std::string clause = meshes_clause(row.meshes.value_or(MeshCounts()));
        !clause.empty())
      lines.push_back(fmt::format("{}: {}", name_cell(row), clause));
    if (row.state == RowState::kMeasured && row.failed_tasks > 0)
      lines.push_back(fmt::format("{}: {} more task{} failed",
                                  name_cell(row),
                                  row.failed_tasks,
                                  row.failed_tasks == 1 ? "" : "s"));
  }
  return lines;
}

std::string render_text(const Board& board, const TextStyle& style) {
  std::string text;
  for (const Section section : kOrder) {
    const Table table = table_of(board, section);
    if (table.rows.empty()) continue;
    if (!text.empty()) text += "\n";
    text += to_text(table, style);
    for (const std::string& line : remarks(board, section)) text += wrap(line, style.width, "  ");
  }
  return text.empty() ? "no results yet\n" : text;
}

std::string render_markdown(const Board& board) {
  std::string text;
  for (const Section section : kOrder) {
    const Table table = table_of(board, section);
    if (table.rows.empty()) continue;
    if (!text.empty()) text += "\n";
    text += to_markdown(table);
    const std::vector<std::string> lines = remarks(board, section);
    if (!lines.empty()) text += "\n";
    for (const std::string& line : lines) text += "- " + markdown_escaped(line) + "\n";
  }
  return text.empty() ? "No results yet.\n" : text;
}

// ------------------------------------------------------------------------------ for programs

Json claim_json(const Claim& claim) {
  return {{"id", claim.id},
          {"value", claim.value ? Json(*claim.value) : Json("unknown")},
          {"decimals", claim.decimals},
          {"unit", claim.unit},
          {"metric", claim.metric},
          {"n", claim.n},
          {"protocol", claim.protocol},
          {"grade", claim.grade},
          {"source", claim.source},
          {"locator", claim.locator},
          {"differs", claim.differs}};
}

/// Null where nothing was measured, and where what was measured is invalid.
Json measured_json(const BoardRow& row, const std::optional<double>& value) {
  return row.verdict == Verdict::kInvalid ? Json(nullptr) : Json(number_json(value));
}

/// Returns {"subject": share of the test images, ...}, or null if the split was not audited.
Json leaks_json(const BoardRow& row) {
  if (row.leaks.empty()) return nullptr;
  Json shares = Json::object();
  for (const Leak& leak : row.leaks)
    shares[leak.kind] =
        static_cast<double>(leak.rows) / static_cast<double>(std::max<std::int64_t>(1, leak.of));
  return shares;
}

/// Null where the row is of no meshes.
Json meshes_json(const std::optional<MeshCounts>& meshes) {
  if (!meshes) return nullptr;
  return {{"failed", meshes->failed},
          {"missing", meshes->missing},
          {"reflected", meshes->reflected},
          {"strict_mm", number_json(meshes->strict_mm)}};
}

/// Every field of a row but its claim, flat: the CSV has the same names.
Json row_json(const BoardRow& row) {
  return {{"section", name_of(row.section)},
          {"state", row.state == RowState::kFailed ? "failed" : "measured"},
          {"experiment", row.experiment},
          {"model", row.model},
          {"variant", row.variant},
          {"external", row.external.empty() ? Json(nullptr) : Json(row.external)},
          {"dataset", row.dataset},
          {"data", row.section == Section::kThroughput ? Json(nullptr) : Json(name_of(row.data))},
          {"profile", row.profile},
          {"official", row.official},
          {"device_class", row.device_class},
          {"split", row.split},
          {"leaks", leaks_json(row)},
          {"device", row.device},
          {"group_id", row.group_id},
          {"metric", row.metric},
          {"unit", row.unit},
          {"measured", measured_json(row, row.measured)},
          {"interval", name_of(row.interval_kind)},
          {"lower", measured_json(row, lower_end(row.interval))},
          {"upper", measured_json(row, upper_end(row.interval))},
          {"n", row.n > 0 ? Json(row.n) : Json(nullptr)},
          {"meshes", meshes_json(row.meshes)},
          {"seeds", row.seeds},
          {"folds", row.folds},
          {"images_per_second_b32", number_json(row.images_per_second)},
          {"latency_ms_b1", number_json(row.latency_ms)},
          {"speed_profile", row.speed_profile.empty() ? Json(nullptr) : Json(row.speed_profile)},
          {"speed_official", row.speed_official},
          {"verdict", row.verdict ? Json(name_of(*row.verdict)) : Json(nullptr)},
          {"reason", row.reason},
          {"failure", row.failure.empty() ? Json(nullptr) : Json(row.failure)},
          {"failed_tasks", row.failed_tasks},
          {"taints", row.taints},
          {"notes", row.notes},
          {"ended_ns", row.ended_ns}};
}

std::string render_json(const Board& board) {
  Json rows = Json::array();
  for (const BoardRow& row : board.rows) {
    Json item = row_json(row);
    item["claim"] = row.claim ? claim_json(*row.claim) : Json(nullptr);
    rows.push_back(std::move(item));
  }
  const Json root = {{"schema", kBoardJsonSchema}, {"rows", rows}};
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string csv_value(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string render_csv(const Board& board) {
  Table table;
  // items() refers to its object, which must therefore have a name.
  const Json head = row_json(BoardRow());
  for (const auto& [name, value] : head.items()) table.columns.push_back({name});
  for (const char* name : {"claim", "claim_unit", "claim_grade"}) table.columns.push_back({name});
  for (const BoardRow& row : board.rows) {
    auto& line = table.rows.emplace_back();
    const Json fields = row_json(row);
    for (const auto& [name, value] : fields.items()) line.push_back(csv_value(value));
    line.push_back(row.claim ? printed(*row.claim) : "");
    line.push_back(row.claim ? row.claim->unit : "");
    line.push_back(row.claim ? row.claim->grade : "");
  }
  return to_csv(table);
}

}  // namespace

std::string utc_date(std::int64_t nanoseconds) {
  if (nanoseconds <= 0) return kDash;
  const std::chrono::sys_time<std::chrono::nanoseconds> when{std::chrono::nanoseconds(nanoseconds)};
  const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(when)};
  return fmt::format("{:04}-{:02}-{:02}",
                     static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

std::string figure(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return kDash;
  return std::abs(*value) >= 1000 ? fmt::format("{:.0f}", *value) : fmt::format("{:.4g}", *value);
}

nlohmann::json number_json(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? nlohmann::json(*value) : nlohmann::json();
}

std::string render(const Board& board, BoardFormat format, const TextStyle& style) {
  switch (format) {
    case BoardFormat::kText:
      return render_text(board, style);
    case BoardFormat::kMarkdown:
      return render_markdown(board);
    case BoardFormat::kCsv:
      return render_csv(board);
    case BoardFormat::kJson:
      return render_json(board);
  }
  MIEN_UNREACHABLE("a BoardFormat that is not rendered");
}

}  // namespace mien
