// The weights and the pack of a done task, for commands that look at a trained network.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/task/record.h"

namespace mien {

struct DoneTask {
  std::string id;  // in the database; it may differ from task_id(record.task) of a newer version
  TaskRecord record;
};

/// Returns whether the task left trained weights.
bool left_weights(const TaskRecord& record);

/// Returns the file of the task's weights, where the run left it or beside the database.
/// REQUIRES: left_weights. Errors: Exit::kPrecondition: it is gone; Exit::kIntegrity: its content
/// has changed.
std::filesystem::path weights_of(const DoneTask& task, const std::filesystem::path& database);

/// Returns the path of the pack that the task ran on. Error (Exit::kPrecondition): the pack is
/// missing, or the dataset has another one now.
std::string pack_of(const Task& task);

/// Runs `bench-worker ARGUMENTS...` to its end. A failure becomes an Error with its exit code.
void call_worker(const std::vector<std::string>& arguments);

}  // namespace mien
