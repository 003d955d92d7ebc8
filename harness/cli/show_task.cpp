#include "harness/cli/show_task.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/statistics.h"
#include "harness/cli/print.h"
#include "harness/system/progress.h"
#include "results/execution_paths.h"
#include "results/render.h"

namespace mien {

using nlohmann::json;

namespace {

std::string interval_text(const Metric& metric) {
  if (!metric.interval) return "-";
  return fmt::format("{} .. {} ({})",
                     figure(metric.interval->lower),
                     figure(metric.interval->upper),
                     metric.method);
}

Table metrics_table(const TaskRecord& record) {
  Table table{"Metrics",
              {{"metric"},
               {"split"},
               {"value", Align::kRight},
               {"unit"},
               {"95 % or range"},
               {"n", Align::kRight}},
              {}};
  for (const Metric& metric : record.metrics)
    table.rows.push_back({metric.name,
                          metric.split.empty() ? "-" : metric.split,
                          figure(metric.value),
                          metric.unit,
                          interval_text(metric),
                          std::to_string(metric.n)});
  return table;
}

std::optional<double> overhead_percent(const EpochPoint& point) {
  if (!point.other_seconds) return std::nullopt;
  return 100 * *point.other_seconds / point.seconds;
}

Table curve_table(const TaskRecord& record) {
  Table table{"Curve (accuracies in %, training on augmented images)",
              {{"epoch", Align::kRight},
               {"rate", Align::kRight},
               {"train loss", Align::kRight},
               {"train acc", Align::kRight},
               {"val loss", Align::kRight},
               {"val acc", Align::kRight},
               {"s", Align::kRight},
               {"overhead %", Align::kRight}},
              {}};
  for (const EpochPoint& point : record.curve)
    table.rows.push_back({std::to_string(point.epoch),
                          figure(point.learning_rate),
                          figure(point.train_loss),
                          figure(point.train_accuracy),
                          figure(point.validation_loss),
                          figure(point.validation_accuracy),
                          figure(point.seconds),
                          figure(overhead_percent(point))});
  return table;
}

Table confusion_table(const TaskRecord& record) {
  Table table{"Confusion on the test split (rows: truth)", {{""}}, {}};
  for (const std::string& name : record.class_names) {
    table.columns.push_back({name, Align::kRight});
    table.rows.push_back({name});
  }
  for (auto& row : table.rows) row.resize(table.columns.size(), "0");
  for (const ConfusionCell& cell : record.confusion)
    if (cell.split == "test")
      table.rows[static_cast<std::size_t>(cell.truth)]
                [static_cast<std::size_t>(cell.predicted + 1)] = std::to_string(cell.count);
  return table;
}

Table fold_table(const TaskRecord& record) {
  const FoldSize& fold = record.fold.front();
  Table table = pairs(
      "Split and what its sides share",
      {{"rule", record.task.split},
       {"images",
        fmt::format("{} train, {} validation, {} test", fold.train, fold.validation, fold.test)},
       {"sha256", fold.sha256}});
  for (const Leak& leak : record.leaks)
    table.rows.push_back(
        {leak.side + ": " + leak.kind, fmt::format("{} of {}", leak.rows, leak.of)});
  return table;
}

Table sweep_table(const TaskRecord& record, const std::string& parameter) {
  Table table{"With other settings of " + parameter,
              {{parameter, Align::kRight},
               {"metric"},
               {"value", Align::kRight},
               {"unit"},
               {"95 %"},
               {"n", Align::kRight}},
              {}};
  for (const SweepPoint& p : record.sweep)
    if (p.parameter == parameter)
      table.rows.push_back(
          {figure(p.setting),
           p.metric,
           figure(p.value),
           p.unit,
           p.interval
               ? fmt::format("{} .. {}", figure(p.interval->lower), figure(p.interval->upper))
               : "-",
           std::to_string(p.n)});
  return table;
}

/// Root mean square of predicted - true, of single coefficients; those of samples without a truth
/// are left out.
struct CoefficientErrors {
  std::vector<double> squares;  // sums, per coefficient
  std::int64_t samples = 0;
  double rmse_of(std::size_t i) const {
    return std::sqrt(squares[i] / static_cast<double>(samples));
  }
};

CoefficientErrors coefficient_errors(const TaskRecord& record, const std::string& target) {
  CoefficientErrors errors;
  for (const Coefficients& row : record.coefficients) {
    if (row.target != target || row.split != "test" || row.truth.size() != row.predicted.size())
      continue;
    errors.squares.resize(std::max(errors.squares.size(), row.truth.size()));
    ++errors.samples;
    for (std::size_t i = 0; i < row.truth.size(); ++i) {
      const double difference = double{row.predicted[i]} - double{row.truth[i]};
      errors.squares[i] += difference * difference;
    }
  }
  return errors;
}

Table coefficients_table(const TaskRecord& record) {
  Table table{"Coefficients on the test split, in units of the pack",
              {{"target"},
               {"samples", Align::kRight},
               {"coefficients", Align::kRight},
               {"RMSE", Align::kRight},
               {"least", Align::kRight},
               {"most", Align::kRight},
               {"most of"}},
              {}};
  std::set<std::string> targets;
  for (const Coefficients& row : record.coefficients) targets.insert(row.target);
  for (const std::string& target : targets) {
    const CoefficientErrors errors = coefficient_errors(record, target);
    if (errors.squares.empty()) continue;
    const auto [least, most] = std::ranges::minmax_element(errors.squares);
    const auto at = [&](auto place) {
      return static_cast<std::size_t>(place - errors.squares.begin());
    };
    table.rows.push_back({target,
                          std::to_string(errors.samples),
                          std::to_string(errors.squares.size()),
                          figure(std::sqrt(mean(errors.squares) / double(errors.samples))),
                          figure(errors.rmse_of(at(least))),
                          figure(errors.rmse_of(at(most))),
                          fmt::format("coefficient {}", at(most))});
  }
  return table;
}

Table mesh_table(const TaskRecord& record) {
  Table table{"REALY error in mm, of meshes that have one",
              {{"mode"},
               {"region"},
               {"mean", Align::kRight},
               {"median", Align::kRight},
               {"std", Align::kRight},
               {"scored", Align::kRight},
               {"failed", Align::kRight},
               {"reflected", Align::kRight}},
              {}};
  for (const char* mode : {"compat", "strict"})
    for (const char* region : kRealyRegions) {
      std::vector<double> errors;
      std::int64_t failed = 0, reflected = 0;
      for (const MeshError& row : record.mesh_errors) {
        if (row.mode != mode || row.region != region) continue;
        if (row.error_mm) errors.push_back(*row.error_mm);
        failed += !row.failure.empty();
        reflected += row.reflected;
      }
      if (errors.empty() && failed == 0) continue;
      table.rows.push_back(
          {mode,
           region,
           errors.empty() ? "-" : fmt::format("{:.3f}", mean(errors)),
           errors.empty() ? "-" : fmt::format("{:.3f}", median(errors)),
           errors.size() < 2 ? "-" : fmt::format("{:.3f}", standard_deviation(errors)),
           std::to_string(errors.size()),
           std::to_string(failed),
           std::to_string(reflected)});
    }
  return table;
}

/// The five meshes with the largest mean of four regions; those that failed come first.
Table worst_table(const TaskRecord& record) {
  constexpr std::size_t kWorst = 5;
  Table table{"Worst meshes", {{"mesh"}}, {}};
  for (const char* region : kRealyRegions) table.columns.push_back({region, Align::kRight});
  table.columns.push_back({"all", Align::kRight});
  table.columns.push_back({"failure"});
  std::map<std::string, std::vector<const MeshError*>> meshes;
  const std::string mode = record.mesh_errors.empty() ? "" : record.mesh_errors.front().mode;
  for (const MeshError& row : record.mesh_errors)
    if (row.mode == mode) meshes[row.mesh].push_back(&row);
  std::vector<std::pair<double, std::vector<std::string>>> order;
  for (const auto& [name, regions] : meshes) {
    std::vector<std::string> cells = {name};
    double sum = 0;
    std::string failure;
    for (const MeshError* row : regions) {
      cells.push_back(row->error_mm ? fmt::format("{:.3f}", *row->error_mm) : "-");
      sum += row->error_mm.value_or(INFINITY);
      if (failure.empty()) failure = row->failure;
    }
    const double all = sum / static_cast<double>(regions.size());
    cells.insert(cells.end(), {std::isfinite(all) ? fmt::format("{:.3f}", all) : "-", failure});
    cells.resize(table.columns.size());
    order.emplace_back(all, std::move(cells));
  }
  std::ranges::stable_sort(order, std::greater<>(), [](const auto& item) { return item.first; });
  for (std::size_t i = 0; i < std::min(kWorst, order.size()); ++i)
    table.rows.push_back(order[i].second);
  table.title += mode.empty() ? "" : ", mode " + mode;
  return table;
}

Table environment_table(const Environment& e) {
  return pairs("Where it ran",
               {{"mien", fmt::format("{}, commit {} ({})", e.mien_version, e.commit, e.dirty)},
                {"build", e.compiler + ", " + e.build_type},
                {"LibTorch", e.libtorch},
                {"BLAS", e.blas},
                {"system", e.os},
                {"CPU", fmt::format("{}, {} cores, {} threads", e.cpu, e.cores, e.threads)},
                {"GPU", e.gpu.empty() ? "none used" : e.gpu}});
}

void show_attempts(const Store& store, const std::string& id) {
  Table table{
      "Attempts",
      {{"ended"}, {"state"}, {"seconds", Align::kRight}, {"peak MiB", Align::kRight}, {"message"}},
      {}};
  for (const Attempt& attempt : store.attempts(id))
    table.rows.push_back({utc_date(attempt.ended_ns),
                          name_of(attempt.state),
                          figure(static_cast<double>(attempt.ended_ns - attempt.started_ns) / 1e9),
                          std::to_string(attempt.peak_rss_bytes >> 20),
                          attempt.message});
  print_text(table);
}

void show_record(const TaskRecord& record) {
  print_text(metrics_table(record));
  if (!record.curve.empty()) print_text(curve_table(record));
  if (!record.class_names.empty()) print_text(confusion_table(record));
  if (const Table table = coefficients_table(record); !table.rows.empty()) print_text(table);
  if (!record.mesh_errors.empty()) {
    print_text(mesh_table(record));
    print_text(worst_table(record));
  }
  std::set<std::string> parameters;
  for (const SweepPoint& point : record.sweep) parameters.insert(point.parameter);
  for (const std::string& parameter : parameters) print_text(sweep_table(record, parameter));
  std::map<std::string, std::vector<ExecutionPathRow>> modes;  // by device
  for (const ExecutionPathRow& row : record.execution_paths) modes[row.device].push_back(row);
  for (const auto& [device, rows] : modes)
    print_text(execution_path_table("Ways to run its forward pass on " + device, rows));
  print_text(environment_table(record.environment));
  if (!record.fold.empty()) print_text(fold_table(record));
  Table notes{"Notes and files", {{"kind"}, {"what"}}, {}};
  for (const Note& note : record.notes) notes.rows.push_back({note.kind, note.text});
  for (const Artifact& artifact : record.artifacts)
    notes.rows.push_back(
        {artifact.kind,
         fmt::format("{} ({} bytes, sha256 {})", artifact.path, artifact.bytes, artifact.sha256)});
  if (!notes.rows.empty()) print_text(notes);
}

}  // namespace

json record_json(const TaskRecord& record) {
  json metrics = json::array(), curve = json::array();
  for (const Metric& m : record.metrics)
    metrics.push_back({{"name", m.name},
                       {"split", m.split},
                       {"value", number_json(m.value)},
                       {"unit", m.unit},
                       {"lower", number_json(lower_end(m.interval))},
                       {"upper", number_json(upper_end(m.interval))},
                       {"method", m.method},
                       {"n", m.n}});
  for (const EpochPoint& p : record.curve)
    curve.push_back({{"epoch", p.epoch},
                     {"learning_rate", p.learning_rate},
                     {"train_loss", p.train_loss},
                     {"train_accuracy", number_json(p.train_accuracy)},
                     {"validation_loss", number_json(p.validation_loss)},
                     {"validation_accuracy", number_json(p.validation_accuracy)},
                     {"seconds", p.seconds},
                     {"other_seconds", number_json(p.other_seconds)}});
  json sweep = json::array(), meshes = json::array();
  for (const SweepPoint& p : record.sweep)
    sweep.push_back({{"parameter", p.parameter},
                     {"setting", p.setting},
                     {"metric", p.metric},
                     {"unit", p.unit},
                     {"value", number_json(p.value)},
                     {"lower", number_json(lower_end(p.interval))},
                     {"upper", number_json(upper_end(p.interval))},
                     {"n", p.n}});
  for (const MeshError& m : record.mesh_errors)
    meshes.push_back({{"mode", m.mode},
                      {"mesh", m.mesh},
                      {"region", m.region},
                      {"subject", m.subject},
                      {"error_mm", number_json(m.error_mm)},
                      {"scan_to_mesh_mm", number_json(m.scan_to_mesh_mm)},
                      {"failure", m.failure},
                      {"reflected", m.reflected}});
  json leaks = json::array(), fold;
  for (const Leak& leak : record.leaks)
    leaks.push_back(
        {{"side", leak.side}, {"kind", leak.kind}, {"rows", leak.rows}, {"of", leak.of}});
  for (const FoldSize& size : record.fold)
    fold = {{"sha256", size.sha256},
            {"train", size.train},
            {"validation", size.validation},
            {"test", size.test}};
  return {{"schema", 1},
          {"fold", fold},
          {"leaks", leaks},
          {"id", task_id(record.task)},
          {"task", to_json(record.task)},
          {"metrics", metrics},
          {"curve", curve},
          {"sweep", sweep},
          {"mesh_errors", meshes},
          {"modes", execution_paths_json(record.execution_paths)},
          {"environment",
           {{"commit", record.environment.commit},
            {"dirty", record.environment.dirty},
            {"libtorch", record.environment.libtorch},
            {"cpu", record.environment.cpu},
            {"gpu", record.environment.gpu},
            {"threads", record.environment.threads}}}};
}

void show_task(const Store& store, const std::string& id, const std::string& format) {
  const std::optional<TaskRecord> record = store.load(id);
  if (format == "json") {
    print_json(record ? record_json(*record) : json{{"schema", 1}, {"id", id}});
    return;
  }
  fmt::print("task {}\n\n", id);
  if (record) {
    fmt::print("{}\n\n", to_json(record->task).dump(2));
    show_record(*record);
  }
  show_attempts(store, id);
}

}  // namespace mien
