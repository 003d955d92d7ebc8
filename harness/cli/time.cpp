// time: times a model of the catalog or of a card without an experiment.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <tuple>

#include "harness/base/error.h"
#include "harness/cli/command.h"
#include "harness/cli/print.h"
#include "harness/config/config.h"
#include "harness/config/external_card.h"
#include "harness/config/yaml_file.h"
#include "harness/measure/sampling.h"
#include "harness/measure/timing_cases.h"
#include "harness/run/schedule.h"
#include "harness/system/siblings.h"
#include "results/store.h"
#include "results/table.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

/// Changes of a protocol's timing; 0 or empty keeps its value.
struct TimingChanges {
  std::vector<std::int64_t> batches;
  std::int64_t launches = 0;
  double seconds = 0, percentile = 0;
  bool sweep = false;
  bool operator==(const TimingChanges&) const = default;
};

struct TimeOptions : StoredOptions {
  std::string model;  // MODEL, MODEL:VARIANT, or the file of a card
  TimingChanges timing;
  std::string device = "auto";
  std::int64_t time_limit_seconds = 0;
};

/// The card of an external model; null for a model of the catalog.
using CardPointer = std::shared_ptr<const ExternalCard>;

/// Returns the card that `model` names by its file or, among the experiments, by its name.
CardPointer card_of(const Catalog& catalog, const TimeOptions& options) {
  const std::string& text = options.model;
  if (fs::is_regular_file(text)) return read_card(YamlFile(text)).at(0).card;
  const std::string name = text.substr(0, text.find(':'));
  for (const ModelInfo& model : catalog.models())
    if (model.name == name) return nullptr;
  for (const Experiment& experiment : options.configs.load())
    if (experiment.card && experiment.model == text) return experiment.card;
  return nullptr;
}

/// Finds "model", which means its first variant, or "model:variant".
const ModelInfo& model_of(const Catalog& catalog, const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  std::string variant = colon == std::string::npos ? "" : text.substr(colon + 1);
  if (colon == std::string::npos)
    for (const ModelInfo& model : catalog.models())
      if (model.name == name && variant.empty()) variant = model.variant;
  const ModelInfo& model = catalog.model(name, variant, "bench time " + text);
  if (!model.has_network())
    fail(Exit::kUsage,
         "bench time {}: has no network to time; bench list models shows which have",
         text);
  return model;
}

Protocol protocol_of(const TimingChanges& options) {
  Protocol protocol;
  if (!options.batches.empty()) protocol.timing.batches = options.batches;
  if (options.seconds > 0) protocol.timing.seconds = options.seconds;
  if (options.launches > 0) protocol.timing.launches = options.launches;
  if (options.percentile > 0) protocol.timing.percentile = options.percentile;
  protocol.timing.sweep = options.sweep;
  return protocol;
}

/// Returns the timing of the model under the full profile. It is official if nothing is changed.
/// Each call is a new task: the seed, which has no other use here, counts them.
Task task_of(const ModelInfo& model,
             const CardPointer& card,
             const TimingChanges& changes,
             const std::string& device,
             const Store& store) {
  Task task;
  task.model = model.name;
  task.variant = model.variant;
  if (card) task.external = card->external;
  task.profile = "full";
  task.official = changes == TimingChanges();
  task.device_class = device.starts_with("cuda") ? "cuda" : "cpu";
  task = throughput_task(task, protocol_of(changes));
  while (store.is_done(task_id(task))) ++task.seed;
  return task;
}

/// Four digits, as many as a time deserves.
std::string digits(const std::optional<double>& value) {
  if (!value || std::isnan(*value)) return "-";
  const int whole = *value > 0 ? static_cast<int>(std::floor(std::log10(*value))) + 1 : 1;
  return fmt::format("{:.{}f}", *value, std::clamp(4 - whole, 0, 6));
}

std::string range(const std::optional<Interval>& interval, double unit = 1) {
  if (!interval) return "-";
  return digits(interval->lower / unit) + " .. " + digits(interval->upper / unit);
}

std::string percentile_text(const TimingCase& timed, double percent) {
  const std::optional<double> found = percentile(timed.times_ns, percent);
  return found ? digits(*found / 1e6) : "n too small";
}

