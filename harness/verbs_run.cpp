// list, plan, run, help config.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

#include "harness/cards.h"
#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/statistics.h"
#include "harness/progress.h"
#include "harness/schedule.h"
#include "harness/verbs.h"
#include "results/board.h"
#include "results/render.h"
#include "results/table.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

std::string claim_text(const std::optional<Claim>& claim) {
  if (!claim) return "-";
  return fmt::format("{:.{}f} {}", claim->value, claim->decimals, claim->unit);
}

void list_experiments(const Options& options, Table& table, json& items) {
  table.columns = {{"experiment"},
                   {"claim", Align::kRight},
                   {"variant", Align::kLeft, 2},
                   {"title", Align::kLeft, 1}};
  for (const Experiment& experiment : load_experiments(options.configs, options.cards)) {
    table.rows.push_back(
        {experiment.id, claim_text(experiment.claim), experiment.variant, experiment.title});
    items.push_back({{"experiment", experiment.id},
                     {"model", experiment.model},
                     {"variant", experiment.variant},
                     {"dataset", experiment.dataset},
                     {"title", experiment.title},
                     {"claim", experiment.claim ? json(experiment.claim->value) : json()},
                     {"assumptions", experiment.assumptions.size()}});
  }
}

/// The entries of cards, one per model.
std::vector<json> card_entries(const Options& options) {
  std::vector<json> entries;
  for (const Experiment& experiment : load_experiments(options.configs, options.cards))
    if (experiment.card && (entries.empty() || entries.back() != experiment.card->entry))
      entries.push_back(experiment.card->entry);
  return entries;
}

std::string number_or_dash(const json& value) { return value.is_null() ? "-" : value.dump(); }

/// Millions of multiply-accumulates per image.
std::string macs_of(const json& entry) {
  const json& macs = entry.at("macs");
  return macs.is_null() ? "-" : fmt::format("{:.1f}", macs.get<double>() / 1e6);
}

/// "classes", as many as the dataset has, or "29 coefficients".
std::string outputs_of(const json& entry) {
  const std::string predicts = entry.value("predicts", "classes");
  return predicts == "classes" ? predicts : entry.at("outputs").dump() + " " + predicts;
}

void list_models(const Options& options, Table& table, json& items) {
  table.columns = {{"model"},
                   {"variant"},
                   {"parameters", Align::kRight},
                   {"MACs (M)", Align::kRight},
                   {"input", Align::kRight},
                   {"outputs"},
                   {"departures", Align::kRight, 2},
                   {"title", Align::kLeft, 1}};
  const Tables tables;
  json entries = tables.models();
  for (json& entry : card_entries(options)) entries.push_back(std::move(entry));
  for (const json& entry : entries) {
    const json& input = entry.at("input");
    table.rows.push_back(
        {entry.at("name"),
         entry.at("variant"),
         number_or_dash(entry.at("parameters")),
         macs_of(entry),
         input.is_null() ? "-" : fmt::format("{}", fmt::join(input.get<std::vector<int>>(), "x")),
         outputs_of(entry),
         std::to_string(entry.at("departures").size()),
         entry.at("title")});
    json item = entry;
    item.erase("tensors");
    items.push_back(item);
  }
}

void list_datasets(Table& table, json& items) {
  table.columns = {{"dataset"}, {"classes", Align::kRight}, {"title"}};
  const Tables tables;
  for (const json& entry : tables.datasets()) {
    table.rows.push_back(
        {entry.at("name"), std::to_string(entry.at("classes").size()), entry.at("title")});
    items.push_back(entry);
  }
}

std::string state_of(const PlannedTask& planned) {
  if (planned.done) return "done";
  return planned.id.empty() ? "pack missing" : "to run";
}

/// Where a task may run; timings take the first device.
std::string devices_of(const Plan& plan, const Task& task) {
  std::vector<std::string> names;
  for (const Device& device : plan.devices) names.push_back(device.name);
  if (task.kind == TaskKind::kThroughput) names.resize(1);
  return fmt::format("{}", fmt::join(names, ","));
}

