// One task in a worker process: its events, its limits, and how it ended.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "harness/run/plan.h"
#include "harness/run/run_files.h"
#include "harness/system/process.h"
#include "harness/system/progress.h"
#include "harness/task/record.h"

namespace mien {

/// Returns "deepemotion@fer2013 seed 2" or "deepemotion throughput".
std::string title(const Task& task);

class RunningTask {
 public:
  /// Starts the worker. `device` is an index into Plan::devices. REQUIRES: `planned` outlives it.
  /// Error (Exit::kPrecondition): the worker cannot be started.
  RunningTask(const PlannedTask& planned,
              std::size_t device,
              const Command& command,
              const RunPaths& paths);

  const PlannedTask& planned() const { return *planned_; }
  std::size_t device() const { return device_; }

  /// Records that another task runs on the same device.
  void set_shared() { shared_ = true; }
  bool shared() const { return shared_; }

  /// Adds the worker's pipes to what poll() watches.
  void add_pipes(std::vector<pollfd>& watched) const;
  /// Reads what the worker wrote, and shows its progress and its notes.
  void read_events(ProgressDisplay& display);
  /// Returns whether both pipes are at their end.
  bool ended() const { return process_.out() < 0 && process_.err() < 0; }

  /// Sends SIGTERM when the time limit is over or `stop` is set, and SIGKILL ten seconds later.
  void enforce_limits(bool stop);

  /// Waits for the worker and returns its attempt. Its state is kDone if the shard is there;
  /// otherwise state and message say why not.
  Attempt finish();
  const std::filesystem::path& shard() const { return shard_; }
  /// Removes the task file and what a worker that was killed left half-written, and the weights
  /// too unless the task is done.
  void remove_files(bool done) const;

 private:
  using Clock = std::chrono::steady_clock;
  /// The last event of the worker, if it announced a failure.
  struct Failure {
    bool announced = false, out_of_memory = false;
    std::string message;
  };

  void explain(Attempt& attempt) const;

  const PlannedTask* planned_;
  std::size_t device_;
  std::filesystem::path task_file_, shard_, weights_;
  Process process_;
  pid_t pid_;
  std::int64_t started_ns_;
  Clock::time_point deadline_, kill_at_ = Clock::time_point::max();
  std::string out_, err_;
  Failure failure_;
  bool timed_out_ = false, interrupted_ = false, shared_ = false;
};

}  // namespace mien
