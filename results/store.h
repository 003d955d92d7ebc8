// Stores what was measured: results.db, and the shards that workers write. schema.sql declares the
// tables.
//
// Errors of every function here: Exit::kIntegrity for a file that is corrupt, not a Mien database,
// or written by a newer Mien; Exit::kPrecondition for a file that is locked, read-only, missing or
// on a full disk. Every message is one line that begins with the path of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/claims/claim.h"
#include "harness/task/record.h"
#include "results/rows.h"

namespace mien {

struct SqliteConnection;

/// An open results database.
class Store {
 public:
  /// kDatabase: for many writers, with a write-ahead log beside the file. kShard: for one writer;
  /// the closed file needs no other file.
  enum class Mode { kDatabase, kShard };

  /// Opens a database for writing. Creates the file, its folder and the schema if they are absent.
  /// A kill at any moment leaves either no schema or a whole one.
  static Store open(const std::filesystem::path& path, Mode mode = Mode::kDatabase);
  /// Opens a database for reading. Error (Exit::kPrecondition): there is no such file.
  static Store open_existing(const std::filesystem::path& path);

  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  const std::filesystem::path& path() const;

  /// Stores a whole record in one transaction. Returns false and changes nothing if the task is
  /// done already. If the attempt of the record is not done, stores the attempt only and returns
  /// false.
  bool append(const TaskRecord& record);
  /// Stores how the network of a done task answers on other execution paths. Replaces earlier rows
  /// of the same device. Error (Exit::kPrecondition): the task is not done.
  void put_execution_paths(const std::string& task_id, const std::vector<ExecutionPathRow>& rows);
  /// Stores an attempt without results. Storing the same attempt again changes nothing.
  void record_attempt(const Task& task,
                      const Attempt& attempt,
                      const std::optional<Environment>& environment = std::nullopt);
  /// Merges every task of another Mien database in one transaction. Tasks that are done here
  /// already stay as they are. Returns the number of tasks that became done. After an error,
  /// nothing of the shard is kept.
  std::int64_t ingest(const std::filesystem::path& shard);
  /// Sets the claim of `experiment` for `claim.metric`. Replaces an earlier one.
  void upsert_claim(const std::string& experiment, const Claim& claim);

  bool is_done(const std::string& task_id) const;
  /// Returns the ids of all tasks whose experiment is `text` or whose id begins with `text`, oldest
  /// first.
  std::vector<std::string> matching_ids(const std::string& text) const;
  /// Returns the whole record of a done task; nothing for any other task.
  std::optional<TaskRecord> load(const std::string& task_id) const;
  /// Returns every attempt at a task, oldest first.
  std::vector<Attempt> attempts(const std::string& task_id) const;
  /// Returns the median wall time, in seconds, of done tasks that have the kind, experiment,
  /// variant, profile, split and device class of `like`. Returns nothing if there are none.
  std::optional<double> median_seconds(const Task& like) const;
  /// Returns the largest memory, in bytes, of attempts at such tasks with the same batch size: the
  /// worker's resident set, or on a GPU the memory of its allocator. Returns nothing if there are
  /// none.
  std::optional<std::int64_t> peak_bytes(const Task& like) const;

  /// Returns what a board is made of. Reads neither predictions nor curves.
  BoardInput board_input() const;

  /// Checks every page and every reference; reads the whole file. Error (Exit::kIntegrity): one of
  /// them is damaged.
  void check() const;

 private:
  explicit Store(std::unique_ptr<SqliteConnection> connection);

  std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace mien
