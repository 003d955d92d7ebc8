// What was measured: results.db, and the shards that workers write. Schema: schema.sql.
//
// Errors of every function here: Exit::kIntegrity for a file that is corrupt, not ours, or written
// by a newer Mien; Exit::kPrecondition for one that is locked, read-only, missing or on a full
// disk. All are one line that begins with the file's path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/claim.h"
#include "harness/core/record.h"
#include "results/rows.h"

namespace mien {

struct SqliteConnection;

class Store {
 public:
  /// kDatabase: many writers, write-ahead log beside the file. kShard: one writer, and one
  /// self-contained file once closed.
  enum class Mode { kDatabase, kShard };

  /// Opens for writing; creates file, parent folder and schema where absent. A kill at any moment
  /// leaves either no schema or a whole one.
  static Store open(const std::filesystem::path& path, Mode mode = Mode::kDatabase);
  /// Opens for reading. Error (kPrecondition) where there is no such file.
  static Store open_existing(const std::filesystem::path& path);

  ~Store();
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;

  const std::filesystem::path& path() const;

  /// Stores a whole record in one transaction. A task that is done already is left as it is, and
  /// false is returned. A record whose attempt is not done stores the attempt and nothing else.
  bool append(const TaskRecord& record);
  /// Keeps how a done task's network answers in other modes; rows of the same device are replaced.
  /// Error (kPrecondition): the task is not done.
  void put_modes(const std::string& task_id, const std::vector<ModeRow>& modes);
  /// Keeps a try that left no results; the same try twice is kept once.
  void record_attempt(const Task& task,
                      const Attempt& attempt,
                      const std::optional<Environment>& environment = std::nullopt);
  /// Merges every task of another database of ours in one transaction; done tasks that are here
  /// already are left alone. Returns how many tasks became done by it. On an error nothing of the
  /// shard is kept.
  std::int64_t ingest(const std::filesystem::path& shard);
  /// Sets the claim of `experiment` for `claim.metric`, replacing the one that was there.
  void upsert_claim(const std::string& experiment, const Claim& claim);

  bool is_done(const std::string& task_id) const;
  /// Ids of all done tasks, ascending.
  std::vector<std::string> done_ids() const;
  /// Ids of all tried tasks of an experiment, or whose id begins with `text`; oldest first.
  std::vector<std::string> matching_ids(const std::string& text) const;
  /// The whole record of a done task.
  std::optional<TaskRecord> load(const std::string& task_id) const;
  /// Every attempt at a task, oldest first; empty where it was never tried.
  std::vector<Attempt> attempts(const std::string& task_id) const;
  /// Median wall time in seconds of done tasks with the same kind, experiment, variant, profile and
  /// device class, whatever their seed; none where there is none.
  std::optional<double> median_seconds(const Task& like) const;
  /// Most memory of its device in bytes that a try at such a task with the same batch has held: the
  /// worker's resident set, on a GPU what its allocator held; none where there is none.
  std::optional<std::int64_t> peak_bytes(const Task& like) const;

  /// What a board needs; touches neither predictions nor curves.
  BoardInput board_input() const;

  /// Error (kIntegrity) unless every page and every reference is sound. Reads the whole file.
  void check() const;

 private:
  explicit Store(std::unique_ptr<SqliteConnection> connection);

  std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace mien
