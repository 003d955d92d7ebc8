// plan, run.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/statistics.h"
#include "harness/cli/command.h"
#include "harness/cli/print.h"
#include "harness/config/config.h"
#include "harness/config/external_card.h"
#include "harness/run/schedule.h"
#include "harness/system/progress.h"
#include "results/board.h"
#include "results/render.h"
#include "results/table.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

struct PlanOptions : StoredOptions {
  PlanRequest request;
  std::string metric = "all";

  PlanRequest planned_request() const {
    PlanRequest found = request;
    found.metric = find_enum<RunMetric>(metric).value();
    return found;
  }
};

struct RunOptions : PlanOptions {
  int jobs = 1;
  std::int64_t memory_limit_mib = 0;
};

std::string state_of(const PlannedTask& planned) {
  if (planned.done) return "done";
  return planned.id.empty() ? "pack missing" : "to run";
}

/// Returns the devices on which a task may run. Timings use the first one.
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

/// A split as configured beside its subject-disjoint control: the difference is the accuracy that
/// the configured split owes to subjects on both sides.
struct SplitComparison {
  const BoardRow *configured, *disjoint;
  double difference() const { return *configured->measured - *disjoint->measured; }
  /// 95 %, in points; only for one seed, where both are shares of scored images.
  std::optional<Interval> interval() const {
    if (configured->interval_kind != IntervalKind::kWilson ||
        disjoint->interval_kind != IntervalKind::kWilson)
      return std::nullopt;
    const auto share = [](const BoardRow& row) {
      return Proportion{std::llround(*row.measured / 100 * static_cast<double>(row.n)), row.n};
    };
    const Interval found = mien::difference(share(*configured), share(*disjoint));
    return Interval{100 * found.lower, 100 * found.upper};
  }
};

std::vector<SplitComparison> comparisons_of(const Plan& plan, const Board& board) {
  const auto row = [&](const std::string& group) -> const BoardRow* {
    for (const BoardRow& row : board.rows)
      if (row.group_id == group && row.measured) return &row;
    return nullptr;
  };
  std::vector<SplitComparison> comparisons;
  for (const auto& [configured, disjoint] : plan.subject_disjoint)
    if (row(configured) && row(disjoint)) comparisons.push_back({row(configured), row(disjoint)});
  return comparisons;
}

Table comparison_table(const std::vector<SplitComparison>& comparisons) {
  Table table{"Split as configured and its subject-disjoint control (points of accuracy)",
              {{"experiment"},
               {"split"},
               {"measured", Align::kRight},
               {"subject-disjoint"},
               {"measured", Align::kRight},
               {"difference (95 %)", Align::kRight}},
              {}};
  for (const SplitComparison& pair : comparisons) {
    const std::optional<Interval> interval = pair.interval();
    table.rows.push_back(
        {fmt::format("{} ({})", pair.configured->experiment, pair.configured->variant),
         pair.configured->split,
         fmt::format("{:.2f}", *pair.configured->measured),
         pair.disjoint->split,
         fmt::format("{:.2f}", *pair.disjoint->measured),
         fmt::format("{:+.2f}", pair.difference()) +
             (interval ? fmt::format(" ({:+.2f}..{:+.2f})", interval->lower, interval->upper)
                       : "")});
  }
  return table;
}

json comparisons_json(const std::vector<SplitComparison>& comparisons) {
  json items = json::array();
  for (const SplitComparison& pair : comparisons) {
    const std::optional<Interval> interval = pair.interval();
    items.push_back({{"experiment", pair.configured->experiment},
                     {"split", pair.configured->split},
                     {"measured", *pair.configured->measured},
                     {"twin_split", pair.disjoint->split},
                     {"twin_measured", *pair.disjoint->measured},
                     {"difference", pair.difference()},
                     {"lower", interval ? json(interval->lower) : json()},
                     {"upper", interval ? json(interval->upper) : json()}});
  }
  return items;
}

json run_json(const RunSummary& summary,
              const Board& board,
              const std::vector<SplitComparison>& comparisons) {
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
          {"twins", comparisons_json(comparisons)},
          {"board", json::parse(render(board, BoardFormat::kJson))}};
}

void print_paths(const RunOptions& options, const RunPaths& paths) {
  fmt::print(stderr,
             "\ndatabase     {}\nweights      {}\npacks        {}\nexperiments  {}\n",
             fs::absolute(paths.database).string(),
             fs::absolute(paths.weights()).string(),
             (mien::paths::cache() / "packs").string(),
             options.configs.folder);
}