std::vector<std::string> remarks(const TimingCase& timed) {
  std::vector<std::string> found;
  const auto add = [&](std::int64_t count, const char* what) {
    if (count > 0) found.push_back(fmt::format("{} {}", count, what));
  };
  if (timed.launch_bound()) found.push_back("launch-bound");
  add(timed.outliers, "outliers");
  add(timed.throttled, "throttled, excluded");
  add(timed.jumps, "clock jumps, excluded");
  return found;
}

Table case_table(const std::vector<TimingCase>& cases) {
  const bool device = std::ranges::any_of(
      cases, [](const TimingCase& timed) { return timed.device_ns.has_value(); });
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
  for (const TimingCase& timed : cases)
    table.rows.push_back({std::to_string(timed.batch),
                          timed.scope,
                          timed.cache,
                          timed.mode,
                          digits(timed.median_ns / 1e6),
                          range(timed.interval_ns, 1e6),
                          percentile_text(timed, 90),
                          percentile_text(timed, 99),
                          timed.device_ns ? digits(*timed.device_ns / 1e6) : "-",
                          digits(timed.images_per_second()),
                          fmt::format("{:.1f} %", 100 * timed.spread),
                          std::to_string(timed.times_ns.size()),
                          fmt::format("{}", fmt::join(remarks(timed), "; "))});
  return table;
}

Table sweep_table(const TaskRecord& record) {
  Table table{"Batch sweep",
              {{"batch", Align::kRight}, {"img/s", Align::kRight}, {"interval", Align::kRight}},
              {}};
  for (const SweepPoint& point : record.sweep)
    table.rows.push_back({fmt::format("{:.0f}", point.setting),
                          point.value ? digits(point.value) : "out of memory",
                          range(point.interval)});
  return table;
}

/// A number that was not measured is null.
json case_json(const TimingCase& timed) {
  const auto milliseconds = [](const std::optional<double>& ns) {
    return ns ? json(*ns / 1e6) : json();
  };
  return {{"batch", timed.batch},
          {"scope", timed.scope},
          {"cache", timed.cache},
          {"mode", timed.mode},
          {"median_ms", timed.median_ns / 1e6},
          {"lower_ms", milliseconds(lower_end(timed.interval_ns))},
          {"upper_ms", milliseconds(upper_end(timed.interval_ns))},
          {"interval", timed.method()},
          {"p90_ms", milliseconds(percentile(timed.times_ns, 90))},
          {"p99_ms", milliseconds(percentile(timed.times_ns, 99))},
          {"device_ms", milliseconds(timed.device_ns)},
          {"images_per_second", timed.images_per_second()},
          {"spread", timed.spread},
          {"launches", timed.process_medians_ns.size()},
          {"n", timed.times_ns.size()},
          {"notes", remarks(timed)}};
}

