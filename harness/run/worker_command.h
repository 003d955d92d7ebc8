// The command that runs one task in bench-worker.
#pragma once

#include <cstdint>
#include <string>

#include "harness/run/plan.h"
#include "harness/run/run_files.h"
#include "harness/system/process.h"
#include "results/store.h"

namespace mien {

struct WorkerSettings {
  std::string device;                 // "cpu" or "cuda:N"
  int threads = 1;                    // of a task that is not a timing; a timing uses all
  std::int64_t memory_limit_mib = 0;  // 0 = none
};

/// Returns the command of a task. If the task takes networks that other tasks trained, it checks
/// their weights. Errors: Exit::kTaskFailed: such a task is not done; Exit::kPrecondition: its
/// weights are gone; Exit::kIntegrity: they are not the weights that it left.
Command worker_command(const PlannedTask& planned,
                       const WorkerSettings& settings,
                       const RunPaths& paths,
                       const Store& store);

}  // namespace mien
