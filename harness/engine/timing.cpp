#include "harness/engine/timing.h"

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/measure.h"
#include "harness/core/sha256.h"
#include "harness/engine/precision.h"
#include "harness/engine/task_parts.h"
#include "harness/engine/timed_batch.h"
#include "harness/process.h"
#include "harness/tools.h"
#include "models/registry.h"
#include "results/store.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

/// What Google Benchmark reports, gathered over its runs into one document.
class GatheredJson {
 public:
  void add(const std::string& text) {
    json found = json::parse(text);
    for (json& run : found.at("benchmarks")) document_["benchmarks"].push_back(std::move(run));
    document_["context"] = std::move(found.at("context"));
    for (const char* own : {"host_name", "executable"}) document_["context"].erase(own);
  }
  const json& document() const { return document_; }

 private:
  json document_ = {{"context", json::object()}, {"benchmarks", json::array()}};
};

/// Google Benchmark takes the samples that the measurement asks for, as often as it asks.
void drive(const std::string& name, Measurement& measurement, GatheredJson& report) {
  measurement.warm_up();
  for (std::int64_t wanted = measurement.wanted(); wanted > 0; wanted = measurement.wanted()) {
    std::exception_ptr fault;
    const auto loop = [&](benchmark::State& state) {
      try {
        for (auto _ : state) state.SetIterationTime(measurement.step());
      } catch (...) {
        fault = std::current_exception();
        state.SkipWithError("stopped");
      }
    };
    benchmark::ClearRegisteredBenchmarks();
    benchmark::RegisterBenchmark(name.c_str(), loop)->UseManualTime()->Iterations(wanted);
    std::ostringstream text;
    benchmark::JSONReporter reporter;
    reporter.SetOutputStream(&text);
    reporter.SetErrorStream(&text);
    benchmark::RunSpecifiedBenchmarks(&reporter);
    if (fault) std::rethrow_exception(fault);
    report.add(text.str());
  }
}

MeasurePolicy policy_of(const Protocol& protocol, const TimedCell& cell) {
  MeasurePolicy policy;
  policy.warmup_seconds = protocol.timing_warmup_seconds;
  policy.seconds = protocol.timing_seconds;
  policy.least_samples = protocol.timing_repetitions;
  policy.stop = protocol.timing_stop;
  policy.noise = protocol.timing_noise / 100;
  policy.cold = cell.cache == "cold";
  const bool is_latency = cell.scope == "compute" && cell.cache == "hot" && cell.mode == "eager";
  policy.percentile = is_latency ? protocol.timing_percentile : 50;
  return policy;
}

/// One process's share of a throughput task.
class Launch {
 public:
  Launch(const Network& network,
         const Card& card,
         const Protocol& protocol,
         torch::Device device,
         const NvmlGpu* gpu,
         std::int64_t number,
         TaskRecord& record)
      : network_(network),
        card_(card),
        protocol_(protocol),
        device_(device),
        gpu_(gpu),
        number_(number),
        record_(record) {}

  void run(const Progress& progress) {
    const double batches = static_cast<double>(protocol_.timing_batches.size());
    for (std::size_t i = 0; i < protocol_.timing_batches.size(); ++i) {
      const std::int64_t batch = protocol_.timing_batches[i];
      progress(static_cast<double>(i) / batches, fmt::format("timing batch {}", batch));
      try {
        time_batch(batch);
      } catch (const OutOfMemory& error) {
        warn(fmt::format("batch {}: no memory, not timed ({})", batch, error.what()));
      }
    }
    if (record_.timings.empty())
      fail(Exit::kTaskFailed, "no batch could be timed: {}", last_warning_);
    if (number_ == 1 && protocol_.timing_sweep) sweep(progress);
    if (number_ == 1 && protocol_.timing_seconds >= 1) measure_energy();
    for (TimingSample& sample : record_.timings) sample.launch = number_;
  }

  const json& report() const { return report_.document(); }

 private:
  void warn(const std::string& text) {
    last_warning_ = text;
    record_.notes.push_back({"warning", text});
  }

  void time_batch(std::int64_t batch) {
    reset_peak_memory(device_);
    TimedBatch timed(network_.model, card_, device_, batch, gpu_);
    torch::Tensor answer;  // of the first cell
    for (const TimedCell& cell : timed_cells(device_)) {
      if (!select(timed, cell, batch)) continue;
      std::vector<TimingSample> samples = time_cell(timed, cell, batch, policy_of(protocol_, cell));
      std::ranges::move(samples, std::back_inserter(record_.timings));
      const torch::Tensor answered = timed.answer();
      if (!answer.defined()) answer = answered;
    }
    add_memory(batch);
    add_answer(answer, batch);
  }