json record_json(const TaskRecord& record, const std::vector<TimingCase>& cases) {
  json items = json::array(), sweep = json::array(), notes = json::array(), metrics = json::array();
  for (const TimingCase& timed : cases) items.push_back(case_json(timed));
  for (const SweepPoint& point : record.sweep)
    sweep.push_back({{"batch", point.setting},
                     {"images_per_second", number_json(point.value)},
                     {"lower", number_json(lower_end(point.interval))},
                     {"upper", number_json(upper_end(point.interval))},
                     {"n", point.n}});
  for (const Note& note : record.notes) notes.push_back(note.text);
  for (const Metric& metric : record.metrics)
    metrics.push_back({{"name", metric.name},
                       {"value", number_json(metric.value)},
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

/// Returns "measured roofline: 150 GFLOP/s, 12 GB/s; reached: b1 20 %, b32 65 %"; "" if the
/// record has no roofline.
std::string roofline_line(const TaskRecord& record) {
  std::string peaks;
  std::vector<std::string> reached;
  for (const Metric& metric : record.metrics) {
    if (metric.name.starts_with("peak_g") && metric.unit.ends_with("/s"))
      peaks += fmt::format("{}{} {}", peaks.empty() ? "" : ", ", digits(metric.value), metric.unit);
    if (metric.name.starts_with("roofline_"))
      reached.push_back(fmt::format("{} {:.0f} %", metric.name.substr(9), metric.value.value()));
  }
  if (reached.empty()) return "";
  return fmt::format("measured roofline: {}; reached: {}", peaks, fmt::join(reached, ", "));
}

void print_record(const TaskRecord& record, const std::string& format) {
  std::vector<TimingCase> cases = timing_cases(record.timings);
  std::ranges::stable_sort(cases, [](const TimingCase& a, const TimingCase& b) {
    return std::tie(a.batch, a.scope, b.cache) < std::tie(b.batch, b.scope, a.cache);  // hot first
  });
  if (format == "json") return print_json(record_json(record, cases));
  Table table = case_table(cases);
  const Environment& where = record.environment;
  table.title = fmt::format("{} ({}), {}, {} threads, {} launches; LibTorch {}",
                            record.task.model,
                            record.task.variant,
                            where.gpu.empty() ? where.cpu : where.gpu,
                            where.threads,
                            record.task.protocol.timing.launches,
                            where.libtorch);
  print_table(table, format);
  if (!record.sweep.empty()) {
    fmt::print("\n");
    print_table(sweep_table(record), format);
  }
  std::fflush(stdout);
  for (const Note& note : record.notes) fmt::print(stderr, "note: {}\n", note.text);
  if (const std::string line = roofline_line(record); !line.empty())
    fmt::print(stderr, "{}\n", line);
  fmt::print(
      stderr,
      "ms: median of the processes' medians; interval: their range, or with one process the 95 % "
      "interval of its median; percentiles: of all samples\n"
      "end-to-end: from uint8 images of the model's size on the host to answers there, without "
      "decoding, face detection and scaling\n");
}

int time_model(const TimeOptions& options) {
  const Catalog catalog;
  const CardPointer card = card_of(catalog, options);
  if (card && card->external.kind == ExternalKind::kPredictions)
    fail(
        Exit::kUsage, "bench time {}: a file of predictions has no network to time", options.model);
  const ModelInfo& model = card ? card->model : model_of(catalog, options.model);
  const std::string device = resolve_device(options.device, catalog);
  const RunPaths paths{options.database};
  const DatabaseLock lock(options.database);
  Store store = Store::open(options.database);
  recover(paths, store);

  PlannedTask planned;
  planned.task = task_of(model, card, options.timing, device, store);
  planned.id = task_id(planned.task);
  if (card) planned.model_file = card->file.string();
  if (card) planned.map_file = card->map.string();
  const TimingSettings& timing = planned.task.protocol.timing;
  const double cases = 3.0 * static_cast<double>(timing.batches.size());
  planned.seconds =
      static_cast<double>(timing.launches) * cases * (timing.warmup_seconds + timing.seconds);
  if (options.time_limit_seconds > 0) planned.time_limit_seconds = options.time_limit_seconds;
  Plan plan;
  plan.devices = {{device}};
  plan.tasks = {planned};
  const bool terminal = ::isatty(STDERR_FILENO);
  const RunSummary summary = run_plan(plan, paths, {.terminal = terminal}, store);
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

}  // namespace

void declare_time(CliCommand& bench) {
  auto [command, options] =
      bench.add<TimeOptions>("time", "time a model: latency, throughput", time_model);
  TimingChanges& timing = options.timing;
  command
      .option(
          "model", options.model, "MODEL or MODEL:VARIANT of bench list models, or a card (FILE)")
      .required();
  command.option("--batches", timing.batches, "batch sizes, e.g. 1,32")
      .separated_by(',')
      .range(1, 65536);
  command.flag("--sweep", timing.sweep, "also batches 1, 2, 4 ... while more than 2 % is gained");
  command.option("--launches", timing.launches, "processes that are timed (default 7)")
      .range(1, 100);
  command.option("--seconds", timing.seconds, "seconds per measurement, at most (default 3)")
      .range(0.001, 600.0);
  command.option("--percentile", timing.percentile, "highest percentile (default 99)")
      .range(50.0, 99.9);
  command.device(options.device);
  command.time_limit(options.time_limit_seconds, "stop after this, e.g. 90s, 30m or 2h");
  command.stored(options);
}

}  // namespace mien