Table plan_table(const Plan& plan) {
  Table table;
  table.columns = {{"task"},
                   {"split"},
                   {"fold", Align::kRight},
                   {"seed", Align::kRight},
                   {"data"},
                   {"profile"},
                   {"device"},
                   {"state"},
                   {"expected", Align::kRight},
                   {"id", Align::kLeft, 1}};
  for (const PlannedTask& planned : plan.tasks) {
    const Task& task = planned.task;
    const bool timing = task.kind == TaskKind::kThroughput;
    table.rows.push_back({timing ? task.model + " throughput" : task.experiment,
                          timing ? "-" : task.split,
                          task.protocol.splits.scheme != SplitScheme::kFolds ? "-"
                          : task.networks.empty() ? std::to_string(task.fold + 1)
                                                  : "all",
                          timing ? "-" : std::to_string(task.seed),
                          timing ? "-" : name_of(task.data),
                          task.profile,
                          devices_of(plan, task),
                          state_of(planned),
                          planned.done          ? "-"
                          : planned.seconds > 0 ? duration_text(planned.seconds)
                                                : "unknown",
                          planned.id.empty() ? "-" : planned.id.substr(0, 12)});
  }
  return table;
}

json plan_json(const Plan& plan) {
  json tasks = json::array();
  for (const PlannedTask& planned : plan.tasks) {
    json task = to_json(planned.task);
    task.erase("schema");
    tasks.push_back({{"id", planned.id.empty() ? json() : json(planned.id)},
                     {"state", state_of(planned)},
                     {"expected_seconds", planned.seconds},
                     {"expected_bytes", planned.bytes > 0 ? json(planned.bytes) : json()},
                     {"time_limit_seconds", planned.time_limit_seconds},
                     {"task", task}});
  }
  json devices = json::array();
  for (const Device& device : plan.devices) devices.push_back(device.name);
  return {{"schema", 1}, {"devices", devices}, {"tasks", tasks}};
}

std::string plan_summary(const Plan& plan) {
  double shared = 0, timing = 0, longest = 0;
  std::size_t open = 0;
  for (const PlannedTask& planned : plan.tasks) {
    if (planned.done) continue;
    (planned.task.kind == TaskKind::kThroughput ? timing : shared) += planned.seconds;
    if (planned.task.kind != TaskKind::kThroughput) longest = std::max(longest, planned.seconds);
    ++open;
  }
  const double seconds =
      timing + std::max(longest, shared / static_cast<double>(plan.devices.size()));
  return fmt::format("{} tasks: {} done, {} to run, about {}",
                     plan.tasks.size(),
                     plan.tasks.size() - open,
                     open,
                     duration_text(seconds));
}

BoardFormat board_format(const std::string& format) {
  if (format == "md") return BoardFormat::kMarkdown;
  if (format == "csv") return BoardFormat::kCsv;
  return format == "json" ? BoardFormat::kJson : BoardFormat::kText;
}

/// How much of an accuracy is owed to people who are on both sides.
struct Twin {
  const BoardRow *leaky, *honest;
  double difference() const { return leaky->measured - honest->measured; }
  /// 95 %, in points; only for one seed, where both are shares of scored images.
  std::optional<Interval> interval() const {
    if (leaky->interval != IntervalKind::kWilson || honest->interval != IntervalKind::kWilson)
      return std::nullopt;
    const auto share = [](const BoardRow& row) {
      return Proportion{std::llround(row.measured / 100 * static_cast<double>(row.n)), row.n};
    };
    const Interval found = mien::difference(share(*leaky), share(*honest));
    return Interval{100 * found.lower, 100 * found.upper};
  }
};

