// A task: one resolved, frozen, hashed plan. `bench` writes it, `bench-worker` runs it, the store
// keeps it. The task id is the SHA-256 of its canonical JSON, so equal work has equal ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/pack.h"
#include "harness/core/protocol.h"

namespace mien {

/// Bumped when the same predictions would be scored differently; part of every task id.
inline constexpr std::int64_t kMetricVersion = 1;

/// accuracy: classes of images. regression: coefficients of images. reconstruction: meshes of
/// images, their REALY error. throughput: a forward pass.
enum class TaskKind { kAccuracy, kRegression, kReconstruction, kThroughput };
const char* name_of(TaskKind kind);  // "accuracy", "regression", "reconstruction", "throughput"
/// Error (Exit::kIntegrity) for any other word.
TaskKind task_kind(const std::string& name);

/// torchscript: a network with its weights, run by LibTorch. weights: tensors for a row of the
/// model table. predictions: what somebody's model said of every sample. meshes: a folder of them.
enum class ExternalKind { kTorchScript, kWeights, kPredictions, kMeshes };
const char* name_of(ExternalKind kind);  // "torchscript", "weights", "predictions", "meshes"

/// A model from outside, trained elsewhere: the content of its file and what its card says of it.
/// A path is no part of it: the same file elsewhere is the same task.
struct External {
  ExternalKind kind = ExternalKind::kTorchScript;
  std::string sha256;                // of the file; meshes: over their names, digests, topology
  std::vector<std::string> classes;  // in the order of the outputs; predictions: the file says
  std::vector<std::int64_t> input;   // torchscript: {C, H, W}
  std::int64_t parameters = 0;       // torchscript: as declared; 0 = not declared
  std::string model, variant;        // weights: row of the model table
  std::string map_sha256;            // weights: of the name map; "" = none
  double images_per_second = 0;      // predictions: as measured by others; 0 = unknown
  std::string timing_source;         // predictions: by whom, on what
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
  /// Networks that other tasks have trained, by what they predict ("expression", "identity"): the
  /// id of that task. Empty where the task trains its own, or has none.
  std::map<std::string, std::string> networks;
};

/// Canonical JSON: every field, keys sorted, no spaces; `external` and `networks` only where there
/// are any.
nlohmann::json to_json(const Task& task);
/// Error (Exit::kUsage): not a task of this version; the message names `path` and the key.
Task read_task(const std::filesystem::path& path);
Task task_from_text(const std::string& text, const std::string& name);

/// SHA-256 of the canonical JSON.
std::string task_id(const Task& task);
/// SHA-256 of the canonical JSON without seed and fold: tasks of one board row share it.
std::string group_id(const Task& task);

}  // namespace mien
