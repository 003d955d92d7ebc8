// bench modes: the ways in which a trained network's forward pass can run, beside each other.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/done_task.h"
#include "harness/environment.h"
#include "harness/schedule.h"
#include "harness/verbs.h"
#include "results/modes.h"
#include "results/store.h"

namespace mien {
namespace {

using nlohmann::json;

/// The newest done task of the experiment, or whose id begins so, that left weights.
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
json ask_worker(const DoneTask& task, const std::string& device, const Options& options) {
  const WorkFolder folder;
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
               std::to_string(options.modes.batch),
               "--seconds",
               fmt::format("{}", options.modes.seconds),
               "--out",
               out});
  return json::parse(read_text(out));
}

/// What a reader must know besides the table.
std::vector<std::string> remarks(const DoneTask& task,
                                 const std::vector<ModeRow>& modes,
                                 std::vector<std::string> found) {
  found.push_back(
      "lost, gained: flips away from the truth and to it; p: McNemar's exact test of these two; "
      "speed-up: wall clock over fp32, by turns, median and 95 % interval by order statistics; "
      "img/s: of fp32, times the speed-up");
  for (const Metric& metric : task.record.metrics) {
    if (metric.split != "test" || metric.name != modes[0].metric) continue;
    const double apart = std::abs(metric.value - modes[0].value);
    if (apart > 0.05)
      found.push_back(fmt::format("the task stored {:.4f} {}, fp32 says {:.4f} here",
                                  metric.value,
                                  metric.unit,
                                  modes[0].value));
  }
  return found;
}

json document(const DoneTask& task,
              const std::vector<ModeRow>& modes,
              const std::vector<std::string>& notes) {
  return {{"schema", 1},
          {"task", task.id},
          {"experiment", task.record.task.experiment},
          {"model", task.record.task.model},
          {"variant", task.record.task.variant},
          {"modes", modes_json(modes)},
          {"notes", notes}};
}

}  // namespace

int verb_modes(const Options& options) {
  const std::string device = resolve_device(options.request.device, Tables());
  const DatabaseLock lock(options.database);  // nothing else is to be running
  const DoneTask task = trained_task(Store::open_existing(options.database), options.subject);
  const json answer = ask_worker(task, device, options);
  const std::vector<ModeRow> modes = modes_from_json(answer.at("modes"));
  Store::open(options.database).put_modes(task.id, modes);
  const std::vector<std::string> notes = remarks(task, modes, answer.at("notes"));
  if (options.format == "json") {
    print_json(document(task, modes, notes));
    return 0;
  }
  const Task& plan = task.record.task;
  print_table(mode_table(fmt::format("{} ({}), seed {}, {}, {} threads, batch {}; LibTorch {}",
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

}  // namespace mien
