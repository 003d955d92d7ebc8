#include "harness/done_task.h"

#include <stdlib.h>

#include <algorithm>

#include "harness/core/error.h"
#include "harness/core/sha256.h"
#include "harness/environment.h"
#include "harness/process.h"
#include "harness/schedule.h"
#include "harness/tools.h"

namespace fs = std::filesystem;

namespace mien {

WorkFolder::WorkFolder() {
  std::string name = (fs::temp_directory_path() / "mien-work-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr)
    fail(Exit::kPrecondition, "{}: cannot be made; set TMPDIR to a folder with space", name);
  path_ = name;
}

WorkFolder::~WorkFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

bool left_weights(const TaskRecord& record) {
  return std::ranges::find(record.artifacts, "weights", &Artifact::kind) != record.artifacts.end();
}

fs::path weights_of(const DoneTask& task, const fs::path& database) {
  const auto artifact = std::ranges::find(task.record.artifacts, "weights", &Artifact::kind);
  fs::path path = artifact->path;
  if (!fs::exists(path)) path = RunPlaces{database}.weights() / path.filename();
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
  const Located located = locate_dataset(task.dataset, task.frames);
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

namespace {

/// The last line that a program wrote, without its name.
std::string last_line(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  text.erase(0, text.rfind('\n') + 1);
  constexpr std::string_view kName = "bench-worker: ";
  return text.starts_with(kName) ? text.substr(kName.size()) : text;
}

}  // namespace

void call_worker(const std::vector<std::string>& arguments) {
  Command command{{sibling("bench-worker")}, worker_environment(), 0};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  const Output output = run_to_end(command, /*pass_err=*/false);
  if (output.exited.signal != 0)
    fail(Exit::kTaskFailed,
         "bench-worker {} was killed by signal {}",
         arguments.at(0),
         output.exited.signal);
  if (output.exited.exit_code != 0)
    throw Error(static_cast<Exit>(output.exited.exit_code), last_line(output.err));
}

}  // namespace mien
