// Selectors and configs -> frozen tasks. Decides nothing at random and runs nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/config.h"
#include "harness/core/fields.h"
#include "harness/core/task.h"
#include "harness/tools.h"
#include "results/store.h"

namespace mien {

/// What a run is for: scores of trained networks, their throughput, or both.
enum class RunMetric { kAll, kScores, kThroughput };
inline constexpr Choice<RunMetric> kRunMetrics[] = {{"all", RunMetric::kAll},
                                                    {"scores", RunMetric::kScores},
                                                    {"throughput", RunMetric::kThroughput}};

struct PlanRequest {
  std::vector<std::string> selectors;  // "all", "model@dataset", "model", "@dataset", with * and ?
  std::string profile = "smoke";
  std::string device = "auto";          // auto | cpu | cuda | cuda:N,...
  std::int64_t seeds = 0;               // 0 = as configured
  std::int64_t time_limit_seconds = 0;  // 0 = as configured
  std::vector<std::string> overrides;   // --set
  bool leaky_twin = false;              // also with people kept whole, where they are not
  RunMetric metric = RunMetric::kAll;   // throughput needs no data
};

struct PlannedTask {
  Task task;
  std::string id;                    // task_id(task); "" while the pack is not prepared
  std::string pack;                  // path, "" where none is needed or prepared yet
  std::string model_file, map_file;  // of a model from outside; else ""
  std::string face_model;            // of the coefficients that are predicted; else ""
  std::string ground_truth;          // folder of the scans of a reconstruction; else ""
  bool done = false;                 // in results.db already
  double seconds = 0;      // expected; rough until one like it has run, 0 while the pack is missing
  std::int64_t bytes = 0;  // likewise: memory of its device that it is expected to need
  std::int64_t time_limit_seconds = 3600;
};

struct Device {
  std::string name;      // "cpu" | "cuda:N"
  std::string pci = {};  // bus id of a GPU; "" where it is not known
};

struct Plan {
  std::vector<Device> devices;          // of one class, at least one; timings take the first
  std::vector<Experiment> experiments;  // those that train a network before those that take it
  std::vector<PlannedTask> tasks;       // likewise; throughput last
  /// Of --leaky-twin: group ids of the split as configured and of its subject-disjoint twin.
  std::vector<std::pair<std::string, std::string>> twins;
};

/// Experiments that any selector names, in the order of `known`.
/// Error (Exit::kUsage): a selector that names none; the nearest ids are suggested.
std::vector<Experiment> select(const std::vector<Experiment>& known,
                               const std::vector<std::string>& selectors);

/// "auto" becomes every GPU that the worker can use, else the CPU; "cuda" every GPU;
/// "cuda:0,cuda:2" these. Error (Exit::kUsage): not a device, one twice; (Exit::kPrecondition):
/// CUDA without a CUDA build, a GPU that is not there.
std::vector<Device> resolve_devices(const std::string& wanted, const Tables& tables);
/// The first of these; a list is an error (Exit::kUsage).
std::string resolve_device(const std::string& wanted, const Tables& tables);

/// The timing of `task`'s model on its device: depends on these and the timing fields of `protocol`
/// only, so that every experiment of the model shares it.
Task throughput_task(const Task& task, const Protocol& protocol);

/// How a dataset is found: `locate_dataset` to look only, `prepare_dataset` to make its pack.
using FindDataset = Located (*)(const std::string& name, const std::string& frames);

/// Expands the request, and the experiments whose networks it takes: these as configured, without
/// the overrides. `store` may be absent: nothing is done then.
Plan make_plan(const PlanRequest& request,
               const std::vector<Experiment>& known,
               const Tables& tables,
               const Store* store,
               FindDataset find_dataset);

}  // namespace mien
