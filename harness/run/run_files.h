// The files of a run. All of them lie beside the database; README.md lists them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "results/store.h"

namespace mien {

struct RunPaths {
  std::filesystem::path database;
  std::filesystem::path shards() const;   // <database stem>.shards: task files and shards
  std::filesystem::path weights() const;  // <database stem>.weights: <task id 16>.safetensors
  std::filesystem::path timings() const;  // <database stem>.timings: <task id 16>.json

  std::filesystem::path task_file(const std::string& task_id) const;
  std::filesystem::path shard(const std::string& task_id) const;
  std::filesystem::path weights(const std::string& task_id) const;
  std::filesystem::path timing(const std::string& task_id) const;
};

/// Keeps other runs from using a database. The kernel releases the lock when the process ends.
class DatabaseLock {
 public:
  /// Error (Exit::kPrecondition): another process holds the lock.
  explicit DatabaseLock(const std::filesystem::path& database);
  ~DatabaseLock();
  DatabaseLock(const DatabaseLock&) = delete;
  DatabaseLock& operator=(const DatabaseLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// Merges the complete shards that an earlier run left behind, and removes its incomplete files.
/// Returns the number of tasks that this completed.
std::int64_t recover(const RunPaths& paths, Store& store);

}  // namespace mien
