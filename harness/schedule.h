// Runs a plan: one worker process per task, with a time limit; shards are merged as they appear.
// A crash, a hang or an out-of-memory kill costs one task, never the run. A task that ran out of
// memory beside others is tried once more with its device for itself.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/plan.h"
#include "results/store.h"

namespace mien {

/// "deepemotion@fer2013 seed 2", "deepemotion throughput".
std::string title(const Task& task);

/// Where a run keeps its files: everything lies beside the database.
struct RunPlaces {
  std::filesystem::path database;
  std::filesystem::path shards() const;   // <database stem>.shards: tasks and shards in flight
  std::filesystem::path weights() const;  // <database stem>.weights: <task id 16>.safetensors
  std::filesystem::path timings() const;  // <database stem>.timings: <task id 16>.json
};

struct ScheduleOptions {
  int jobs = 1;                       // worker processes at a time on each device
  std::int64_t memory_limit_mib = 0;  // per worker; 0 = none
  bool terminal = false;              // draw a bar
};

struct Outcome {
  PlannedTask planned;
  Attempt attempt;     // the last
  std::string device;  // "cuda:1"
};

struct RunSummary {
  std::vector<Outcome> outcomes;  // of tasks that were started
  int failed = 0;
  int signal = 0;  // SIGINT or SIGTERM where one ended the run early
  /// 130 or 143; else the gravest of 6, 2, 5 that a worker ended with; else 3; else 0.
  int exit_code() const;
};

/// Only one `bench run` may use a database at a time; the lock goes with the process.
/// Error (Exit::kPrecondition): another one does.
class DatabaseLock {
 public:
  explicit DatabaseLock(const std::filesystem::path& database);
  ~DatabaseLock();
  DatabaseLock(const DatabaseLock&) = delete;
  DatabaseLock& operator=(const DatabaseLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// Merges whole shards that an earlier run left behind and removes what is half-written.
/// Returns how many tasks became done by it.
std::int64_t recover(const RunPlaces& places, Store& store);

/// Runs the tasks of the plan that are not done. SIGINT and SIGTERM stop it cleanly: the tasks in
/// flight are recorded as interrupted, everything finished is kept.
RunSummary run_plan(const Plan& plan,
                    const RunPlaces& places,
                    const ScheduleOptions& options,
                    Store& store);

}  // namespace mien
