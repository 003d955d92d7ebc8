// bench time: a model of the table or of a card, timed without an experiment.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <tuple>

#include "harness/cards.h"
#include "harness/core/error.h"
#include "harness/core/measure.h"
#include "harness/schedule.h"
#include "harness/tools.h"
#include "harness/verbs.h"
#include "results/store.h"
#include "results/table.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

/// Of a card; null where the model is a row of the table.
using CardPointer = std::shared_ptr<const ModelCard>;

/// A card's file, or the name of a card that was given or lies among the experiments.
CardPointer card_of(const Tables& tables, const Options& options) {
  const std::string& text = options.subject;
  if (fs::is_regular_file(text)) return read_card(YamlFile(text)).at(0).card;
  const std::string name = text.substr(0, text.find(':'));
  for (const json& entry : tables.models())
    if (entry.at("name") == name) return nullptr;
  for (const Experiment& experiment : load_experiments(options.configs, options.cards))
    if (experiment.card && experiment.model == text) return experiment.card;
  return nullptr;
}

/// "model", whose first variant is meant, or "model:variant".
const json& entry_of(const Tables& tables, const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  std::string variant = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (colon == std::string::npos)
    for (const json& entry : tables.models())
      if (entry.at("name") == name && variant.empty()) variant = entry.at("variant");
  const json& entry = tables.model(name, variant, "bench time " + text);
  if (!entry.at("macs").is_number() || entry.at("macs") == 0)
    fail(Exit::kUsage,
         "bench time {}: has no network to time; bench list models shows which have",
         text);
  return entry;
}

Protocol protocol_of(const TimeOptions& options) {
  Protocol protocol;
  if (!options.batches.empty()) protocol.timing_batches = options.batches;
  if (options.seconds > 0) protocol.timing_seconds = options.seconds;
  if (options.launches > 0) protocol.timing_launches = options.launches;
  if (options.percentile > 0) protocol.timing_percentile = options.percentile;
  protocol.timing_sweep = options.sweep;
  return protocol;
}

/// The timing of the model under the full profile; official where nothing is changed. Each call is
/// a task of its own: the seed, which says nothing here, counts them.
Task task_of(const json& entry,
             const CardPointer& card,
             const TimeOptions& options,
             const std::string& device,
             const Store& store) {
  Task task;
  task.model = entry.at("name");
  task.variant = entry.at("variant");
  if (card) task.external = card->external;
  task.profile = "full";
  task.official = options == TimeOptions();
  task.device_class = device.starts_with("cuda") ? "cuda" : "cpu";
  task = throughput_task(task, protocol_of(options));
  while (store.is_done(task_id(task))) ++task.seed;
  return task;
}

/// Four digits, as many as a time deserves.
std::string digits(double value) {
  if (std::isnan(value)) return "-";
  const int whole = value > 0 ? static_cast<int>(std::floor(std::log10(value))) + 1 : 1;
  return fmt::format("{:.{}f}", value, std::clamp(4 - whole, 0, 6));
}

std::string range(double lower, double upper) {
  return std::isnan(lower) ? "-" : digits(lower) + " .. " + digits(upper);
}

std::string percentile_text(const Cell& cell, double percent) {
  const std::optional<double> found = percentile(cell.times, percent);
  return found ? digits(*found / 1e6) : "n too small";
}

std::vector<std::string> remarks(const Cell& cell) {
  std::vector<std::string> found;
  const auto add = [&](std::int64_t count, const char* what) {
    if (count > 0) found.push_back(fmt::format("{} {}", count, what));
  };
  if (cell.launch_bound()) found.push_back("launch-bound");
  add(cell.outliers, "outliers");
  add(cell.throttled, "throttled, set aside");
  add(cell.jumps, "clock jumps, set aside");
  return found;
}

