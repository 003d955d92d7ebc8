// Reads and writes the rows of single tables. The caller begins the transaction.
#pragma once

#include <fmt/ranges.h>

#include <map>
#include <string>
#include <vector>

#include "results/columns.h"
#include "results/sqlite.h"

namespace mien {

/// Returns the names as a list of SQL: "a", "b".
inline std::string quoted(const std::vector<std::string>& names) {
  return fmt::format("\"{}\"", fmt::join(names, "\", \""));
}

/// Returns what a SELECT needs to read an `R` from the table `alias`: a."x" AS "x", a."y" AS "y".
template <typename R>
std::string selected(const char* alias) {
  std::string list;
  for (const std::string& name : column_names<R>())
    list += fmt::format("{0}{1}.\"{2}\" AS \"{2}\"", list.empty() ? "" : ", ", alias, name);
  return list;
}

/// Returns the INSERT into `table` of the key columns `names` and the columns of `R`. Every
/// parameter has the name of its column.
template <typename R>
std::string insert_sql(const char* table, std::vector<std::string> names) {
  for (const std::string& name : column_names<R>()) names.push_back(name);
  return fmt::format(
      "INSERT INTO {} ({}) VALUES (:{})", table, quoted(names), fmt::join(names, ", :"));
}

/// Binds every column of `row` except its keys.
template <typename R>
void bind_row(Statement& statement, const R& row) {
  const auto bind = [&](const char* name, const auto& value) { statement.bind(name, value); };
  columns(bind, row);
}

/// Reads the columns of the current row by their names into `row`.
template <typename R>
void read_row(const Statement& statement, R& row) {
  const auto get = [&](const char* name, auto& value) { statement.get(name, value); };
  columns(get, row);
}

template <typename R>
void insert_children(const SqliteConnection& connection,
                     std::int64_t task,
                     const std::vector<R>& rows) {
  if (rows.empty()) return;
  Statement statement(connection, insert_sql<R>(ChildTable<R>::name, {"task"}));
  for (const R& row : rows) {
    statement.bind("task", task);
    bind_row(statement, row);
    statement.run();
  }
}

template <typename R>
void read_children(const SqliteConnection& connection, std::int64_t task, std::vector<R>& rows) {
  Statement statement(connection,
                      fmt::format("SELECT {} FROM {} WHERE task = :task ORDER BY {}",
                                  quoted(column_names<R>()),
                                  ChildTable<R>::name,
                                  ChildTable<R>::order));
  statement.bind("task", task);
  while (statement.step()) read_row(statement, rows.emplace_back());
}

/// Returns the key of a task, or 0 if it was never tried.
std::int64_t task_key(const SqliteConnection& connection, const std::string& id);
/// Returns the key of a task that has a done attempt, or 0.
std::int64_t done_key(const SqliteConnection& connection, const std::string& id);
/// Inserts the task if it is new. Returns its key.
std::int64_t put_task(const SqliteConnection& connection, const Task& task);
/// Inserts an attempt. `environment` is null if the attempt ended before it was known.
void put_attempt(const SqliteConnection& connection,
                 std::int64_t task,
                 const Attempt& attempt,
                 const Environment* environment);
/// Inserts all rows of `record` that belong to its done attempt.
void put_results(const SqliteConnection& connection, std::int64_t task, const TaskRecord& record);

/// Replaces the claim of `experiment` and `claim.metric`.
void put_claim(const SqliteConnection& connection,
               const std::string& experiment,
               const Claim& claim);
/// Returns the claims of one schema, "main" or "shard", by experiment, oldest first.
std::map<std::string, std::vector<Claim>> read_claims(const SqliteConnection& connection,
                                                      const char* schema);

enum class Content { kNone, kOlder, kCurrent };
/// Says what `schema` of the connection holds. Messages begin with `label`. Error
/// (Exit::kIntegrity): neither an empty file nor a Mien database of this version or an older one.
Content identify(const SqliteConnection& connection,
                 const std::string& schema,
                 const std::string& label);
/// Upgrades a database of an older version to this one, in one transaction.
void upgrade(const SqliteConnection& connection);
/// Checks all pages and references of `schema`; reads the whole file. Error (Exit::kIntegrity): one
/// of them is damaged.
void check_schema(const SqliteConnection& connection,
                  const std::string& schema,
                  const std::string& label);

}  // namespace mien
