// A done task and what it left: how bench explain and bench modes find its weights and its pack,
// and have the worker look at them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/core/record.h"

namespace mien {

/// A folder below the system's temporary one, gone at the end.
/// Error (Exit::kPrecondition): it cannot be made.
class WorkFolder {
 public:
  WorkFolder();
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// A done task and its id in the database, which task_id() need not give: the plan may be older.
struct DoneTask {
  std::string id;
  TaskRecord record;
};

bool left_weights(const TaskRecord& record);

/// The file of the task's weights, where the run left it or beside the database.
/// Errors: Exit::kPrecondition (it is gone), Exit::kIntegrity (it is another). REQUIRES:
/// left_weights.
std::filesystem::path weights_of(const DoneTask& task, const std::filesystem::path& database);

/// The pack that the task ran on. Error (Exit::kPrecondition): it is not there, or another is.
std::string pack_of(const Task& task);

/// Runs `bench-worker ARGUMENTS...` to its end; how it failed becomes an Error.
void call_worker(const std::vector<std::string>& arguments);

}  // namespace mien
