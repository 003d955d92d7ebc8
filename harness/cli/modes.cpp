// modes: compares the ways in which the forward pass of a trained network can run.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"
#include "harness/base/temp_folder.h"
#include "harness/cli/command.h"
#include "harness/cli/print.h"
#include "harness/run/devices.h"
#include "harness/run/done_task.h"
#include "harness/run/run_files.h"
#include "harness/system/environment.h"
#include "results/execution_paths.h"
#include "results/store.h"

namespace mien {
namespace {

using nlohmann::json;

struct ModesOptions : PrintedOptions {
  std::string task;  // model@dataset, or the first digits of a task id
  std::int64_t batch = 32;
  double seconds = 3;  // of timing, per mode
  std::string device = "auto";
  std::string database;
};

/// Returns the newest done task with weights of an experiment, or of those whose id begins so.
DoneTask trained_task(const Store& store, const std::string& subject) {
  std::optional<DoneTask> newest;
  bool is_known = false;
  for (const std::string& id : store.matching_ids(subject)) {
    std::optional<TaskRecord> record = store.load(id);
    is_known = true;
    if (!record || !left_weights(*record)) continue;
    if (!newest || record->attempt.ended_ns > newest->record.attempt.ended_ns)
      newest = DoneTask{id, std::move(*record)};
  }
  if (!newest && is_known)
    fail(Exit::kPrecondition, "{}: no done task of it left weights to compare modes of", subject);
  if (!newest)
    fail(Exit::kPrecondition, "{}: not in this database; run bench run {} first", subject, subject);
  return std::move(*newest);
}

/// {"modes": rows, "notes": lines}
json ask_worker(const DoneTask& task, const std::string& device, const ModesOptions& options) {
  const TempFolder folder;
  write_text(folder / "task.json", to_json(task.record.task).dump());
  const std::string out = (folder / "modes.json").string();
  call_worker({"modes",
               (folder / "task.json").string(),
               "--pack",
               pack_of(task.record.task),
               "--weights",
               weights_of(task, options.database).string(),
               "--device",
               device,
               "--threads",
               std::to_string(usable_processors()),
               "--batch",
               std::to_string(options.batch),
               "--seconds",
               fmt::format("{}", options.seconds),
               "--out",
               out});
  return json::parse(read_text(out));
}

/// Returns the notes below the table.
std::vector<std::string> remarks(const DoneTask& task,
                                 const std::vector<ExecutionPathRow>& modes,
                                 std::vector<std::string> found) {
  found.push_back(
      "lost, gained: flips away from the truth and to it; p: McNemar's exact test of these two; "
      "speed-up: wall clock over fp32, by turns, median and 95 % interval by order statistics; "
      "img/s: of fp32, times the speed-up");
  for (const Metric& metric : task.record.metrics) {
    if (metric.split != "test" || metric.name != modes[0].metric) continue;
    if (!metric.value || !modes[0].value) continue;
    if (std::abs(*metric.value - *modes[0].value) > 0.05)
      found.push_back(fmt::format("the task stored {:.4f} {}, fp32 says {:.4f} here",
                                  *metric.value,
                                  metric.unit,
                                  *modes[0].value));
  }
  return found;
}

json document(const DoneTask& task,
              const std::vector<ExecutionPathRow>& modes,
              const std::vector<std::string>& notes) {
  return {{"schema", 1},
          {"task", task.id},
          {"experiment", task.record.task.experiment},
          {"model", task.record.task.model},
          {"variant", task.record.task.variant},
          {"modes", execution_paths_json(modes)},
          {"notes", notes}};
}

int run_modes(const ModesOptions& options) {
  const std::string device = resolve_device(options.device, Catalog());
  const DatabaseLock lock(options.database);  // no other run may disturb the timing
  const DoneTask task = trained_task(Store::open_existing(options.database), options.task);
  const json answer = ask_worker(task, device, options);
  const std::vector<ExecutionPathRow> modes = execution_paths_from_json(answer.at("modes"));
  Store::open(options.database).put_execution_paths(task.id, modes);
  const std::vector<std::string> notes = remarks(task, modes, answer.at("notes"));
  if (options.format == "json") {
    print_json(document(task, modes, notes));
    return 0;
  }
  const Task& plan = task.record.task;
  print_table(
      execution_path_table(fmt::format("{} ({}), seed {}, {}, {} threads, batch {}; LibTorch {}",
                                       plan.experiment,
                                       plan.variant,
                                       plan.seed,
                                       modes[0].device,
                                       modes[0].threads,
                                       modes[0].batch,
                                       modes[0].libtorch),
                           modes),
      options.format);
  std::fflush(stdout);
  for (const std::string& note : notes) fmt::print(stderr, "{}\n", note);
  return 0;
}

}  // namespace

void declare_modes(CliCommand& bench) {
  auto [command, options] = bench.add<ModesOptions>(
      "modes",
      "compare fp32, bf16, channels_last, CUDA graph: changed predictions, speed",
      run_modes);
  command.option("task", options.task, "model@dataset (its newest task) or a task id").required();
  command.option("--batch", options.batch, "images per pass").range(1, 65536).show_default();
  command.option("--seconds", options.seconds, "seconds of timing per mode")
      .range(0.001, 600.0)
      .show_default();
  command.device(options.device);
  command.database(options.database);
}

}  // namespace mien
