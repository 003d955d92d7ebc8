// Turns selectors and experiments into frozen tasks. Planning is deterministic and runs nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/enum_names.h"
#include "harness/config/catalog.h"
#include "harness/config/config.h"
#include "harness/run/dataset_location.h"
#include "harness/run/devices.h"
#include "harness/task/task.h"
#include "results/store.h"

namespace mien {

/// Selects what a run measures: scores of trained networks, their throughput, or both.
enum class RunMetric { kAll, kScores, kThroughput };
template <>
inline constexpr EnumNames<RunMetric> kEnumNames<RunMetric> = {
    {"all", RunMetric::kAll},
    {"scores", RunMetric::kScores},
    {"throughput", RunMetric::kThroughput}};

struct PlanRequest {
  std::vector<std::string> selectors;  // "all", "model@dataset", "model", "@dataset", with * and ?
  std::string profile = "smoke";
  std::string device = "auto";          // auto | cpu | cuda | cuda:N,...
  std::int64_t seeds = 0;               // 0 = as configured
  std::int64_t time_limit_seconds = 0;  // 0 = as configured
  std::vector<std::string> overrides;   // --set
  bool subject_disjoint = false;        // also run a subject-disjoint control of each split
  RunMetric metric = RunMetric::kAll;   // kThroughput needs no data
};

struct PlannedTask {
  Task task;
  std::string id;                    // task_id(task); "" until the pack is prepared
  std::string pack;                  // path; "" if none is needed, or none is prepared yet
  std::string model_file, map_file;  // of an external model
  std::string face_model;            // file of the model that the predicted coefficients belong to
  std::string ground_truth;          // folder of the scans that a reconstruction is compared with
  bool done = false;                 // results.db has it already
  double seconds = 0;      // expected: a guess until a task like it has run; 0 without a pack
  std::int64_t bytes = 0;  // expected memory on its device; 0 = unknown
  std::int64_t time_limit_seconds = 3600;
};

struct Plan {
  std::vector<Device> devices;          // at least one, all CPUs or all GPUs; timings use the first
  std::vector<Experiment> experiments;  // an experiment follows those that train its networks
  std::vector<PlannedTask> tasks;       // in the same order; throughput tasks last
  /// The group ids of each split as configured and of its subject-disjoint control.
  std::vector<std::pair<std::string, std::string>> subject_disjoint;
};

/// Returns the experiments that a selector matches, in the order of `known`.
/// Error (Exit::kUsage): a selector that matches none; the message names the nearest ids.
std::vector<Experiment> select(const std::vector<Experiment>& known,
                               const std::vector<std::string>& selectors);

/// Returns the timing of the model of `task` on its device. It depends on these and on the timing
/// fields of `protocol` only, so all experiments of a model share it.
Task throughput_task(const Task& task, const Protocol& protocol);

/// Finds a dataset: locate_dataset, which only looks, or prepare_dataset, which makes the pack.
using FindDataset = DatasetLocation (*)(const std::string& name, const std::string& frames);

/// Plans the request, and the experiments that train the networks which it needs. The overrides do
/// not apply to these. Without a `store` no task counts as done.
Plan make_plan(const PlanRequest& request,
               const std::vector<Experiment>& known,
               const Catalog& catalog,
               const Store* store,
               FindDataset find_dataset);

}  // namespace mien
