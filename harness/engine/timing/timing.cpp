#include "harness/engine/timing/timing.h"

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/engine/context/task_context.h"
#include "harness/engine/timing/timed_batch.h"
#include "harness/engine/train/precision.h"
#include "harness/measure/batch_sweep.h"
#include "harness/measure/interference.h"
#include "harness/measure/roofline.h"
#include "harness/measure/sampling.h"
#include "harness/measure/timing_cases.h"
#include "harness/system/process.h"
#include "harness/system/siblings.h"
#include "models/registry.h"
#include "results/store.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

/// Gathers the reports of all runs of Google Benchmark in one document.
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

/// Lets Google Benchmark take the samples that the measurement wants, run by run.
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

MeasurePolicy policy_of(const Protocol& protocol, const CaseSettings& settings) {
  MeasurePolicy policy;
  policy.warmup_seconds = protocol.timing.warmup_seconds;
  policy.seconds = protocol.timing.seconds;
  policy.least_samples = protocol.timing.repetitions;
  policy.noise = protocol.timing.noise / 100;
  policy.cold = settings.cache == "cold";
  policy.percentile = settings == kLatencyCase ? protocol.timing.percentile : 50;
  return policy;
}

/// The share of one process in a throughput task.
class TimingProcess {
 public:
  /// `used_before` is the memory in use on the GPU before the network was loaded.
  TimingProcess(TaskContext& context,
                const Network& network,
                const NvmlGpu* gpu,
                std::optional<std::int64_t> used_before)
      : context_(context),
        network_(network),
        card_(context.entry.card),
        protocol_(context.task.protocol),
        device_(context.device),
        gpu_(gpu),
        used_before_(used_before),
        record_(context.record) {}

  void run() {
    const std::int64_t number = std::max<std::int64_t>(1, context_.options.launch);
    const double batches = static_cast<double>(protocol_.timing.batches.size());
    for (std::size_t i = 0; i < protocol_.timing.batches.size(); ++i) {
      const std::int64_t batch = protocol_.timing.batches[i];
      context_.progress(static_cast<double>(i) / batches, fmt::format("timing batch {}", batch));
      try {
        time_batch(batch);
      } catch (const OutOfMemory& error) {
        warn(
            fmt::format("batch {}: does not fit into memory, not timed ({})", batch, error.what()));
      }
    }
    if (record_.timings.empty())
      fail(Exit::kTaskFailed, "no batch could be timed: {}", last_warning_);
    if (number == 1 && protocol_.timing.sweep) sweep_batches();
    if (number == 1 && protocol_.timing.seconds >= 1) measure_energy();
    for (TimingSample& sample : record_.timings) sample.launch = number;
  }

  const json& report() const { return report_.document(); }

 private:
  void warn(const std::string& text) {
    last_warning_ = text;
    context_.warn(text);
  }

  void time_batch(std::int64_t batch) {
    reset_peak_memory(device_);
    TimedBatch timed(network_.model, card_, device_, batch, gpu_);
    torch::Tensor outputs;  // of the first case
    for (const CaseSettings& settings : case_settings(device_)) {
      if (!select(timed, settings, batch)) continue;
      std::vector<TimingSample> samples =
          time_case(timed, settings, batch, policy_of(protocol_, settings));
      std::ranges::move(samples, std::back_inserter(record_.timings));
      const torch::Tensor checked = timed.checked_outputs();
      if (!outputs.defined()) outputs = checked;
    }
    add_memory(batch);
    add_output_digest(outputs, batch);
  }

  /// Returns false and adds a note if the pass cannot be captured as a graph.
  bool select(TimedBatch& timed, const CaseSettings& settings, std::int64_t batch) {
    try {
      timed.select(settings);
      return true;
    } catch (const c10::Error& error) {
      if (settings.mode != "graph") throw;
      warn(fmt::format(
          "batch {}: no CUDA graph: {}", batch, first_line(error.what_without_backtrace())));
      return false;
    }
  }

