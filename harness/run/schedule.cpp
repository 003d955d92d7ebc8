#include "harness/run/schedule.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"
#include "harness/run/device_memory.h"
#include "harness/run/placement.h"
#include "harness/run/worker_command.h"
#include "harness/system/environment.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

constexpr int kPollMilliseconds = 100;

volatile sig_atomic_t stop_signal = 0;
void note_signal(int signal) { stop_signal = signal; }

/// Turns SIGINT and SIGTERM into a flag during a run.
class SignalScope {
 public:
  SignalScope() {
    stop_signal = 0;
    struct sigaction action {};
    action.sa_handler = note_signal;
    ::sigaction(SIGINT, &action, &old_int_);
    ::sigaction(SIGTERM, &action, &old_term_);
  }
  ~SignalScope() {
    ::sigaction(SIGINT, &old_int_, nullptr);
    ::sigaction(SIGTERM, &old_term_, nullptr);
  }

 private:
  struct sigaction old_int_ {
  }, old_term_{};
};

std::vector<const PlannedTask*> open_tasks(const Plan& plan) {
  std::vector<const PlannedTask*> open;
  for (const PlannedTask& planned : plan.tasks)
    if (!planned.done) open.push_back(&planned);
  return open;
}

double seconds_of(const std::vector<const PlannedTask*>& tasks) {
  double seconds = 0;
  for (const PlannedTask* planned : tasks) seconds += planned->seconds;
  return seconds;
}

/// Returns how many tasks may run at a time.
int lanes(const Plan& plan, const ScheduleOptions& options) {
  return options.jobs * static_cast<int>(plan.devices.size());
}

/// Returns the threads of every task of a run. The last tasks could use more, but the number of
/// threads decides the last bits of a sum, so a result must not depend on what runs beside it, or
/// on what an earlier run has left to do.
int threads_per_task(const Plan& plan, const ScheduleOptions& options) {
  return std::max(1, usable_processors() / lanes(plan, options));
}

/// Returns the expected seconds of each task, with the longest chain of tasks that wait for it.
std::map<const PlannedTask*, double> chains_of(const std::vector<const PlannedTask*>& tasks) {
  std::vector<double> seconds;
  std::vector<std::vector<std::size_t>> needs;
  std::map<std::string, std::size_t> index;  // by task id
  for (const PlannedTask* planned : tasks) {
    std::vector<std::size_t>& needed = needs.emplace_back();
    for (const auto& [role, id] : planned->task.networks)
      if (const auto found = index.find(id); found != index.end()) needed.push_back(found->second);
    index[planned->id] = seconds.size();
    seconds.push_back(planned->seconds);
  }
  const std::vector<double> chains = chain_seconds(seconds, needs);
  std::map<const PlannedTask*, double> by_task;
  for (std::size_t i = 0; i < tasks.size(); ++i) by_task[tasks[i]] = chains[i];
  return by_task;
}

/// Decides which task starts when, and what happens when it ends.
class Scheduler {
 public:
  Scheduler(const Plan& plan,
            const RunPaths& paths,
            const ScheduleOptions& options,
            Store& store,
            const std::vector<const PlannedTask*>& open)
      : plan_(plan),
        paths_(paths),
        options_(options),
        store_(store),
        display_(std::ssize(open), seconds_of(open), lanes(plan, options), options.terminal),
        waiting_(open.begin(), open.end()),
        chains_(chains_of(open)),
        memory_(plan.devices) {}

  RunSummary run() {
    const SignalScope signals;
    while (!running_.empty() || (!waiting_.empty() && !stop_signal)) {
      start_what_fits();
      wait_for_events();
      for (auto task = running_.begin(); task != running_.end();) {
        task->read_events(display_);
        task->enforce_limits(stop_signal != 0);
        const bool ended = task->ended();
        if (ended) finish(*task);
        task = ended ? running_.erase(task) : std::next(task);
      }
      memory_.update([&](std::size_t device) {
        return std::ranges::count(running_, device, &RunningTask::device) == 0;
      });
    }
    summary_.signal = stop_signal;
    std::error_code not_empty;
    fs::remove(paths_.shards(), not_empty);
    return std::move(summary_);
  }

 private:
  Demand demand_of(const PlannedTask& planned) const {
    return {.seconds = chains_.at(&planned),
            .bytes = planned.bytes,
            .ready = !waits_for_network(planned),
            .alone = alone_.contains(&planned),
            .timing = planned.task.kind == TaskKind::kThroughput};
  }

  /// Returns whether a network that the task takes is still in training, or will be.
  bool waits_for_network(const PlannedTask& planned) const {
    return std::ranges::any_of(planned.task.networks, [&](const auto& network) {
      const auto trains = [&](const PlannedTask& other) { return other.id == network.second; };
      return std::ranges::any_of(waiting_, [&](const auto* other) { return trains(*other); }) ||
             std::ranges::any_of(running_, trains, &RunningTask::planned);
    });
  }

