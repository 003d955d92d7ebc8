// Runs a plan: one worker process per task, with a time limit. Finished shards are merged into the
// database at once. A crash, a hang or an out-of-memory kill costs one task, never the run. A task
// that ran out of memory beside others is tried once more with its device to itself.
#pragma once

#include <string>
#include <vector>

#include "harness/run/plan.h"
#include "harness/run/run_files.h"
#include "harness/run/running_task.h"
#include "results/store.h"

namespace mien {

struct ScheduleOptions {
  int jobs = 1;                       // worker processes at a time on each device
  std::int64_t memory_limit_mib = 0;  // per worker; 0 = none
  bool terminal = false;              // draw a bar
};

struct Outcome {
  PlannedTask planned;
  Attempt attempt;     // the last one
  std::string device;  // "cuda:1"
};

struct RunSummary {
  std::vector<Outcome> outcomes;  // of tasks that were started
  int failed = 0;
  int signal = 0;  // SIGINT or SIGTERM, if one ended the run early
  /// Returns 128 + `signal` if there was one; else the first of 6, 2, 5 with which a worker ended;
  /// else 3 if a task failed; else 0.
  int exit_code() const;
};

/// Runs the tasks of the plan that are not done. SIGINT and SIGTERM stop the run: running tasks are
/// recorded as interrupted, and everything finished is kept.
RunSummary run_plan(const Plan& plan,
                    const RunPaths& paths,
                    const ScheduleOptions& options,
                    Store& store);

}  // namespace mien
