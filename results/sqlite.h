// The door to SQLite: connections, statements, transactions, and its errors as ours. sqlite3.h is
// included by sqlite.cpp and by nothing else. Everything here throws what store.h promises.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/core/record.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mien {

/// An open database. `label` begins every message: its path, or the shard's while merging.
struct SqliteConnection {
  sqlite3* db = nullptr;
  std::filesystem::path path;
  std::string label;

  /// kCreate makes the file where it is absent. kRead forbids every change by us, yet lets an
  /// interrupted writer's journal be rolled back.
  enum class Access { kCreate, kRead };
  SqliteConnection(std::filesystem::path file, Access access);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  void execute(const std::string& sql) const;
  /// Like execute, for what may fail without harm.
  void attempt(const std::string& sql) const noexcept;
  /// Key of the row that was inserted last.
  std::int64_t last_key() const;

 private:
  void open(const std::string& name, int flags);
  void reopen_immutable();
};

/// One prepared statement; parameters are bound by name, columns are read in order.
class Statement {
 public:
  Statement(const SqliteConnection& connection, const std::string& sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(const char* name, std::int64_t value);
  void bind(const char* name, bool value) { bind(name, std::int64_t{value}); }
  /// NaN becomes NULL.
  void bind(const char* name, double value);
  void bind(const char* name, const std::string& value);
  void bind(const char* name, const std::vector<float>& value);
  void bind(const char* name, AttemptState value) { bind(name, std::string(name_of(value))); }
  void bind(const char* name, DataKind value) { bind(name, std::string(name_of(value))); }
  void bind(const char* name, TaskKind value) { bind(name, std::string(name_of(value))); }
  void bind_null(const char* name);

  /// True while there is a row.
  bool step();
  /// Runs to the end and makes the statement ready to run again.
  void run();

  /// Columns of the current row, from the first on.
  template <typename... T>
  void read(T&... values) {
    int column = 0;
    (get(column++, values), ...);
  }
  void get(int column, std::int64_t& value);
  void get(int column, bool& value);
  /// NULL becomes NaN.
  void get(int column, double& value);
  void get(int column, std::string& value);
  void get(int column, std::vector<float>& value);
  void get(int column, AttemptState& value);
  void get(int column, DataKind& value);
  void get(int column, TaskKind& value);

 private:
  void check(int code) const;
  int index(const char* name) const;

  const SqliteConnection& connection_;
  sqlite3_stmt* statement_ = nullptr;
};

/// Rolls back unless committed. A writer begins IMMEDIATE: a read that turns into a write cannot
/// wait for its turn.
class Transaction {
 public:
  enum class Kind { kWrite, kRead };
  explicit Transaction(const SqliteConnection& connection, Kind kind = Kind::kWrite);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  const SqliteConnection& connection_;
  bool done_ = false;
};

/// First column of the first row; T() where there is none.
template <typename T>
T scalar(const SqliteConnection& connection, const std::string& sql) {
  Statement statement(connection, sql);
  T value{};
  if (statement.step()) statement.read(value);
  return value;
}

}  // namespace mien
