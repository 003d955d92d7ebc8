// A task: one resolved, frozen, hashed plan. `bench` writes it, `bench-worker` runs it, the store
// keeps it. The task id is the SHA-256 of its canonical JSON, so equal work has equal ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/core/pack.h"
#include "harness/core/protocol.h"

namespace mien {

/// Bumped when the same predictions would be scored differently; part of every task id.
inline constexpr std::int64_t kMetricVersion = 1;

enum class TaskKind { kAccuracy, kThroughput };
const char* name_of(TaskKind kind);  // "accuracy", "throughput"

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
};

/// Canonical JSON: every field, keys sorted, no spaces.
nlohmann::json to_json(const Task& task);
/// Error (Exit::kUsage): not a task of this version; the message names `path` and the key.
Task read_task(const std::filesystem::path& path);
Task task_from_text(const std::string& text, const std::string& name);

/// SHA-256 of the canonical JSON.
std::string task_id(const Task& task);
/// SHA-256 of the canonical JSON without seed and fold: tasks of one board row share it.
std::string group_id(const Task& task);

}  // namespace mien
