// bench-worker: runs one task and writes one shard. It links LibTorch. It reads packs, never the
// files of a dataset, so it needs neither OpenCV nor a parser. Called by bench.
//
//   stdout  events, one JSON object per line:
//           {"event":"progress","fraction":0.25,"what":"epoch 1/4"}, {"event":"note","text":"..."},
//           and at the end {"event":"done"} or {"event":"failed","state":"oom","message":"..."}
//   stderr  log
#include <malloc.h>
#include <sys/resource.h>
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/text.h"
#include "harness/engine/context/task_context.h"
#include "harness/engine/run_task.h"
#include "harness/engine/tasks/explain.h"
#include "harness/engine/timing/execution_paths.h"
#include "harness/engine/timing/timed_batch.h"
#include "harness/system/environment.h"
#include "models/registry.h"
#include "results/execution_paths.h"
#include "results/store.h"

namespace mien {
namespace {

using nlohmann::json;

void emit(const json& event) {
  std::fputs((event.dump(-1, ' ', false, json::error_handler_t::replace) + "\n").c_str(), stdout);
  std::fflush(stdout);
}

/// Returns a callback that emits at most five events a second, so that a fast task does not flood
/// its reader.
Progress limited_progress() {
  auto last = std::make_shared<std::chrono::steady_clock::time_point>();
  return [last](double fraction, const std::string& what) {
    const auto now = std::chrono::steady_clock::now();
    if (now - *last < std::chrono::milliseconds(200)) return;
    *last = now;
    emit({{"event", "progress"}, {"fraction", fraction}, {"what", what}});
  };
}

/// Makes malloc keep freed memory. The activations of every step have the same size, and returning
/// them to the kernel costs page faults each time.
void keep_freed_memory() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
}

std::int64_t peak_rss_bytes() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

/// Stores the GPU memory that the task used, for the estimate of the next one like it. A timing
/// stores it per batch.
void add_gpu_memory(const std::string& device, TaskRecord& record) {
  if (record.task.kind == TaskKind::kThroughput || !device.starts_with("cuda")) return;
  const auto bytes = static_cast<double>(peak_allocated_bytes(torch::Device(device)));
  record.metrics.push_back(plain("gpu_memory_peak", bytes / (1 << 20), "MiB"));
}

json devices() {
  const int count = static_cast<int>(torch::cuda::device_count());
  json pci = json::array();
  for (int i = 0; i < count; ++i) pci.push_back(bus_id(torch::Device(fmt::format("cuda:{}", i))));
  return {{"cuda", count}, {"pci", pci}, {"blas", blas_in_use()}};
}

/// Writes the shard. It appears under its name only when it is whole.
void write_shard(const TaskRecord& record, const std::filesystem::path& path) {
  const std::filesystem::path partial = path.string() + fmt::format(".partial-{}", ::getpid());
  std::error_code ignored;
  std::filesystem::remove(partial, ignored);
  try {
    Store::open(partial, Store::Mode::kShard).append(record);
  } catch (...) {
    std::filesystem::remove(partial, ignored);
    throw;
  }
  std::filesystem::rename(partial, path);
}

struct RunArguments {
  std::filesystem::path task, shard;
  WorkerOptions worker;
};

void run(const RunArguments& arguments) {
  const Task task = read_task(arguments.task);
  Attempt attempt;
  attempt.started_ns = now_ns();
  WorkerOptions options = arguments.worker;
  options.say = [](const std::string& text) { emit({{"event", "note"}, {"text", text}}); };
  options.scratch = arguments.shard.string() + fmt::format(".partial-{}.meshes", ::getpid());
  TaskRecord record = run_task(task, options, limited_progress());
  add_gpu_memory(options.device, record);
  attempt.ended_ns = now_ns();
  attempt.peak_rss_bytes = peak_rss_bytes();
  record.attempt = attempt;
  write_shard(record, arguments.shard);
  emit({{"event", "done"}, {"shard", arguments.shard.string()}});
}

/// Splits texts such as "role=file".
std::map<std::string, std::filesystem::path> by_role(const std::vector<std::string>& networks) {
  std::map<std::string, std::filesystem::path> files;
  for (const std::string& text : networks) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      fail(Exit::kUsage, "--network {}: must be role=file", text);
    files[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return files;
}

struct ExplainArguments {
  std::filesystem::path task;
  ExplainOptions options;
};

CLI::App* declare_explain(CLI::App& app, ExplainArguments& arguments) {
  CLI::App* verb = app.add_subcommand("explain", "write maps of what a task's weights look at");
  ExplainOptions& options = arguments.options;
  verb->add_option("task", arguments.task, "task file (JSON)")->required();
  verb->add_option("--pack", options.pack, "the dataset's pack")->required();
  verb->add_option("--weights", options.weights, "weights that the task left")->required();
  verb->add_option("--out", options.out, "file of maps to write (.safetensors)")->required();
  CLI::Option* sample = verb->add_option("--sample", options.sample, "id of a scored image");
  CLI::Option* name = verb->add_option("--class", options.class_name, "a class, averaged");
  sample->excludes(name);
  verb->add_option("--split", options.split, "test or validation");
  verb->add_option("--size", options.size, "side of the square in px")->check(CLI::PositiveNumber);
  verb->add_option("--stride", options.stride, "px between squares")->check(CLI::PositiveNumber);
  verb->add_option("--threads", options.threads, "CPU threads")->check(CLI::PositiveNumber);
  verb->add_option("--task-id", options.task, "id to name, instead of the task file's digest");
  return verb;
}

void run_explain(const ExplainArguments& arguments) {
  explain(read_task(arguments.task), arguments.options, limited_progress());
  emit({{"event", "done"}, {"maps", arguments.options.out.string()}});
}

struct ModesArguments {
  std::filesystem::path task, out;
  PathOptions options;
};

CLI::App* declare_modes(CLI::App& app, ModesArguments& arguments) {
  CLI::App* verb = app.add_subcommand("modes", "compare the ways in which a forward pass can run");
  PathOptions& options = arguments.options;
  verb->add_option("task", arguments.task, "task file (JSON)")->required();
  verb->add_option("--pack", options.pack, "the dataset's pack")->required();
  verb->add_option("--weights", options.weights, "weights that the task left")->required();
  verb->add_option("--out", arguments.out, "file of rows to write (JSON)")->required();
  verb->add_option("--device", options.device, "cpu or cuda:N");
  verb->add_option("--threads", options.threads, "CPU threads")->check(CLI::PositiveNumber);
  verb->add_option("--batch", options.batch, "images of a pass")->check(CLI::PositiveNumber);
  verb->add_option("--seconds", options.seconds, "of timing, per mode")->check(CLI::PositiveNumber);
  return verb;
}

void run_modes(const ModesArguments& arguments) {
  const PathReport report =
      compare_execution_paths(read_task(arguments.task), arguments.options, limited_progress());
  write_text(arguments.out,
             json({{"modes", execution_paths_json(report.rows)}, {"notes", report.notes}}).dump());
  emit({{"event", "done"}, {"modes", arguments.out.string()}});
}

bool is_memory_fault(const std::string& message) {
  for (const char* sign : {"can't allocate memory", "out of memory", "CUDA_ERROR_OUT_OF_MEMORY"})
    if (message.find(sign) != std::string::npos) return true;
  return false;
}

int failed(Exit code, const char* state, const std::string& message) {
  emit({{"event", "failed"}, {"state", state}, {"message", message}});
  std::fprintf(stderr, "bench-worker: %s\n", message.c_str());
  return static_cast<int>(code);
}

int guarded(const std::function<void()>& verb) {
  const std::string hint = "; lower batch, or raise --memory-limit";
  try {
    verb();
    return 0;
  } catch (const Error& error) {
    return failed(error.code(), "failed", error.what());
  } catch (const std::bad_alloc&) {
    return failed(Exit::kTaskFailed, "oom", "out of memory" + hint);
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    if (is_memory_fault(message))
      return failed(Exit::kTaskFailed, "oom", first_line(message) + hint);
    return failed(Exit::kTaskFailed, "failed", first_line(message));
  } catch (const std::exception& error) {
    return failed(Exit::kTaskFailed, "failed", first_line(error.what()));
  }
}

}  // namespace
}  // namespace mien

