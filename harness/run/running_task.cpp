#include "harness/run/running_task.h"

#include <signal.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "harness/system/environment.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

constexpr std::size_t kStderrTailBytes = 4000;
constexpr std::chrono::seconds kGrace{10};  // between SIGTERM and SIGKILL

std::string signal_text(int signal) {
  const std::string hint = signal == SIGKILL ? "; did the system run out of memory?" : "";
  return fmt::format("killed by signal {} ({}){}", signal, ::strsignal(signal), hint);
}

std::string tail(const std::string& text) {
  return text.size() <= kStderrTailBytes ? text : text.substr(text.size() - kStderrTailBytes);
}

}  // namespace

std::string title(const Task& task) {
  if (task.kind == TaskKind::kThroughput) return task.model + " throughput";
  std::string text = task.experiment;
  if (task.split != "official") text += " " + task.split;
  text += fmt::format(" seed {}", task.seed);
  if (task.protocol.splits.scheme == SplitScheme::kFolds && task.networks.empty())
    text += fmt::format(" fold {}", task.fold + 1);
  return text;
}

RunningTask::RunningTask(const PlannedTask& planned,
                         std::size_t device,
                         const Command& command,
                         const RunPaths& paths)
    : planned_(&planned),
      device_(device),
      task_file_(paths.task_file(planned.id)),
      shard_(paths.shard(planned.id)),
      weights_(paths.weights(planned.id)),
      process_(command),
      pid_(process_.pid()),
      started_ns_(now_ns()),
      deadline_(Clock::now() + std::chrono::seconds(planned.time_limit_seconds)) {}

void RunningTask::add_pipes(std::vector<pollfd>& watched) const {
  for (const int descriptor : {process_.out(), process_.err()})
    if (descriptor >= 0) watched.push_back({descriptor, POLLIN, 0});
}

void RunningTask::read_events(ProgressDisplay& display) {
  process_.read_out(out_);
  process_.read_err(err_);
  for (std::size_t end; (end = out_.find('\n')) != std::string::npos;) {
    const json event = json::parse(out_.substr(0, end), nullptr, false);
    out_.erase(0, end + 1);
    if (!event.is_object()) continue;
    const std::string kind = event.value("event", "");
    failure_ = {};
    if (kind == "progress")
      display.advanced(
          title(planned_->task), event.value("fraction", 0.0), event.value("what", ""));
    if (kind == "note") display.note(title(planned_->task), event.value("text", ""));
    if (kind == "failed")
      failure_ = {true, event.value("state", "") == "oom", event.value("message", "")};
  }
}

void RunningTask::enforce_limits(bool stop) {
  const Clock::time_point now = Clock::now();
  const bool stopping = kill_at_ != Clock::time_point::max();
  if (!stopping && (stop || now >= deadline_)) {
    interrupted_ = stop;
    timed_out_ = !stop;
    process_.kill(SIGTERM);
    kill_at_ = now + kGrace;
  }
  if (now >= kill_at_) process_.kill(SIGKILL);
}

Attempt RunningTask::finish() {
  const Exited exited = process_.wait();
  Attempt attempt;
  attempt.started_ns = started_ns_;
  attempt.ended_ns = now_ns();
  attempt.exit_code = exited.exit_code;
  attempt.signal = exited.signal;
  attempt.peak_rss_bytes = exited.peak_rss_bytes;
  attempt.stderr_tail = tail(err_);
  if (exited.signal != 0 || exited.exit_code != 0 || !fs::exists(shard_)) explain(attempt);
  return attempt;
}

/// Says why there is no shard, from the strongest evidence to the weakest.
void RunningTask::explain(Attempt& attempt) const {
  if (interrupted_) {
    attempt.state = AttemptState::kInterrupted;
    attempt.message = "run the same command again to go on";
  } else if (timed_out_) {
    attempt.state = AttemptState::kTimeout;
    attempt.message = fmt::format("stopped after its limit of {}; raise --time-limit",
                                  duration_text(static_cast<double>(planned_->time_limit_seconds)));
  } else if (failure_.announced) {
    attempt.state = failure_.out_of_memory ? AttemptState::kOutOfMemory : AttemptState::kFailed;
    attempt.message = failure_.message;
  } else if (attempt.signal == SIGKILL && shared_) {
    attempt.state = AttemptState::kOutOfMemory;
    attempt.message = "killed by signal 9 beside other tasks, most likely for want of memory";
  } else {
    attempt.state = AttemptState::kCrashed;
    attempt.message = attempt.signal != 0
                          ? signal_text(attempt.signal)
                          : fmt::format("ended with exit code {} and no result", attempt.exit_code);
  }
}

/// Half-written files carry the worker's process id.
void RunningTask::remove_files(bool done) const {
  std::error_code ignored;
  fs::remove(task_file_, ignored);
  const std::string partial = fmt::format(".partial-{}", pid_);
  for (const char* suffix : {"", "-journal"})
    fs::remove(shard_.string() + partial + suffix, ignored);
  fs::remove_all(shard_.string() + partial + ".meshes", ignored);
  fs::remove(weights_.string() + partial, ignored);
  if (!done) fs::remove(weights_, ignored);
}

}  // namespace mien