  std::vector<TimingSample> time_case(TimedBatch& timed,
                                      const CaseSettings& settings,
                                      std::int64_t batch,
                                      const MeasurePolicy& policy) {
    const std::string name =
        fmt::format("b{}/{}/{}/{}", batch, settings.scope, settings.cache, settings.mode);
    Measurement measurement(timed, policy);
    drive(name, measurement, report_);
    MeasuredTimes measured = measurement.finish();
    for (const std::string& note : measured.notes) warn(name + ": " + note);
    for (TimingSample& sample : measured.samples) {
      sample.batch = batch;
      sample.scope = settings.scope;
      sample.cache = settings.cache;
      sample.mode = settings.mode;
    }
    return std::move(measured.samples);
  }

  void sweep_batches() {
    MeasurePolicy policy = policy_of(protocol_, kLatencyCase);
    policy.percentile = 50;
    const BatchSweep found = batch_sweep([&](std::int64_t batch) {
      context_.progress(0.99, fmt::format("sweep, batch {}", batch));
      TimedBatch timed(network_.model, card_, device_, batch, gpu_);
      const std::vector<TimingCase> cases =
          timing_cases(time_case(timed, kLatencyCase, batch, policy));
      if (cases.empty())
        fail(Exit::kTaskFailed, "sweep: every sample of batch {} is excluded", batch);
      const double images = 1e9 * static_cast<double>(batch);
      SweepPoint point;
      point.value = cases[0].images_per_second();
      if (const std::optional<Interval>& ns = cases[0].interval_ns)
        point.interval = Interval{images / ns->upper, images / ns->lower};
      point.n = std::ssize(cases[0].times_ns);
      return point;
    });
    record_.sweep = found.points;
    if (found.knee > 0)
      record_.metrics.push_back(plain("batch_knee", static_cast<double>(found.knee), "images"));
    if (found.out_of_memory > 0)
      warn(fmt::format("sweep: ended because batch {} does not fit into memory",
                       found.out_of_memory));
  }

  void measure_energy() {
    if (!gpu_ || !gpu_->energy()) return;
    const std::int64_t batch = *std::ranges::max_element(protocol_.timing.batches);
    try {
      TimedBatch timed(network_.model, card_, device_, batch, gpu_);
      timed.run(1);
      const double began = timed.now(), before = gpu_->energy().value_or(0);
      double images = 0, seconds = 0;
      for (; seconds < 5.1; seconds = timed.now() - began, images += static_cast<double>(batch))
        timed.run(1);
      const auto energy = energy_metric(batch, before, gpu_->energy().value_or(0), seconds, images);
      if (energy) record_.metrics.push_back(*energy);
    } catch (const OutOfMemory&) {  // time_batch has noted it
    }
  }

  /// Adds the peaks so far of the process, the allocator and the driver.
  void add_memory(std::int64_t batch) {
    struct rusage usage {};
    ::getrusage(RUSAGE_SELF, &usage);
    std::optional<double> allocator, driver;
    if (device_.is_cuda()) allocator = static_cast<double>(peak_allocated_bytes(device_));
    if (gpu_ && gpu_->used_memory() && used_before_)
      driver = static_cast<double>(*gpu_->used_memory() - *used_before_);
    std::ranges::move(
        memory_metrics(batch, 1024.0 * static_cast<double>(usage.ru_maxrss), allocator, driver),
        std::back_inserter(record_.metrics));
  }

  /// Stores a digest, which tells whether another process or build computes the same outputs.
  void add_output_digest(const torch::Tensor& outputs, std::int64_t batch) {
    const std::size_t bytes = outputs.nbytes();
    const std::string content(static_cast<const char*>(outputs.data_ptr()), bytes);
    record_.artifacts.push_back({fmt::format("timed-outputs-b{}", batch),
                                 "",
                                 sha256_hex(content),
                                 static_cast<std::int64_t>(bytes)});
  }

