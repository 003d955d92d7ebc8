// A task: everything that determines one run, with all defaults resolved. `bench` writes it,
// `bench-worker` runs it, the store keeps it. The task id is the SHA-256 of its canonical JSON, so
// equal work has equal ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/task/pack.h"
#include "harness/task/protocol.h"

namespace mien {

/// The version of the metrics, part of every task id. Raise it when the same predictions would be
/// scored differently.
inline constexpr std::int64_t kMetricVersion = 1;

/// What a task measures. accuracy: predicted classes. regression: predicted coefficients.
/// reconstruction: the REALY error of predicted meshes. throughput: the speed of a forward pass.
enum class TaskKind { kAccuracy, kRegression, kReconstruction, kThroughput };
template <>
inline constexpr EnumNames<TaskKind> kEnumNames<TaskKind> = {
    {"accuracy", TaskKind::kAccuracy},
    {"regression", TaskKind::kRegression},
    {"reconstruction", TaskKind::kReconstruction},
    {"throughput", TaskKind::kThroughput}};

/// Returns the test metric by which a task of this kind is shown where no claim names another.
/// REQUIRES: `kind` is not kThroughput.
const char* main_metric(TaskKind kind);

/// What the file of an external model is. torchscript: a network with its weights, run by LibTorch.
/// weights: tensors for a row of the model table. predictions: the answers to every sample. meshes:
/// a folder of predicted meshes.
enum class ExternalKind { kTorchScript, kWeights, kPredictions, kMeshes };
template <>
inline constexpr EnumNames<ExternalKind> kEnumNames<ExternalKind> = {
    {"torchscript", ExternalKind::kTorchScript},
    {"weights", ExternalKind::kWeights},
    {"predictions", ExternalKind::kPredictions},
    {"meshes", ExternalKind::kMeshes}};

/// A model that was trained outside Mien: the digest of its file and the content of its card. The
/// path is not part of the task, so the same file in another place is the same task.
struct External {
  ExternalKind kind = ExternalKind::kTorchScript;
  std::string sha256;                // of the file; meshes: over names, digests and topology
  std::vector<std::string> classes;  // in the order of the outputs; predictions: the file says
  std::vector<std::int64_t> input;   // torchscript: {C, H, W}
  std::int64_t parameters = 0;       // torchscript: as declared; 0 = not declared
  std::string model, variant;        // weights: row of the model table
  std::string map_sha256;            // weights: of the name map; "" = none
  double images_per_second = 0;      // predictions: measured outside Mien; 0 = unknown
  std::string timing_source;         // predictions: who measured that, on which device
};

struct Task {
  TaskKind kind = TaskKind::kAccuracy;
  std::string experiment;  // "deepemotion@fer2013"
  std::string model, variant;
  std::string dataset;
  DataKind data = DataKind::kReal;
  std::string frames;       // the dataset's frame rule; "" where it has none
  std::string split;        // name_of(protocol.splits); "" for throughput
  std::string pack_sha256;  // of the pack's bytes; empty for throughput
  std::string profile;      // "smoke" | "full"
  bool official = false;    // smoke rows and rows changed by --set are not
  std::int64_t seed = 1;
  std::int64_t fold = 0;
  std::string device_class;  // "cpu" | "cuda"
  Protocol protocol;
  std::optional<External> external;  // none: `model` and `variant` are a row of the model table
  /// The ids of the tasks that trained the networks of this task, by what these predict
  /// ("expression", "identity"). Empty where the task takes no network of another.
  std::map<std::string, std::string> networks;
};

/// Returns the canonical JSON: every field, with sorted keys; `external` and `networks` only where
/// the task has them.
nlohmann::json to_json(const Task& task);
/// Reads a task file. Errors: as for read_text and task_from_text.
Task read_task(const std::filesystem::path& path);
/// Reads a task from JSON text; messages use `name`.
/// Error (Exit::kUsage): not a task of this version of Mien, a wrong value, an unknown key.
Task task_from_text(const std::string& text, const std::string& name);

/// Returns the SHA-256 of the canonical JSON.
std::string task_id(const Task& task);
/// Returns the SHA-256 of the canonical JSON without seed, fold and networks. The tasks of one
/// board row share it.
std::string group_id(const Task& task);

}  // namespace mien