Table cell_table(const std::vector<Cell>& cells) {
  const bool device =
      std::ranges::any_of(cells, [](const Cell& cell) { return !std::isnan(cell.device_ns); });
  Table table{"",
              {{"batch", Align::kRight},
               {"scope"},
               {"cache"},
               {"mode", Align::kLeft, device ? 0 : 9},
               {"ms", Align::kRight},
               {"interval", Align::kRight, 5},
               {"p90", Align::kRight, 4},
               {"p99", Align::kRight, 4},
               {"device ms", Align::kRight, device ? 3 : 10},
               {"img/s", Align::kRight},
               {"spread", Align::kRight, 6},
               {"n", Align::kRight, 7},
               {"notes", Align::kLeft, 8}},
              {}};
  for (const Cell& cell : cells)
    table.rows.push_back({std::to_string(cell.batch),
                          cell.scope,
                          cell.cache,
                          cell.mode,
                          digits(cell.median_ns / 1e6),
                          range(cell.interval_ns.lower / 1e6, cell.interval_ns.upper / 1e6),
                          percentile_text(cell, 90),
                          percentile_text(cell, 99),
                          digits(cell.device_ns / 1e6),
                          digits(cell.images_per_second()),
                          fmt::format("{:.1f} %", 100 * cell.spread),
                          std::to_string(cell.times.size()),
                          fmt::format("{}", fmt::join(remarks(cell), "; "))});
  return table;
}

Table sweep_table(const TaskRecord& record) {
  Table table{"Batch sweep",
              {{"batch", Align::kRight}, {"img/s", Align::kRight}, {"interval", Align::kRight}},
              {}};
  for (const SweepPoint& point : record.sweep)
    table.rows.push_back({fmt::format("{:.0f}", point.setting),
                          std::isnan(point.value) ? "out of memory" : digits(point.value),
                          range(point.lower, point.upper)});
  return table;
}

/// NaN, a number that was not measured, is null.
json cell_json(const Cell& cell) {
  const auto optional = [](const std::optional<double>& ns) {
    return ns ? json(*ns / 1e6) : json();
  };
  return {{"batch", cell.batch},
          {"scope", cell.scope},
          {"cache", cell.cache},
          {"mode", cell.mode},
          {"median_ms", cell.median_ns / 1e6},
          {"lower_ms", cell.interval_ns.lower / 1e6},
          {"upper_ms", cell.interval_ns.upper / 1e6},
          {"interval", cell.method()},
          {"p90_ms", optional(percentile(cell.times, 90))},
          {"p99_ms", optional(percentile(cell.times, 99))},
          {"device_ms", cell.device_ns / 1e6},
          {"images_per_second", cell.images_per_second()},
          {"spread", cell.spread},
          {"launches", cell.launches.size()},
          {"n", cell.times.size()},
          {"notes", remarks(cell)}};
}

json record_json(const TaskRecord& record, const std::vector<Cell>& cells) {
  json items = json::array(), sweep = json::array(), notes = json::array(), metrics = json::array();
  for (const Cell& cell : cells) items.push_back(cell_json(cell));
  for (const SweepPoint& point : record.sweep)
    sweep.push_back({{"batch", point.setting},
                     {"images_per_second", point.value},
                     {"lower", point.lower},
                     {"upper", point.upper},
                     {"n", point.n}});
  for (const Note& note : record.notes) notes.push_back(note.text);
  for (const Metric& metric : record.metrics)
    metrics.push_back({{"name", metric.name},
                       {"value", metric.value},
                       {"unit", metric.unit},
                       {"method", metric.method}});
  return {
      {"schema", 1},
      {"task", task_id(record.task)},
      {"model", record.task.model},
      {"variant", record.task.variant},
      {"device", record.environment.gpu.empty() ? record.environment.cpu : record.environment.gpu},
      {"cells", items},
      {"sweep", sweep},
      {"metrics", metrics},
      {"notes", notes}};
}