int main(int argc, char** argv) {
  using namespace mien;
  keep_freed_memory();
  CLI::App app{"bench-worker: runs one task of Mien and writes one shard"};
  app.require_subcommand(1);
  RunArguments arguments;
  CLI::App* run_verb = app.add_subcommand("run", "run a task file");
  run_verb->add_option("task", arguments.task, "task file (JSON)")->required();
  run_verb->add_option("--shard", arguments.shard, "result database to write")->required();
  run_verb->add_option("--pack", arguments.worker.pack, "the dataset's pack");
  run_verb->add_option("--weights", arguments.worker.weights, "where to save trained weights");
  run_verb->add_option("--model", arguments.worker.model, "file of a model from outside");
  run_verb->add_option("--map", arguments.worker.map, "its name map");
  std::vector<std::string> networks;
  run_verb->add_option("--network", networks, "expression=FILE or identity=FILE: trained weights");
  run_verb->add_option("--face-model", arguments.worker.face_model, "face model (.safetensors)");
  run_verb->add_option("--ground-truth", arguments.worker.ground_truth, "folder of scans");
  run_verb->add_option("--benchmark-json", arguments.worker.benchmark_json, "report of a timing");
  run_verb->add_option("--launch", arguments.worker.launch, "only this launch of a timing")
      ->check(CLI::PositiveNumber);
  run_verb->add_option("--device", arguments.worker.device, "cpu or cuda:N");
  run_verb->add_option("--threads", arguments.worker.threads, "CPU threads")
      ->check(CLI::PositiveNumber);
  ExplainArguments explain_arguments;
  CLI::App* explain_verb = declare_explain(app, explain_arguments);
  ModesArguments modes_arguments;
  CLI::App* modes_verb = declare_modes(app, modes_arguments);
  CLI::App* cards_verb = app.add_subcommand("cards", "print the model table as JSON");
  CLI::App* devices_verb = app.add_subcommand("devices", "print the usable devices as JSON");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return static_cast<int>(Exit::kUsage);
  }
  return guarded([&] {
    if (cards_verb->parsed()) std::puts(models_json().c_str());
    if (devices_verb->parsed()) std::puts(devices().dump().c_str());
    arguments.worker.networks = by_role(networks);
    if (run_verb->parsed()) run(arguments);
    if (explain_verb->parsed()) run_explain(explain_arguments);
    if (modes_verb->parsed()) run_modes(modes_arguments);
  });
}