  /// A network that cannot be captured as a graph has no such rows, and a note.
  bool select(TimedBatch& timed, const TimedCell& cell, std::int64_t batch) {
    try {
      timed.select(cell);
      return true;
    } catch (const c10::Error& error) {
      if (cell.mode != "graph") throw;
      const std::string text = error.what_without_backtrace();
      warn(fmt::format("batch {}: no CUDA graph: {}", batch, text.substr(0, text.find('\n'))));
      return false;
    }
  }

  std::vector<TimingSample> time_cell(TimedBatch& timed,
                                      const TimedCell& cell,
                                      std::int64_t batch,
                                      const MeasurePolicy& policy) {
    const std::string name = fmt::format("b{}/{}/{}/{}", batch, cell.scope, cell.cache, cell.mode);
    Measurement measurement(timed, policy);
    drive(name, measurement, report_);
    MeasuredTimes measured = measurement.finish();
    for (const std::string& note : measured.notes) warn(name + ": " + note);
    for (TimingSample& sample : measured.samples) {
      sample.batch = batch;
      sample.scope = cell.scope;
      sample.cache = cell.cache;
      sample.mode = cell.mode;
    }
    return std::move(measured.samples);
  }

  void sweep(const Progress& progress) {
    const TimedCell cell{"compute", "hot", "eager"};
    MeasurePolicy policy = policy_of(protocol_, cell);
    policy.percentile = 50;
    const Sweep found = sweep_batches([&](std::int64_t batch) {
      progress(0.99, fmt::format("sweep, batch {}", batch));
      TimedBatch timed(network_.model, card_, device_, batch, gpu_);
      const std::vector<Cell> cells = cells_of(time_cell(timed, cell, batch, policy));
      if (cells.empty()) fail(Exit::kTaskFailed, "sweep: no sample of batch {} is left", batch);
      const double images = 1e9 * static_cast<double>(batch);
      SweepPoint point;
      point.value = cells[0].images_per_second();
      point.lower = images / cells[0].interval_ns.upper;
      point.upper = images / cells[0].interval_ns.lower;
      point.n = std::ssize(cells[0].times);
      return point;
    });
    record_.sweep = found.points;
    if (found.knee > 0)
      record_.metrics.push_back(plain("batch_knee", static_cast<double>(found.knee), "images"));
    if (found.out_of_memory > 0)
      warn(fmt::format("sweep: no memory for batch {}, ended before it", found.out_of_memory));
  }

  void measure_energy() {
    if (!gpu_ || !gpu_->energy()) return;
    const std::int64_t batch = *std::ranges::max_element(protocol_.timing_batches);
    try {
      TimedBatch timed(network_.model, card_, device_, batch, gpu_);
      timed.run(1);
      const double began = timed.now(), before = gpu_->energy().value_or(0);
      double images = 0, seconds = 0;
      for (; seconds < 5.1; seconds = timed.now() - began, images += static_cast<double>(batch))
        timed.run(1);
      const auto energy = energy_metric(batch, before, gpu_->energy().value_or(0), seconds, images);
      if (energy) record_.metrics.push_back(*energy);
    } catch (const OutOfMemory&) {  // said already
    }
  }

  /// Peaks so far: the allocator's, the driver's, the process's.
  void add_memory(std::int64_t batch) {
    struct rusage usage {};
    ::getrusage(RUSAGE_SELF, &usage);
    std::optional<double> allocator, driver;
    if (device_.is_cuda()) allocator = static_cast<double>(peak_allocated_bytes(device_));
    if (gpu_ && gpu_->used_memory() && used_before)
      driver = static_cast<double>(*gpu_->used_memory() - *used_before);
    std::ranges::move(
        memory_metrics(batch, 1024.0 * static_cast<double>(usage.ru_maxrss), allocator, driver),
        std::back_inserter(record_.metrics));
  }

  /// The digest says whether another process, or another build, answered the same.
  void add_answer(const torch::Tensor& answer, std::int64_t batch) {
    const std::size_t bytes = answer.nbytes();
    const std::string content(static_cast<const char*>(answer.data_ptr()), bytes);
    record_.artifacts.push_back({fmt::format("timed-outputs-b{}", batch),
                                 "",
                                 sha256_hex(content),
                                 static_cast<std::int64_t>(bytes)});
  }

  const Network& network_;
  const Card& card_;
  const Protocol& protocol_;
  torch::Device device_;
  const NvmlGpu* gpu_;
  std::int64_t number_;
  TaskRecord& record_;
  GatheredJson report_;
  std::string last_warning_;

 public:
  std::optional<std::int64_t> used_before;  // memory of the GPU before the network came
};

