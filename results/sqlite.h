// Wraps SQLite: connections, statements, transactions, and SQLite's errors as `Error`. Only
// sqlite.cpp includes sqlite3.h. Every function throws the errors that store.h lists.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/task/record.h"

struct sqlite3;
struct sqlite3_stmt;

namespace mien {

/// An open database. Every message begins with `label`: the path of the database, or the path of
/// the shard while a shard is merged.
struct SqliteConnection {
  sqlite3* db = nullptr;
  std::filesystem::path path;
  std::string label;

  /// kCreate creates the file if it is absent. kRead forbids changes by this connection, but still
  /// lets SQLite roll back the journal of an interrupted writer.
  enum class Access { kCreate, kRead };
  SqliteConnection(std::filesystem::path file, Access access);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  void execute(const std::string& sql) const;
  /// Executes `sql` and ignores its failure.
  void attempt(const std::string& sql) const noexcept;
  /// Returns the key of the row that was inserted last.
  std::int64_t last_key() const;

 private:
  void open(const std::string& name, int flags);
  void reopen_immutable();
};

/// One prepared statement. Parameters are bound and columns are read by name, never by position.
class Statement {
 public:
  Statement(const SqliteConnection& connection, const std::string& sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  void bind(const char* name, std::int64_t value);
  void bind(const char* name, bool value) { bind(name, std::int64_t{value}); }
  /// Binds NULL for a NaN: a clock or a loss that gave no number.
  void bind(const char* name, double value);
  void bind(const char* name, const std::optional<double>& value);
  void bind(const char* name, const std::string& value);
  void bind(const char* name, const std::vector<float>& value);
  template <NamedEnum E>
  void bind(const char* name, E value) {
    bind(name, std::string(name_of(value)));
  }
  void bind_null(const char* name);

  /// Returns true while there is a row.
  bool step();
  /// Runs to the end and makes the statement ready to run again.
  void run();

  /// Read the column `name` of the current row. REQUIRES: the SELECT has a column of that name.
  void get(const char* name, std::int64_t& value) const;
  void get(const char* name, bool& value) const;
  /// Reads NULL as NaN, as `bind` stores it.
  void get(const char* name, double& value) const;
  void get(const char* name, std::optional<double>& value) const;
  void get(const char* name, std::string& value) const;
  void get(const char* name, std::vector<float>& value) const;
  /// Error (Exit::kIntegrity): the text names no enumerator.
  void get(const char* name, AttemptState& value) const;
  void get(const char* name, DataKind& value) const;
  void get(const char* name, TaskKind& value) const;
  template <typename T>
  T get(const char* name) const {
    T value{};
    get(name, value);
    return value;
  }
  /// Returns the name of the first column.
  const char* first_column() const;

 private:
  void check(int code) const;
  int parameter(const char* name) const;
  int column(const char* name) const;
  template <typename E>
  E one_of(const char* name, const char* where) const;

  const SqliteConnection& connection_;
  sqlite3_stmt* statement_ = nullptr;
  std::map<std::string, int, std::less<>> columns_;
};

/// Rolls back unless committed. A writer begins IMMEDIATE, because SQLite does not let a reading
/// transaction wait until it may write.
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

/// Returns the first column of the first row, or T() if there is no row.
template <typename T>
T scalar(const SqliteConnection& connection, const std::string& sql) {
  Statement statement(connection, sql);
  return statement.step() ? statement.get<T>(statement.first_column()) : T();
}

}  // namespace mien