/// "roof, measured: 150 GFLOP/s, 12 GB/s; reached of it: b1 20 %, b32 65 %"; "" where it is not
/// known.
std::string roof_line(const TaskRecord& record) {
  std::string roof;
  std::vector<std::string> reached;
  for (const Metric& metric : record.metrics) {
    if (metric.name.starts_with("peak_g") && metric.unit.ends_with("/s"))
      roof += fmt::format("{}{} {}", roof.empty() ? "" : ", ", digits(metric.value), metric.unit);
    if (metric.name.starts_with("roofline_"))
      reached.push_back(fmt::format("{} {:.0f} %", metric.name.substr(9), metric.value));
  }
  if (reached.empty()) return "";
  return fmt::format("roof, measured: {}; reached of it: {}", roof, fmt::join(reached, ", "));
}

void print_record(const TaskRecord& record, const std::string& format) {
  std::vector<Cell> cells = cells_of(record.timings);
  std::ranges::stable_sort(cells, [](const Cell& a, const Cell& b) {
    return std::tie(a.batch, a.scope, b.cache) < std::tie(b.batch, b.scope, a.cache);  // hot first
  });
  if (format == "json") return print_json(record_json(record, cells));
  Table table = cell_table(cells);
  const Environment& where = record.environment;
  table.title = fmt::format("{} ({}), {}, {} threads, {} launches; LibTorch {}",
                            record.task.model,
                            record.task.variant,
                            where.gpu.empty() ? where.cpu : where.gpu,
                            where.threads,
                            record.task.protocol.timing_launches,
                            where.libtorch);
  print_table(table, format);
  if (!record.sweep.empty()) {
    fmt::print("\n");
    print_table(sweep_table(record), format);
  }
  std::fflush(stdout);
  for (const Note& note : record.notes) fmt::print(stderr, "note: {}\n", note.text);
  if (const std::string roof = roof_line(record); !roof.empty()) fmt::print(stderr, "{}\n", roof);
  fmt::print(
      stderr,
      "ms: median over launches of each launch's median; interval: range of the launches, or of "
      "one launch the 95 % interval of its median; percentiles: of all samples\n"
      "end-to-end: uint8 images of the model's size on the host to answers there; decoding, "
      "finding "
      "faces and scaling are not in it\n");
}

}  // namespace

int verb_time(const Options& options) {
  const Tables tables;
  const CardPointer card = card_of(tables, options);
  if (card && card->external.kind == ExternalKind::kPredictions)
    fail(Exit::kUsage,
         "bench time {}: a file of predictions has no network to time",
         options.subject);
  const json& entry = card ? card->entry : entry_of(tables, options.subject);
  const std::string device = resolve_device(options.request.device, tables);
  const RunPlaces places{options.database};
  const DatabaseLock lock(options.database);
  Store store = Store::open(options.database);
  recover(places, store);

  PlannedTask planned;
  planned.task = task_of(entry, card, options.time, device, store);
  planned.id = task_id(planned.task);
  if (card) planned.model_file = card->file.string();
  if (card) planned.map_file = card->map.string();
  const Protocol& timing = planned.task.protocol;
  const double cells = 3.0 * static_cast<double>(timing.timing_batches.size());
  planned.seconds = static_cast<double>(timing.timing_launches) * cells *
                    (timing.timing_warmup_seconds + timing.timing_seconds);
  if (options.request.time_limit_seconds > 0)
    planned.time_limit_seconds = options.request.time_limit_seconds;
  Plan plan;
  plan.devices = {{device}};
  plan.tasks = {planned};
  const bool terminal = ::isatty(STDERR_FILENO);
  const RunSummary summary = run_plan(plan, places, {.terminal = terminal}, store);
  const std::optional<TaskRecord> record = store.load(planned.id);
  if (record) print_record(*record, options.format);
  for (const Outcome& outcome : summary.outcomes)
    if (outcome.attempt.state != AttemptState::kDone)
      fmt::print(stderr,
                 "bench: {}: {}: {}\n",
                 title(outcome.planned.task),
                 name_of(outcome.attempt.state),
                 outcome.attempt.message);
  return summary.exit_code();
}

}  // namespace mien