  void start_what_fits() {
    if (stop_signal) return;
    std::vector<Demand> demands;
    std::vector<const PlannedTask*> waiting(waiting_.begin(), waiting_.end());
    for (const PlannedTask* planned : waiting) demands.push_back(demand_of(*planned));
    std::vector<DeviceLoad> devices;
    for (const std::int64_t bytes : memory_.capacity()) devices.push_back({bytes, {}});
    for (const RunningTask& task : running_)
      devices[task.device()].running.push_back(demand_of(task.planned()));
    for (const Placement& placed : place_tasks(demands, devices, options_.jobs)) {
      waiting_.remove(waiting[placed.task]);
      start(*waiting[placed.task], placed.device);
    }
  }

  /// Starts a task. A task whose networks are missing counts as one that failed.
  void start(const PlannedTask& planned, std::size_t device) {
    try {
      start_worker(planned, device);
    } catch (const Error& error) {
      if (planned.task.networks.empty()) throw;
      Attempt attempt;
      attempt.started_ns = attempt.ended_ns = now_ns();
      attempt.state = AttemptState::kFailed;
      attempt.exit_code = static_cast<int>(error.code());
      attempt.message = error.what();
      store_.record_attempt(planned.task, attempt);
      display_.started(title(planned.task), planned.seconds);
      report(planned, attempt, device);
    }
  }

  void start_worker(const PlannedTask& planned, std::size_t device) {
    const Command command = worker_command(planned,
                                           {.device = plan_.devices[device].name,
                                            .threads = threads_per_task(plan_, options_),
                                            .memory_limit_mib = options_.memory_limit_mib},
                                           paths_,
                                           store_);
    write_text(paths_.task_file(planned.id), to_json(planned.task).dump(1) + "\n");
    RunningTask task(planned, device, command, paths_);
    for (RunningTask& other : running_) {
      if (other.device() != device) continue;
      other.set_shared();
      task.set_shared();
    }
    display_.started(title(planned.task), planned.seconds);
    running_.push_back(std::move(task));
  }

  void wait_for_events() {
    std::vector<pollfd> watched;
    for (const RunningTask& task : running_) task.add_pipes(watched);
    ::poll(watched.data(), watched.size(), kPollMilliseconds);
  }

  void finish(RunningTask& task) {
    Attempt attempt = task.finish();
    if (attempt.state == AttemptState::kDone) merge(task, attempt);
    const bool again = attempt.state == AttemptState::kOutOfMemory && task.shared() && !stop_signal;
    if (again) attempt.message += "; tried once more with the device for itself";
    const bool done = attempt.state == AttemptState::kDone;
    if (!done) store_.record_attempt(task.planned().task, attempt);
    task.remove_files(done);
    memory_.freed(task.device());
    if (again)
      requeue(task.planned(), attempt);
    else
      report(task.planned(), attempt, task.device());
  }

  void merge(const RunningTask& task, Attempt& attempt) {
    try {
      store_.ingest(task.shard());
      fs::remove(task.shard());
    } catch (const Error& error) {
      if (error.code() != Exit::kIntegrity) throw;  // a fault of the database ends the run
      attempt.state = AttemptState::kFailed;
      attempt.message = error.what();
      fs::remove(task.shard());
    }
  }

  /// Lets a task run once more. Nothing runs beside it then, so this happens once per task.
  void requeue(const PlannedTask& planned, const Attempt& attempt) {
    alone_.insert(&planned);
    waiting_.push_back(&planned);
    display_.requeued(title(planned.task),
                      fmt::format("{}: {}", name_of(attempt.state), attempt.message));
  }

  void report(const PlannedTask& planned, const Attempt& attempt, std::size_t device) {
    const double seconds = static_cast<double>(attempt.ended_ns - attempt.started_ns) / 1e9;
    const bool done = attempt.state == AttemptState::kDone;
    const std::string& name = plan_.devices[device].name;
    const std::string on = plan_.devices.size() > 1 ? " on " + name : "";
    display_.finished(title(planned.task),
                      done ? "done in " + duration_text(seconds) + on
                           : fmt::format("{}: {}", name_of(attempt.state), attempt.message));
    summary_.failed += !done && attempt.state != AttemptState::kInterrupted;
    summary_.outcomes.push_back({planned, attempt, name});
  }

  const Plan& plan_;
  const RunPaths& paths_;
  const ScheduleOptions& options_;
  Store& store_;
  ProgressDisplay display_;
  std::list<const PlannedTask*> waiting_;
  const std::map<const PlannedTask*, double> chains_;
  std::set<const PlannedTask*> alone_;  // ran out of memory beside others
  DeviceMemory memory_;
  std::list<RunningTask> running_;
  RunSummary summary_;
};

}  // namespace

int RunSummary::exit_code() const {
  if (signal != 0) return 128 + signal;
  const auto any = [&](Exit code) {
    return std::ranges::any_of(outcomes, [&](const Outcome& outcome) {
      return outcome.attempt.exit_code == static_cast<int>(code);
    });
  };
  for (const Exit code : {Exit::kIntegrity, Exit::kUsage, Exit::kPrecondition})
    if (any(code)) return static_cast<int>(code);
  return failed > 0 ? static_cast<int>(Exit::kTaskFailed) : 0;
}

RunSummary run_plan(const Plan& plan,
                    const RunPaths& paths,
                    const ScheduleOptions& options,
                    Store& store) {
  return Scheduler(plan, paths, options, store, open_tasks(plan)).run();
}

}  // namespace mien