void print_failures(const RunSummary& summary) {
  for (const Outcome& outcome : summary.outcomes)
    if (outcome.attempt.state != AttemptState::kDone &&
        outcome.attempt.state != AttemptState::kInterrupted)
      fmt::print(stderr,
                 "bench: {}: {}: {}\n",
                 title(outcome.planned.task),
                 name_of(outcome.attempt.state),
                 outcome.attempt.message);
}

int show_plan(const PlanOptions& options) {
  std::optional<Store> store;
  if (fs::exists(options.database)) store = Store::open_existing(options.database);
  const Catalog catalog;
  const Plan plan = make_plan(options.planned_request(),
                              options.configs.load(),
                              catalog,
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

int run(const RunOptions& options) {
  const RunPaths paths{options.database};
  const Catalog catalog;
  const std::vector<Experiment> known = options.configs.load();
  const PlanRequest request = options.planned_request();
  // Planned once without a database, so that a wrong word creates none.
  make_plan(request, known, catalog, nullptr, locate_dataset);
  const DatabaseLock lock(options.database);
  Store store = Store::open(options.database);
  if (const std::int64_t found = recover(paths, store); found > 0)
    fmt::print(stderr, "{} finished tasks of an earlier run taken over\n", found);
  const Plan plan = make_plan(request, known, catalog, &store, prepare_dataset);
  if (request.subject_disjoint && plan.subject_disjoint.empty())
    fail(Exit::kUsage,
         "--subject-disjoint: no selected experiment puts a known subject on two sides; bench data "
         "splits DATASET shows what is known");
  for (const Experiment& experiment : plan.experiments)
    if (experiment.claim) store.upsert_claim(experiment.id, *experiment.claim);
  fmt::print(stderr, "{}{}\n\n", to_text(plan_table(plan)), plan_summary(plan));

  const bool terminal = ::isatty(STDERR_FILENO);
  const RunSummary summary =
      run_plan(plan, paths, {options.jobs, options.memory_limit_mib, terminal}, store);
  const Board board = make_board(store.board_input());
  const std::vector<SplitComparison> comparisons = comparisons_of(plan, board);
  if (options.format == "json") {
    print_json(run_json(summary, board, comparisons));
  } else {
    fmt::print("\n{}", render(board, board_format(options.format), stdout_style()));
    if (!comparisons.empty()) fmt::print("\n");
    if (!comparisons.empty()) print_table(comparison_table(comparisons), options.format);
  }
  std::fflush(stdout);
  print_paths(options, paths);
  print_failures(summary);
  if (summary.signal) fmt::print(stderr, "bench: interrupted; run the same command to go on\n");
  return summary.exit_code();
}

}  // namespace

namespace {

void declare_request(CliCommand& command, PlanOptions& options) {
  PlanRequest& request = options.request;
  command.option("selector", request.selectors, "all, model@dataset, model or @dataset").required();
  command.option("--profile", request.profile, "smoke: minutes on a CPU; full: the protocol")
      .show_default();
  command
      .option("--device",
              request.device,
              "cpu, cuda (every GPU) or cuda:N,cuda:M; auto: every GPU, else the CPU")
      .show_default();
  command.option("--seeds", request.seeds, "seeds per experiment, instead of the configured")
      .range(1, 1000);
  command.option("--set", request.overrides, "protocol key=value; the rows are unofficial")
      .one_each("KEY=VALUE");
  command.former_flag("--leaky-twin", "--subject-disjoint", request.subject_disjoint);
  command.flag("--subject-disjoint",
               request.subject_disjoint,
               "also run a subject-disjoint split and report the difference");
  command
      .option("--metric",
              options.metric,
              "scores: train and score, time nothing; throughput: only time")
      .one_of({"all", "scores", "throughput"})
      .show_default();
  command.time_limit(request.time_limit_seconds, "per task, e.g. 90s, 30m or 2h");
  command.stored(options);
}

}  // namespace

void declare_plan_and_run(CliCommand& bench) {
  auto [plan, plan_options] = bench.add<PlanOptions>("plan", "show what a run would do", show_plan);
  declare_request(plan, plan_options);
  auto [command, options] =
      bench.add<RunOptions>("run", "run what is missing, then print the board", run);
  declare_request(command, options);
  command.option("--jobs,--jobs-per-device", options.jobs, "tasks at a time on each device")
      .range(1, 256)
      .show_default();
  command.option("--memory-limit", options.memory_limit_mib, "MiB of data per worker")
      .range(64, 1 << 24);
}

}  // namespace mien