  TaskContext& context_;
  const Network& network_;
  const Card& card_;
  const Protocol& protocol_;
  torch::Device device_;
  const NvmlGpu* gpu_;
  std::optional<std::int64_t> used_before_;
  TaskRecord& record_;
  GatheredJson report_;
  std::string last_warning_;
};

/// Measures the interference of other processes before and after a timing (see
/// harness/measure/interference.h).
class InterferenceCheck {
 public:
  /// Takes the readings before the timing.
  InterferenceCheck(torch::Device device, const NvmlGpu* gpu)
      : device_(device), gpu_(gpu), used_before_(used_memory()) {
    probe_ns(device_);  // wakes the device and creates its context
    context_bytes_ = used_memory().value_or(0) - used_before_.value_or(0);
    before_ = run_probes([&] { return probe_ns(device_); });
  }

  /// Takes the readings after the timing, and adds metrics and notes to the record.
  void finish(TaskContext& context) const {
    TaskRecord& record = context.record;
    add(probe_interference(before_, run_probes([&] { return probe_ns(device_); })), context);
    if (device_.is_cuda() && before_)
      record.metrics.push_back({.name = "sm_clock_mhz",
                                .value = 1e3 * kSpinCycles / before_->least_ns,
                                .unit = "MHz",
                                .method = "spinning kernel",
                                .n = 1});
    if (const auto now = used_memory(); now && used_before_)
      add(memory_interference(*used_before_,
                              *now - context_bytes_ - reserved_bytes(device_),
                              record.environment.gpu_memory_bytes),
          context);
  }

  /// Returns the memory in use on the GPU before this process used any.
  std::optional<std::int64_t> used_before() const { return used_before_; }

 private:
  static void add(const Interference& found, TaskContext& context) {
    std::ranges::copy(found.metrics, std::back_inserter(context.record.metrics));
    for (const std::string& note : found.notes) context.warn(note);
  }

  std::optional<std::int64_t> used_memory() const {
    return gpu_ ? gpu_->used_memory() : std::nullopt;
  }

  torch::Device device_;
  const NvmlGpu* gpu_;
  std::optional<std::int64_t> used_before_;
  std::int64_t context_bytes_ = 0;
  std::optional<ProbeTimes> before_;
};

