#include "harness/run/worker_command.h"

#include <algorithm>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"
#include "harness/run/running_task.h"
#include "harness/system/environment.h"
#include "harness/system/siblings.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

void pass(Command& command, const char* name, const std::string& value) {
  if (!value.empty()) command.arguments.insert(command.arguments.end(), {name, value});
}

/// Passes the weights of the networks that a task takes.
void pass_networks(Command& command,
                   const PlannedTask& planned,
                   const RunPaths& paths,
                   const Store& store) {
  for (const auto& [role, id] : planned.task.networks) {
    const std::optional<TaskRecord> trained = store.load(id);
    if (!trained)
      fail(Exit::kTaskFailed, "its network {} was not trained: task {}", role, id.substr(0, 12));
    const fs::path file = paths.weights(id);
    const auto saved = std::ranges::find(trained->artifacts, "weights", &Artifact::kind);
    if (saved == trained->artifacts.end() || !fs::exists(file))
      fail(Exit::kPrecondition,
           "{}: the weights of {} are gone; put them back, or give another --db",
           file.string(),
           title(trained->task));
    if (sha256_file(file) != saved->sha256)
      fail(Exit::kIntegrity,
           "{}: not the weights that {} left; put these back, or give another --db",
           file.string(),
           title(trained->task));
    pass(command, "--network", fmt::format("{}={}", role, file.string()));
  }
}

}  // namespace

Command worker_command(const PlannedTask& planned,
                       const WorkerSettings& settings,
                       const RunPaths& paths,
                       const Store& store) {
  const bool timing = planned.task.kind == TaskKind::kThroughput;
  const std::string threads = std::to_string(timing ? usable_processors() : settings.threads);
  Command command{{sibling("bench-worker"), "run", paths.task_file(planned.id).string()},
                  worker_environment(),
                  settings.memory_limit_mib << 20};
  // OpenBLAS does not read --threads and takes every processor by default.
  command.environment["OMP_NUM_THREADS"] = mien::paths::environment("OMP_NUM_THREADS", threads);
  pass(command, "--shard", paths.shard(planned.id).string());
  pass(command, "--device", settings.device);
  pass(command, "--threads", threads);
  if (timing) {
    pass(command, "--benchmark-json", paths.timing(planned.id).string());
  } else {
    pass(command, "--pack", planned.pack);
    pass(command, "--weights", paths.weights(planned.id).string());
  }
  pass(command, "--model", planned.model_file);
  pass(command, "--map", planned.map_file);
  pass(command, "--face-model", planned.face_model);
  pass(command, "--ground-truth", planned.ground_truth);
  pass_networks(command, planned, paths, store);
  return command;
}

}  // namespace mien
