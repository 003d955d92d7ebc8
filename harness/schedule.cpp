#include "harness/schedule.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <list>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/sha256.h"
#include "harness/environment.h"
#include "harness/nvml.h"
#include "harness/placement.h"
#include "harness/process.h"
#include "harness/progress.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kStderrTailBytes = 4000;
constexpr std::chrono::seconds kGrace{10};  // between SIGTERM and SIGKILL
constexpr int kPollMilliseconds = 100;

volatile sig_atomic_t stop_signal = 0;
void note_signal(int signal) { stop_signal = signal; }

/// Turns SIGINT and SIGTERM into a flag for the time of a run.
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

std::string short_id(const std::string& id) { return id.substr(0, 16); }

std::string signal_text(int signal) {
  const std::string hint = signal == SIGKILL ? "; did the system run out of memory?" : "";
  return fmt::format("killed by signal {} ({}){}", signal, ::strsignal(signal), hint);
}

std::string tail(const std::string& text) {
  return text.size() <= kStderrTailBytes ? text : text.substr(text.size() - kStderrTailBytes);
}

/// MemAvailable of /proc/meminfo; of a GPU what NVML counts as free. 0 where nobody says.
std::int64_t free_bytes(const Device& device) {
  if (device.name.starts_with("cuda")) {
    const NvmlGpu gpu(std::stoi(device.name.substr(5)), device.pci);
    const GpuIdentity identity = gpu.identity();
    // With MIG it speaks of the whole GPU.
    if (identity.memory_bytes == 0 || identity.mig == "on") return 0;
    return std::max<std::int64_t>(1, identity.memory_bytes - gpu.used_memory().value_or(0));
  }
  std::ifstream file("/proc/meminfo");
  for (std::string key; file >> key; file.ignore(100, '\n')) {
    std::int64_t kibibytes = 0;
    if (key == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

/// One worker in flight.
struct Flight {
  const PlannedTask* planned;
  fs::path task_file, shard, weights;
  Process process;
  pid_t pid;
  Attempt attempt = {};
  Clock::time_point deadline = {}, kill_at = Clock::time_point::max();
  std::string out = {}, err = {};
  json last_event = json::object();
  bool timed_out = false, interrupted = false;
  std::size_t device = 0;    // of the plan
  bool had_company = false;  // another task ran on its device meanwhile
};

class Scheduler {
 public:
  Scheduler(const Plan& plan, const RunPlaces& places, const ScheduleOptions& options, Store& store)
      : plan_(plan),
        places_(places),
        options_(options),
        store_(store),
        threads_(threads_of_a_task(plan, options)),
        display_(count_open(plan), open_seconds(plan), lanes(plan, options), options.terminal) {
    for (const PlannedTask& planned : plan.tasks)
      if (!planned.done) waiting_.push_back(&planned);
    weigh_chains();
    for (const Device& device : plan.devices) capacity_.push_back(free_bytes(device));
  }

  RunSummary run() {
    const SignalScope signals;
    while (!flights_.empty() || (!waiting_.empty() && !stop_signal)) {
      start_what_fits();
      wait_for_news();
      for (auto flight = flights_.begin(); flight != flights_.end();) {
        listen(*flight);
        enforce_limits(*flight);
        const bool ended = flight->process.out() < 0 && flight->process.err() < 0;
        if (ended) land(*flight);
        flight = ended ? flights_.erase(flight) : std::next(flight);
      }
      look_at_idle_devices();
    }
    summary_.signal = stop_signal;
    std::error_code not_empty;
    fs::remove(places_.shards(), not_empty);
    return std::move(summary_);
  }

 private:
  static std::int64_t count_open(const Plan& plan) {
    return std::count_if(plan.tasks.begin(), plan.tasks.end(), [](const PlannedTask& planned) {
      return !planned.done;
    });
  }
  static double open_seconds(const Plan& plan) {
    double seconds = 0;
    for (const PlannedTask& planned : plan.tasks)
      if (!planned.done) seconds += planned.seconds;
    return seconds;
  }
  static int lanes(const Plan& plan, const ScheduleOptions& options) {
    return options.jobs * static_cast<int>(plan.devices.size());
  }

  /// The same for every task of a run, and also for the last ones, which could have more: how many
  /// threads add up a sum decides its last bits, so that a task's result must not depend on what
  /// runs beside it, or on what an earlier run has left to do.
  static int threads_of_a_task(const Plan& plan, const ScheduleOptions& options) {
    return std::max(1, usable_processors() / lanes(plan, options));
  }

  void weigh_chains() {
    std::vector<double> seconds;
    std::vector<std::vector<std::size_t>> needs;
    std::map<std::string, std::size_t> places;
    for (const PlannedTask* planned : waiting_) {
      std::vector<std::size_t>& needed = needs.emplace_back();
      for (const auto& [role, id] : planned->task.networks)
        if (const auto found = places.find(id); found != places.end())
          needed.push_back(found->second);
      places[planned->id] = seconds.size();
      seconds.push_back(planned->seconds);
    }
    const std::vector<double> chains = chain_seconds(seconds, needs);
    for (std::size_t i = 0; const PlannedTask* planned : waiting_) chain_[planned] = chains[i++];
  }

  Demand demand_of(const PlannedTask& planned) const {
    return {chain_.at(&planned),
            planned.bytes,
            !needs_a_flight(planned),
            alone_.contains(&planned),
            planned.task.kind == TaskKind::kThroughput};
  }

  void start_what_fits() {
    if (stop_signal) return;
    std::vector<Demand> demands;
    std::vector<const PlannedTask*> waiting(waiting_.begin(), waiting_.end());
    for (const PlannedTask* planned : waiting) demands.push_back(demand_of(*planned));
    std::vector<DeviceLoad> devices;
    for (const std::int64_t bytes : capacity_) devices.push_back({bytes, {}});
    for (const Flight& flight : flights_)
      devices[flight.device].running.push_back(demand_of(*flight.planned));
    for (const Placement& placed : place(demands, devices, options_.jobs)) {
      waiting_.remove(waiting[placed.task]);
      launch(*waiting[placed.task], placed.device);
    }
  }

  /// What is free while nothing of ours runs there is what ours may share.
  void look_at_idle_devices() {
    for (const std::size_t device : vacated_)
      if (std::ranges::count(flights_, device, &Flight::device) == 0)
        capacity_[device] = free_bytes(plan_.devices[device]);
    vacated_.clear();
  }

  /// A network that it takes is still in training, or will be.
  bool needs_a_flight(const PlannedTask& planned) const {
    return std::ranges::any_of(planned.task.networks, [&](const auto& network) {
      const auto trains = [&](const PlannedTask* other) { return other->id == network.second; };
      return std::ranges::any_of(waiting_, trains) ||
             std::ranges::any_of(flights_, trains, &Flight::planned);
    });
  }

  fs::path weights_of(const std::string& id) const {
    return places_.weights() / (short_id(id) + ".safetensors");
  }

  /// Weights of the networks that a task takes, as they were when these were trained.
  void add_networks(const PlannedTask& planned, Command& command) const {
    for (const auto& [role, id] : planned.task.networks) {
      const std::optional<TaskRecord> trained = store_.load(id);
      if (!trained)
        fail(Exit::kTaskFailed, "its network {} was not trained: task {}", role, id.substr(0, 12));
      const fs::path file = weights_of(id);
      const auto saved = std::ranges::find(trained->artifacts, "weights", &Artifact::kind);
      if (saved == trained->artifacts.end() || !fs::exists(file))
        fail(Exit::kPrecondition,
             "{}: the weights of {} are gone; put them back, or give another --db",
             file.string(),
             title(trained->task));
      if (sha256_file(file) != saved->sha256)
        fail(Exit::kIntegrity,
             "{}: not the weights that {} left; put these back, or give another --db",
             file.string(),
             title(trained->task));
      command.arguments.insert(command.arguments.end(),
                               {"--network", fmt::format("{}={}", role, file.string())});
    }
  }

  /// A task whose files are not there is one that failed.
  void launch(const PlannedTask& planned, std::size_t device) {
    try {
      start(planned, device);
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

  void start(const PlannedTask& planned, std::size_t device) {
    const bool timing = planned.task.kind == TaskKind::kThroughput;
    const std::string threads = std::to_string(timing ? usable_processors() : threads_);
    const fs::path task_file = places_.shards() / (short_id(planned.id) + ".task.json");
    const fs::path shard = places_.shards() / (short_id(planned.id) + ".db");
    const fs::path weights = weights_of(planned.id);
    Command command{{sibling("bench-worker"),
                     "run",
                     task_file.string(),
                     "--shard",
                     shard.string(),
                     "--device",
                     plan_.devices[device].name,
                     "--threads",
                     threads},
                    worker_environment(),
                    options_.memory_limit_mib << 20};
    // OpenBLAS does not hear of --threads, and takes every processor unless it is told.
    command.environment["OMP_NUM_THREADS"] = paths::environment("OMP_NUM_THREADS", threads);
    const auto pass = [&](const char* name, const std::string& value) {
      if (!value.empty()) command.arguments.insert(command.arguments.end(), {name, value});
    };
    if (!timing) {
      pass("--pack", planned.pack);
      pass("--weights", weights.string());
    } else {
      pass("--benchmark-json", (places_.timings() / (short_id(planned.id) + ".json")).string());
    }
    pass("--model", planned.model_file);
    pass("--map", planned.map_file);
    pass("--face-model", planned.face_model);
    pass("--ground-truth", planned.ground_truth);
    add_networks(planned, command);
    write_text(task_file, to_json(planned.task).dump(1) + "\n");
    Process process(command);
    const pid_t pid = process.pid();
    Flight flight{&planned, task_file, shard, weights, std::move(process), pid};
    flight.attempt.started_ns = now_ns();
    flight.deadline = Clock::now() + std::chrono::seconds(planned.time_limit_seconds);
    flight.device = device;
    for (Flight& other : flights_)
      if (other.device == device) other.had_company = flight.had_company = true;
    display_.started(title(planned.task), planned.seconds);
    flights_.push_back(std::move(flight));
  }

  void wait_for_news() {
    std::vector<pollfd> watched;
    for (const Flight& flight : flights_) {
      if (flight.process.out() >= 0) watched.push_back({flight.process.out(), POLLIN, 0});
      if (flight.process.err() >= 0) watched.push_back({flight.process.err(), POLLIN, 0});
    }
    ::poll(watched.data(), watched.size(), kPollMilliseconds);
  }

  void listen(Flight& flight) {
    flight.process.read_out(flight.out);
    flight.process.read_err(flight.err);
    for (std::size_t end; (end = flight.out.find('\n')) != std::string::npos;) {
      const json event = json::parse(flight.out.substr(0, end), nullptr, false);
      flight.out.erase(0, end + 1);
      if (!event.is_object()) continue;
      flight.last_event = event;
      if (event.value("event", "") == "progress")
        display_.advanced(
            title(flight.planned->task), event.value("fraction", 0.0), event.value("what", ""));
      if (event.value("event", "") == "note")
        display_.note(title(flight.planned->task), event.value("text", ""));
    }
  }

  void enforce_limits(Flight& flight) {
    const Clock::time_point now = Clock::now();
    const bool stopping = flight.kill_at != Clock::time_point::max();
    if (!stopping && (stop_signal || now >= flight.deadline)) {
      flight.interrupted = stop_signal != 0;
      flight.timed_out = !flight.interrupted;
      flight.process.kill(SIGTERM);
      flight.kill_at = now + kGrace;
    }
    if (now >= flight.kill_at) flight.process.kill(SIGKILL);
  }

  void land(Flight& flight) {
    const Exited exited = flight.process.wait();
    Attempt& attempt = flight.attempt;
    attempt.ended_ns = now_ns();
    attempt.exit_code = exited.exit_code;
    attempt.signal = exited.signal;
    attempt.peak_rss_bytes = exited.peak_rss_bytes;
    attempt.stderr_tail = tail(flight.err);
    const bool whole = exited.signal == 0 && exited.exit_code == 0 && fs::exists(flight.shard);
    if (whole)
      merge(flight);
    else
      explain(flight);
    const bool again =
        attempt.state == AttemptState::kOutOfMemory && flight.had_company && !stop_signal;
    if (again) attempt.message += "; tried once more with the device for itself";
    if (attempt.state != AttemptState::kDone) store_.record_attempt(flight.planned->task, attempt);
    clean(flight);
    vacated_.insert(flight.device);
    if (again)
      set_aside(*flight.planned, attempt);
    else
      report(*flight.planned, attempt, flight.device);
  }

  /// Nothing will run beside it, so that this happens once.
  void set_aside(const PlannedTask& planned, const Attempt& attempt) {
    alone_.insert(&planned);
    waiting_.push_back(&planned);
    display_.set_aside(title(planned.task),
                       fmt::format("{}: {}", name_of(attempt.state), attempt.message));
  }

  /// What a worker that was killed leaves half-written carries its process id.
  static void clean(const Flight& flight) {
    std::error_code ignored;
    fs::remove(flight.task_file, ignored);
    const std::string partial = fmt::format(".partial-{}", flight.pid);
    for (const char* suffix : {"", "-journal"})
      fs::remove(flight.shard.string() + partial + suffix, ignored);
    fs::remove_all(flight.shard.string() + partial + ".meshes", ignored);
    fs::remove(flight.weights.string() + partial, ignored);
    if (flight.attempt.state != AttemptState::kDone) fs::remove(flight.weights, ignored);
  }

  void merge(Flight& flight) {
    try {
      store_.ingest(flight.shard);
      fs::remove(flight.shard);
    } catch (const Error& error) {
      if (error.code() != Exit::kIntegrity) throw;  // the database's own trouble ends the run
      flight.attempt.state = AttemptState::kFailed;
      flight.attempt.message = error.what();
      fs::remove(flight.shard);
    }
  }

  /// Why there is no shard, from the strongest evidence to the weakest.
  void explain(Flight& flight) {
    Attempt& attempt = flight.attempt;
    const bool told = flight.last_event.value("event", "") == "failed";
    if (flight.interrupted) {
      attempt.state = AttemptState::kInterrupted;
      attempt.message = "run the same command again to go on";
    } else if (flight.timed_out) {
      attempt.state = AttemptState::kTimeout;
      attempt.message =
          fmt::format("stopped after its limit of {}; raise --time-limit",
                      duration_text(static_cast<double>(flight.planned->time_limit_seconds)));
    } else if (told) {
      const bool memory = flight.last_event.value("state", "") == "oom";
      attempt.state = memory ? AttemptState::kOutOfMemory : AttemptState::kFailed;
      attempt.message = flight.last_event.value("message", "");
    } else if (attempt.signal == SIGKILL && flight.had_company) {
      attempt.state = AttemptState::kOutOfMemory;
      attempt.message = "killed by signal 9 beside other tasks, most likely for want of memory";
    } else {
      attempt.state = AttemptState::kCrashed;
      attempt.message = attempt.signal != 0 ? signal_text(attempt.signal)
                                            : fmt::format("ended with exit code {} and no result",
                                                          attempt.exit_code);
    }
  }

  void report(const PlannedTask& planned, const Attempt& attempt, std::size_t device) {
    const double seconds = static_cast<double>(attempt.ended_ns - attempt.started_ns) / 1e9;
    const bool done = attempt.state == AttemptState::kDone;
    display_.finished(title(planned.task),
                      done ? "done in " + duration_text(seconds) + on(device)
                           : fmt::format("{}: {}", name_of(attempt.state), attempt.message));
    summary_.failed += !done && attempt.state != AttemptState::kInterrupted;
    summary_.outcomes.push_back({planned, attempt, plan_.devices[device].name});
  }

  /// " on cuda:1" where there is a choice.
  std::string on(std::size_t device) const {
    return plan_.devices.size() > 1 ? " on " + plan_.devices[device].name : "";
  }

  const Plan& plan_;
  const RunPlaces& places_;
  const ScheduleOptions& options_;
  Store& store_;
  const int threads_;
  ProgressDisplay display_;
  std::list<const PlannedTask*> waiting_;
  std::map<const PlannedTask*, double> chain_;  // expected seconds, with what waits for it
  std::set<const PlannedTask*> alone_;          // ran out of memory beside others
  std::vector<std::int64_t> capacity_;          // bytes per device; 0 = not known
  std::set<std::size_t> vacated_;               // devices where a task has landed
  std::list<Flight> flights_;
  RunSummary summary_;
};

fs::path beside(const fs::path& database, const char* suffix) {
  return database.parent_path() / (database.stem().string() + suffix);
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

fs::path RunPlaces::shards() const { return beside(database, ".shards"); }
fs::path RunPlaces::weights() const { return beside(database, ".weights"); }
fs::path RunPlaces::timings() const { return beside(database, ".timings"); }

int RunSummary::exit_code() const {
  if (signal != 0) return 128 + signal;
  const auto any = [&](Exit code) {
    return std::any_of(outcomes.begin(), outcomes.end(), [&](const Outcome& outcome) {
      return outcome.attempt.exit_code == static_cast<int>(code);
    });
  };
  for (const Exit code : {Exit::kIntegrity, Exit::kUsage, Exit::kPrecondition})
    if (any(code)) return static_cast<int>(code);
  return failed > 0 ? static_cast<int>(Exit::kTaskFailed) : 0;
}

DatabaseLock::DatabaseLock(const fs::path& database) {
  const fs::path path = database.string() + ".lock";
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor_ < 0)
    fail(Exit::kPrecondition, "{}: cannot create: {}", path.string(), std::strerror(errno));
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0)
    fail(Exit::kPrecondition,
         "{}: another bench run is using this database; wait for it, or give "
         "another --db",
         database.string());
}

DatabaseLock::~DatabaseLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::int64_t recover(const RunPlaces& places, Store& store) {
  std::error_code error;
  std::vector<fs::path> whole, stale;
  for (const fs::directory_entry& entry : fs::directory_iterator(places.shards(), error))
    (entry.path().extension() == ".db" ? whole : stale).push_back(entry.path());
  std::int64_t done = 0;
  for (const fs::path& shard : whole) {
    try {
      done += store.ingest(shard);
      fs::remove(shard);
    } catch (const Error& problem) {
      if (problem.code() != Exit::kIntegrity) throw;
      fmt::print(stderr, "bench: {}; its task will run again\n", problem.what());
      fs::remove(shard);
    }
  }
  for (const fs::path& path : stale) fs::remove(path, error);
  return done;
}

RunSummary run_plan(const Plan& plan,
                    const RunPlaces& places,
                    const ScheduleOptions& options,
                    Store& store) {
  return Scheduler(plan, places, options, store).run();
}

}  // namespace mien