void add(const Findings& found, TaskRecord& record) {
  record.metrics.insert(record.metrics.end(), found.metrics.begin(), found.metrics.end());
  for (const std::string& note : found.notes) record.notes.push_back({"warning", note});
}

/// What others have of the device, by looking before and after, since their processes are invisible
/// from a container: memory that is not ours, and a fixed piece of work that takes longer.
class Others {
 public:
  Others(torch::Device device, const NvmlGpu* gpu) : device_(device), gpu_(gpu) {
    used_before = used();
    fixed_work_ns(device_);  // the device wakes, and gets a context
    context_ = used().value_or(0) - used_before.value_or(0);
    before_ = calibrate([&] { return fixed_work_ns(device_); });
  }

  void look_again(TaskRecord& record) const {
    add(foreign_work(before_, calibrate([&] { return fixed_work_ns(device_); })), record);
    if (device_.is_cuda() && !std::isnan(before_.least_ns)) {
      Metric clock = plain("sm_clock_mhz", 1e3 * kSpinCycles / before_.least_ns, "MHz");
      clock.method = "spinning kernel";
      record.metrics.push_back(clock);
    }
    if (const auto now = used(); now && used_before)
      add(foreign_memory(*used_before,
                         *now - context_ - reserved_bytes(device_),
                         record.environment.gpu_memory_bytes),
          record);
  }

  std::optional<std::int64_t> used_before;  // memory of the GPU before we took any

 private:
  std::optional<std::int64_t> used() const { return gpu_ ? gpu_->used_memory() : std::nullopt; }

  torch::Device device_;
  const NvmlGpu* gpu_;
  std::int64_t context_ = 0;
  Calibration before_;
};

void add_roofline(const Card& card,
                  const Network& network,
                  torch::Device device,
                  TaskRecord& record) {
  constexpr double kBytes = sizeof(float);
  const double image = static_cast<double>(card.input[0] * card.input[1] * card.input[2]);
  const Work work{2 * static_cast<double>(card.macs),
                  kBytes * (image + static_cast<double>(card.outputs)),
                  kBytes * static_cast<double>(network.parameters)};
  std::ranges::move(roofline_metrics(record.timings, work, measured_roof(device)),
                    std::back_inserter(record.metrics));
}

void write_report(const json& report, const fs::path& path, TaskRecord& record) {
  if (path.empty()) return;
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  const std::string text = report.dump(1) + "\n";
  write_text(path, text);
  record.artifacts.push_back(
      {"benchmark_json", path.string(), sha256_hex(text), static_cast<std::int64_t>(text.size())});
}

void run_launch(const Task& task,
                const ModelEntry& entry,
                const WorkerOptions& options,
                torch::Device device,
                const Progress& progress,
                TaskRecord& record) {
  std::optional<NvmlGpu> gpu;
  if (device.is_cuda()) gpu.emplace(device.has_index() ? device.index() : 0, bus_id(device));
  const Others others(device, gpu ? &*gpu : nullptr);
  const PrecisionScope scope(task.protocol.precision, device);
  const Network network = make_network(task, entry, options, {}, device);
  network.model->eval();
  Launch launch(network,
                entry.card,
                task.protocol,
                device,
                gpu ? &*gpu : nullptr,
                std::max<std::int64_t>(1, options.launch),
                record);
  launch.used_before = others.used_before;
  launch.run(progress);
  others.look_again(record);
  if (entry.card.macs > 0) add_roofline(entry.card, network, device, record);
  write_report(launch.report(), options.benchmark_json, record);
  add_parameters(network, record);
}

// ------------------------------------------------------------------------------ several launches

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  if (end == std::string::npos) return "";
  const std::size_t before = text.rfind('\n', end);
  return text.substr(before == std::string::npos ? 0 : before + 1, end - before);
}

/// Why a launch failed, as its last event says.
[[noreturn]] void fail_like(const Output& output, const std::string& what) {
  const json event = json::parse(last_line(output.out), nullptr, /*allow_exceptions=*/false);
  if (event.is_object() && event.value("state", "") == "oom") throw std::bad_alloc();
  const std::string message = event.is_object() ? event.value("message", "") : "";
  fail(Exit::kTaskFailed,
       "{}: {}",
       what,
       !message.empty()            ? message
       : output.exited.signal != 0 ? fmt::format("killed by signal {}", output.exited.signal)
                                   : fmt::format("exit code {}", output.exited.exit_code));
}

