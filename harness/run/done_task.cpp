#include "harness/run/done_task.h"

#include <algorithm>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/run/dataset_location.h"
#include "harness/run/run_files.h"
#include "harness/system/environment.h"
#include "harness/system/process.h"
#include "harness/system/siblings.h"

namespace fs = std::filesystem;

namespace mien {

bool left_weights(const TaskRecord& record) {
  return std::ranges::find(record.artifacts, "weights", &Artifact::kind) != record.artifacts.end();
}

fs::path weights_of(const DoneTask& task, const fs::path& database) {
  const auto artifact = std::ranges::find(task.record.artifacts, "weights", &Artifact::kind);
  fs::path path = artifact->path;
  if (!fs::exists(path)) path = RunPaths{database}.weights() / path.filename();
  if (!fs::exists(path))
    fail(Exit::kPrecondition,
         "{}: the weights of task {} are not there any more; run bench run {} first",
         artifact->path,
         task.id.substr(0, 12),
         task.record.task.experiment);
  if (sha256_file(path) != artifact->sha256)
    fail(Exit::kIntegrity,
         "{}: not the weights that task {} left (SHA-256 differs); delete it and run with another "
         "--db",
         path.string(),
         task.id.substr(0, 12));
  return path;
}

std::string pack_of(const Task& task) {
  const DatasetLocation located = locate_dataset(task.dataset, task.frames);
  if (located.pack.empty())
    fail(Exit::kPrecondition,
         "{}: no pack; run bench data prepare {} first",
         task.dataset,
         task.dataset);
  if (located.sha256 != task.pack_sha256)
    fail(Exit::kPrecondition,
         "{}: its pack is {} ({} data), the task ran on {} ({} data); run bench run {} first",
         task.dataset,
         located.sha256.substr(0, 16),
         name_of(located.data),
         task.pack_sha256.substr(0, 16),
         name_of(task.data),
         task.experiment);
  return located.pack;
}

void call_worker(const std::vector<std::string>& arguments) {
  Command command{{sibling("bench-worker")}, worker_environment(), 0};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  const Output output = run_to_end(command, /*pass_err=*/false);
  if (output.exited.signal != 0)
    fail(Exit::kTaskFailed,
         "bench-worker {} was killed by signal {}",
         arguments.at(0),
         output.exited.signal);
  if (output.exited.exit_code == 0) return;
  std::string line = last_line(output.err);
  constexpr std::string_view kName = "bench-worker: ";
  if (line.starts_with(kName)) line.erase(0, kName.size());
  throw Error(static_cast<Exit>(output.exited.exit_code), line);
}

}  // namespace mien