std::vector<Twin> twins_of(const Plan& plan, const Board& board) {
  const auto row = [&](const std::string& group) -> const BoardRow* {
    for (const BoardRow& row : board.rows)
      if (row.group_id == group && row.state == RowState::kMeasured) return &row;
    return nullptr;
  };
  std::vector<Twin> twins;
  for (const auto& [leaky, honest] : plan.twins)
    if (row(leaky) && row(honest)) twins.push_back({row(leaky), row(honest)});
  return twins;
}

Table twin_table(const std::vector<Twin>& twins) {
  Table table{"Leaky split and its subject-disjoint twin (points of accuracy)",
              {{"experiment"},
               {"split"},
               {"measured", Align::kRight},
               {"twin"},
               {"measured", Align::kRight},
               {"difference (95 %)", Align::kRight}},
              {}};
  for (const Twin& twin : twins) {
    const std::optional<Interval> interval = twin.interval();
    table.rows.push_back(
        {fmt::format("{} ({})", twin.leaky->experiment, twin.leaky->variant),
         twin.leaky->split,
         fmt::format("{:.2f}", twin.leaky->measured),
         twin.honest->split,
         fmt::format("{:.2f}", twin.honest->measured),
         fmt::format("{:+.2f}", twin.difference()) +
             (interval ? fmt::format(" ({:+.2f}..{:+.2f})", interval->lower, interval->upper)
                       : "")});
  }
  return table;
}

json twins_json(const std::vector<Twin>& twins) {
  json items = json::array();
  for (const Twin& twin : twins) {
    const std::optional<Interval> interval = twin.interval();
    items.push_back({{"experiment", twin.leaky->experiment},
                     {"split", twin.leaky->split},
                     {"measured", twin.leaky->measured},
                     {"twin_split", twin.honest->split},
                     {"twin_measured", twin.honest->measured},
                     {"difference", twin.difference()},
                     {"lower", interval ? json(interval->lower) : json()},
                     {"upper", interval ? json(interval->upper) : json()}});
  }
  return items;
}

json run_json(const RunSummary& summary, const Board& board, const std::vector<Twin>& twins) {
  json tasks = json::array();
  for (const Outcome& outcome : summary.outcomes) {
    const Task& task = outcome.planned.task;
    const Attempt& attempt = outcome.attempt;
    tasks.push_back(
        {{"id", outcome.planned.id},
         {"experiment", task.experiment},
         {"kind", name_of(task.kind)},
         {"seed", task.seed},
         {"fold", task.fold},
         {"split", task.split},
         {"state", name_of(attempt.state)},
         {"message", attempt.message},
         {"device", outcome.device},
         {"seconds", static_cast<double>(attempt.ended_ns - attempt.started_ns) / 1e9}});
  }
  return {{"schema", 1},
          {"exit_code", summary.exit_code()},
          {"tasks", tasks},
          {"twins", twins_json(twins)},
          {"board", json::parse(render(board, BoardFormat::kJson))}};
}

void say_where(const Options& options, const RunPlaces& places) {
  fmt::print(stderr,
             "\ndatabase     {}\nweights      {}\npacks        {}\nexperiments  {}\n",
             fs::absolute(places.database).string(),
             fs::absolute(places.weights()).string(),
             (paths::cache() / "packs").string(),
             options.configs);
}

void say_failures(const RunSummary& summary) {
  for (const Outcome& outcome : summary.outcomes)
    if (outcome.attempt.state != AttemptState::kDone &&
        outcome.attempt.state != AttemptState::kInterrupted)
      fmt::print(stderr,
                 "bench: {}: {}: {}\n",
                 title(outcome.planned.task),
                 name_of(outcome.attempt.state),
                 outcome.attempt.message);
}

}  // namespace

TextStyle stdout_style() {
  TextStyle style;
  if (!::isatty(STDOUT_FILENO)) return style;
  style.width = terminal_columns(STDOUT_FILENO);
  style.color = paths::environment("NO_COLOR").empty();
  return style;
}

void print_table(const Table& table, const std::string& format) {
  if (format == "md") return fmt::print("{}", to_markdown(table));
  if (format == "csv") return fmt::print("{}", to_csv(table));
  fmt::print("{}", to_text(table, stdout_style()));
}