/// A process of its own, which leaves its record in a shard.
TaskRecord spawn_launch(const Task& task, const WorkerOptions& options, std::int64_t number) {
  const fs::path folder = options.scratch;
  const fs::path task_file = folder / "task.json";
  const fs::path shard = folder / fmt::format("launch-{}.db", number);
  write_text(task_file, to_json(task).dump());
  Command command{{sibling("bench-worker"),
                   "run",
                   task_file.string(),
                   "--shard",
                   shard.string(),
                   "--device",
                   options.device,
                   "--threads",
                   std::to_string(options.threads),
                   "--launch",
                   std::to_string(number),
                   "--benchmark-json",
                   (folder / fmt::format("launch-{}.json", number)).string()},
                  {},
                  0};
  const auto pass = [&](const char* name, const fs::path& file) {
    if (!file.empty()) command.arguments.insert(command.arguments.end(), {name, file.string()});
  };
  pass("--model", options.model);
  pass("--map", options.map);
  const Output output = run_to_end(command, /*pass_err=*/true);
  const std::string what = fmt::format("launch {} of {}", number, task.protocol.timing_launches);
  if (output.exited.exit_code != 0 || output.exited.signal != 0) fail_like(output, what);
  std::optional<TaskRecord> record = Store::open_existing(shard).load(task_id(task));
  if (!record) fail(Exit::kTaskFailed, "{}: left no record", what);
  return std::move(*record);
}

/// Metrics that are not of samples: medians over the launches that have them.
void add_other_metrics(const std::vector<TaskRecord>& launches, TaskRecord& record) {
  for (const TaskRecord& launch : launches)
    for (const Metric& metric : launch.metrics) {
      if (std::ranges::find(record.metrics, metric.name, &Metric::name) != record.metrics.end())
        continue;
      std::vector<double> values;
      for (const TaskRecord& other : launches)
        for (const Metric& same : other.metrics)
          if (same.name == metric.name) values.push_back(same.value);
      Metric merged = metric;
      merged.value = median(values);
      merged.n = std::ssize(values);
      record.metrics.push_back(merged);
    }
}

/// Notes of all, each once; digests of the first, and a note where another's differ.
void add_notes_and_digests(const std::vector<TaskRecord>& launches, TaskRecord& record) {
  for (const TaskRecord& launch : launches)
    for (const Note& note : launch.notes)
      if (std::ranges::find(record.notes, note.text, &Note::text) == record.notes.end())
        record.notes.push_back(note);
  for (const Artifact& first : launches.front().artifacts) {
    if (first.kind == "benchmark_json") continue;
    record.artifacts.push_back(first);
    const bool differs = std::ranges::any_of(launches, [&](const TaskRecord& launch) {
      const auto same = std::ranges::find(launch.artifacts, first.kind, &Artifact::kind);
      return same != launch.artifacts.end() && same->sha256 != first.sha256;
    });
    if (differs)
      record.notes.push_back({"warning", first.kind + ": launches differ in their outputs"});
  }
}

void run_launches(const Task& task,
                  const WorkerOptions& options,
                  const Progress& progress,
                  TaskRecord& record) {
  const std::int64_t count = task.protocol.timing_launches;
  fs::create_directories(options.scratch);
  std::vector<TaskRecord> launches;
  json report = {{"context", json::object()}, {"benchmarks", json::array()}};
  for (std::int64_t number = 1; number <= count; ++number) {
    progress(static_cast<double>(number - 1) / static_cast<double>(count),
             fmt::format("launch {} of {}", number, count));
    launches.push_back(spawn_launch(task, options, number));
    json found = json::parse(read_text(options.scratch / fmt::format("launch-{}.json", number)));
    for (json& run : found.at("benchmarks")) {
      run["name"] = fmt::format("launch{}/{}", number, run.at("name").get<std::string>());
      report["benchmarks"].push_back(std::move(run));
    }
    report["context"] = std::move(found.at("context"));
  }
  fs::remove_all(options.scratch);
  for (TaskRecord& launch : launches)
    std::ranges::move(launch.timings, std::back_inserter(record.timings));
  record.sweep = launches.front().sweep;
  record.metrics = timing_metrics(record.timings, task.protocol.timing_percentile);
  add_other_metrics(launches, record);
  add_notes_and_digests(launches, record);
  write_report(report, options.benchmark_json, record);
}

}  // namespace

void run_throughput(const Task& task,
                    const ModelEntry& entry,
                    const WorkerOptions& options,
                    torch::Device device,
                    const Progress& progress,
                    TaskRecord& record) {
  if (task.protocol.timing_batches.empty())
    fail(Exit::kUsage, "no batch to time; give timing.batches");
  if (options.launch == 0 && task.protocol.timing_launches > 1)
    return run_launches(task, options, progress, record);
  run_launch(task, entry, options, device, progress, record);
  std::vector<Metric> metrics = timing_metrics(record.timings, task.protocol.timing_percentile);
  std::ranges::move(record.metrics, std::back_inserter(metrics));
  record.metrics = std::move(metrics);
}

}  // namespace mien
