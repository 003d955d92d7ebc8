// Runs one task: from a frozen plan to a finished record.
#pragma once

#include <string>

#include "harness/engine/context/worker_options.h"
#include "harness/engine/train/train.h"
#include "harness/task/record.h"

namespace mien {

/// Returns MKL's version if LibTorch contains MKL, else the path of the loaded BLAS library.
std::string blas_in_use();

/// Runs the task and returns its record, complete except for the attempt.
/// Errors: Exit::kUsage: the model is unknown, or this build does not support the device;
/// Exit::kIntegrity: the pack is not the one of the plan; Exit::kTaskFailed: the training diverged;
/// and those of the runner of its kind (engine/tasks, engine/timing).
TaskRecord run_task(const Task& task, const WorkerOptions& options, const Progress& progress);

}  // namespace mien