void print_json(const json& document) { fmt::print("{}\n", document.dump(2)); }

int verb_list(const Options& options) {
  Table table;
  json items = json::array();
  if (options.subject == "models")
    list_models(options, table, items);
  else if (options.subject == "datasets")
    list_datasets(table, items);
  else
    list_experiments(options, table, items);
  if (options.format == "json")
    print_json({{"schema", 1}, {options.subject, items}});
  else
    print_table(table, options.format);
  return 0;
}

int verb_plan(const Options& options) {
  std::optional<Store> store;
  if (fs::exists(options.database)) store = Store::open_existing(options.database);
  const Tables tables;
  const Plan plan = make_plan(options.request,
                              load_experiments(options.configs, options.cards),
                              tables,
                              store ? &*store : nullptr,
                              locate_dataset);
  if (options.format == "json") {
    print_json(plan_json(plan));
  } else {
    print_table(plan_table(plan), options.format);
    fmt::print(stderr, "{}\n", plan_summary(plan));
  }
  return 0;
}

int verb_run(const Options& options) {
  const RunPlaces places{options.database};
  const Tables tables;
  const std::vector<Experiment> known = load_experiments(options.configs, options.cards);
  // Planned once without a database, so that a wrong word creates none.
  make_plan(options.request, known, tables, nullptr, locate_dataset);
  const DatabaseLock lock(options.database);
  Store store = Store::open(options.database);
  if (const std::int64_t found = recover(places, store); found > 0)
    fmt::print(stderr, "{} finished tasks of an earlier run taken over\n", found);
  const Plan plan = make_plan(options.request, known, tables, &store, prepare_dataset);
  if (options.request.leaky_twin && plan.twins.empty())
    fail(Exit::kUsage,
         "--leaky-twin: no selected experiment divides known people; bench data splits DATASET "
         "shows what is known");
  for (const Experiment& experiment : plan.experiments)
    if (experiment.claim) store.upsert_claim(experiment.id, *experiment.claim);
  fmt::print(stderr, "{}{}\n\n", to_text(plan_table(plan)), plan_summary(plan));

  const bool terminal = ::isatty(STDERR_FILENO);
  const RunSummary summary =
      run_plan(plan, places, {options.jobs, options.memory_limit_mib, terminal}, store);
  const Board board = make_board(store.board_input());
  const std::vector<Twin> twins = twins_of(plan, board);
  if (options.format == "json") {
    print_json(run_json(summary, board, twins));
  } else {
    fmt::print("\n{}", render(board, board_format(options.format), stdout_style()));
    if (!twins.empty()) fmt::print("\n");
    if (!twins.empty()) print_table(twin_table(twins), options.format);
  }
  std::fflush(stdout);
  say_where(options, places);
  say_failures(summary);
  if (summary.signal) fmt::print(stderr, "bench: interrupted; run the same command to go on\n");
  return summary.exit_code();
}

int verb_board(const Options& options) {
  const Store store = Store::open_existing(options.database);
  const Board board = make_board(store.board_input(), {options.all});
  fmt::print("{}", render(board, board_format(options.format), stdout_style()));
  return 0;
}

int verb_help_config(const Options& options) {
  FieldDocs docs;
  const Protocol defaults;
  visit(docs, defaults);
  Table table{"Keys of an experiment's protocol",
              {{"key"}, {"values"}, {"default"}, {"meaning", Align::kLeft, 1}},
              {}};
  json items = json::array();
  for (const FieldDoc& doc : docs.rows) {
    table.rows.push_back({doc.key, doc.type, doc.default_value, doc.meaning});
    items.push_back({{"key", doc.key},
                     {"values", doc.type},
                     {"default", doc.default_value},
                     {"meaning", doc.meaning}});
  }
  if (options.format == "json")
    print_json({{"schema", 1}, {"keys", items}});
  else
    print_table(table, options.format);
  return 0;
}

}  // namespace mien