void add_roofline(const Card& card,
                  const Network& network,
                  torch::Device device,
                  TaskRecord& record) {
  constexpr double kBytes = sizeof(float);
  const double image = static_cast<double>(card.input[0] * card.input[1] * card.input[2]);
  const PassWork work{.flop_per_image = 2 * static_cast<double>(card.macs),
                      .bytes_per_image = kBytes * (image + static_cast<double>(card.outputs)),
                      .bytes_per_pass = kBytes * static_cast<double>(network.parameters)};
  std::ranges::move(roofline_metrics(record.timings, work, measure_roofline(device)),
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

void run_process(TaskContext& context) {
  const torch::Device device = context.device;
  const Card& card = context.entry.card;
  std::optional<NvmlGpu> opened;
  if (device.is_cuda()) opened.emplace(device.has_index() ? device.index() : 0, bus_id(device));
  const NvmlGpu* gpu = opened ? &*opened : nullptr;
  const InterferenceCheck interference(device, gpu);
  const PrecisionScope scope(context.task.protocol.precision, device);
  const Network network = context.make_network({});
  network.model->eval();
  TimingProcess process(context, network, gpu, interference.used_before());
  process.run();
  interference.finish(context);
  if (card.macs > 0) add_roofline(card, network, device, context.record);
  write_report(process.report(), context.options.benchmark_json, context.record);
  context.add_parameters(network);
}

// ------------------------------------------------------------------------------- several processes

/// Fails with the reason in the last event of a process that failed.
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

/// Runs one timing process to its end and reads its record from its shard.
TaskRecord run_child(const Task& task, const WorkerOptions& options, std::int64_t number) {
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
  const std::string what =
      fmt::format("timing process {} of {}", number, task.protocol.timing.launches);
  if (output.exited.exit_code != 0 || output.exited.signal != 0) fail_like(output, what);
  std::optional<TaskRecord> record = Store::open_existing(shard).load(task_id(task));
  if (!record) fail(Exit::kTaskFailed, "{}: it ended without a record; run again", what);
  return std::move(*record);
}

/// Adds the metrics that are not made from samples: the median over the processes that have one.
void add_other_metrics(const std::vector<TaskRecord>& processes, TaskRecord& record) {
  for (const TaskRecord& process : processes)
    for (const Metric& metric : process.metrics) {
      if (std::ranges::find(record.metrics, metric.name, &Metric::name) != record.metrics.end())
        continue;
      std::vector<double> values;
      for (const TaskRecord& other : processes)
        for (const Metric& same : other.metrics)
          if (same.name == metric.name) values.push_back(same.value.value());
      Metric merged = metric;
      merged.value = median(values);
      merged.n = std::ssize(values);
      record.metrics.push_back(merged);
    }
}

/// Adds every note once, and the output digests of the first process; adds a note if those of
/// another process differ.
void add_notes_and_digests(const std::vector<TaskRecord>& processes, TaskRecord& record) {
  for (const TaskRecord& process : processes)
    for (const Note& note : process.notes)
      if (std::ranges::find(record.notes, note.text, &Note::text) == record.notes.end())
        record.notes.push_back(note);
  for (const Artifact& first : processes.front().artifacts) {
    if (first.kind == "benchmark_json") continue;
    record.artifacts.push_back(first);
    const bool differs = std::ranges::any_of(processes, [&](const TaskRecord& process) {
      const auto same = std::ranges::find(process.artifacts, first.kind, &Artifact::kind);
      return same != process.artifacts.end() && same->sha256 != first.sha256;
    });
    if (differs)
      record.notes.push_back(
          {"warning", first.kind + ": the timing processes differ in their outputs"});
  }
}

void run_processes(TaskContext& context) {
  const Task& task = context.task;
  const WorkerOptions& options = context.options;
  TaskRecord& record = context.record;
  const std::int64_t count = task.protocol.timing.launches;
  fs::create_directories(options.scratch);
  std::vector<TaskRecord> processes;
  json report = {{"context", json::object()}, {"benchmarks", json::array()}};
  for (std::int64_t number = 1; number <= count; ++number) {
    context.progress(static_cast<double>(number - 1) / static_cast<double>(count),
                     fmt::format("timing process {} of {}", number, count));
    processes.push_back(run_child(task, options, number));
    json found = json::parse(read_text(options.scratch / fmt::format("launch-{}.json", number)));
    for (json& run : found.at("benchmarks")) {
      run["name"] = fmt::format("launch{}/{}", number, run.at("name").get<std::string>());
      report["benchmarks"].push_back(std::move(run));
    }
    report["context"] = std::move(found.at("context"));
  }
  fs::remove_all(options.scratch);
  for (TaskRecord& process : processes)
    std::ranges::move(process.timings, std::back_inserter(record.timings));
  record.sweep = processes.front().sweep;
  record.metrics = timing_metrics(record.timings, task.protocol.timing.percentile);
  add_other_metrics(processes, record);
  add_notes_and_digests(processes, record);
  write_report(report, options.benchmark_json, record);
}

}  // namespace

void run_throughput(TaskContext& context) {
  const Task& task = context.task;
  TaskRecord& record = context.record;
  if (task.protocol.timing.batches.empty())
    fail(Exit::kUsage, "there is no batch to time; set timing.batches");
  if (context.options.launch == 0 && task.protocol.timing.launches > 1)
    return run_processes(context);
  run_process(context);
  std::vector<Metric> metrics = timing_metrics(record.timings, task.protocol.timing.percentile);
  std::ranges::move(record.metrics, std::back_inserter(metrics));
  record.metrics = std::move(metrics);
}

}  // namespace mien
