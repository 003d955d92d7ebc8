// Reading and writing the rows of single tables, whichever verb asks. No transaction is begun here.
#pragma once

#include <fmt/ranges.h>

#include <map>
#include <string>
#include <vector>

#include "results/columns.h"
#include "results/sqlite.h"

namespace mien {

/// Names as a list of SQL: "a", "b".
inline std::string quoted(const std::vector<std::string>& names, const char* prefix = "") {
  std::string list;
  for (const std::string& name : names)
    list += fmt::format("{}{}\"{}\"", list.empty() ? "" : ", ", prefix, name);
  return list;
}

/// INSERT into `table` with `keys` before the columns of `R`; every parameter has its column's
/// name.
template <typename R>
std::string insert_sql(const char* table, std::vector<std::string> names) {
  for (const std::string& name : column_names<R>()) names.push_back(name);
  return fmt::format(
      "INSERT INTO {} ({}) VALUES (:{})", table, quoted(names), fmt::join(names, ", :"));
}

/// Binds every column of `row` but its keys.
template <typename R>
void bind_row(Statement& statement, const R& row) {
  const auto bind = [&](const char* name, const auto& value) { statement.bind(name, value); };
  columns(bind, row);
}

/// Reads columns `first`, first + 1 ... into `row`.
template <typename R>
void read_row(Statement& statement, R& row, int first = 0) {
  const auto get = [&](const char*, auto& value) { statement.get(first++, value); };
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

/// Key of a task; 0 where it was never tried.
std::int64_t task_key(const SqliteConnection& connection, const std::string& id);
/// Key of a task that has a done attempt; 0 where it has none.
std::int64_t done_key(const SqliteConnection& connection, const std::string& id);
/// Key of the task, which is inserted where it is new.
std::int64_t put_task(const SqliteConnection& connection, const Task& task);
/// `environment` may be null: the attempt ended before it was known.
void put_attempt(const SqliteConnection& connection,
                 std::int64_t task,
                 const Attempt& attempt,
                 const Environment* environment);
/// Everything of `record` that belongs to its done attempt.
void put_results(const SqliteConnection& connection, std::int64_t task, const TaskRecord& record);

void put_claim(const SqliteConnection& connection,
               const std::string& experiment,
               const Claim& claim);
/// Claims of one schema, "main" or "shard", by experiment, oldest first.
std::map<std::string, std::vector<Claim>> read_claims(const SqliteConnection& connection,
                                                      const char* schema);

enum class Content { kNone, kOlder, kCurrent };
/// Fails unless `schema` of the connection is a Mien database of this version or an older one, or
/// has no content at all. `label` begins messages.
Content identify(const SqliteConnection& connection,
                 const std::string& schema,
                 const std::string& label);
/// Brings a database of an older version to this one, in one transaction.
void upgrade(const SqliteConnection& connection);
/// Fails unless pages and references of `schema` are sound. Reads all of it.
void check_schema(const SqliteConnection& connection,
                  const std::string& schema,
                  const std::string& label);

}  // namespace mien
