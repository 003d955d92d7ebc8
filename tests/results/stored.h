// A results database seen from outside: by SQL, and as text to compare.
#pragma once

#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "results/columns.h"

namespace mien::testing {

/// Runs SQL behind the store's back; returns the first column of every row.
inline std::vector<std::string> sql(const std::filesystem::path& path, const std::string& text) {
  sqlite3* db = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  std::vector<std::string> rows;
  const auto keep = [](void* out, int, char** values, char**) {
    static_cast<std::vector<std::string>*>(out)->push_back(values[0] ? values[0] : "NULL");
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(db, text.c_str(), keep, &rows, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  sqlite3_close(db);
  return rows;
}

/// Returns the ids of all tasks that have a done attempt.
inline std::vector<std::string> done_ids(const std::filesystem::path& path) {
  return sql(path,
             "SELECT t.id FROM task t JOIN attempt a ON a.task = t.key AND a.state = 'done' "
             "ORDER BY t.id");
}

/// Returns every value of a row or environment as text, in which NaN equals NaN.
template <typename R>
std::string dump_row(const R& row) {
  std::string text;
  const auto add = [&]<typename T>(const char* name, const T& value) {
    if constexpr (std::is_same_v<T, AttemptState>)
      text += fmt::format("{}={};", name, name_of(value));
    else if constexpr (std::is_same_v<T, std::optional<double>>)
      text += value ? fmt::format("{}={};", name, *value) : fmt::format("{}=none;", name);
    else
      text += fmt::format("{}={};", name, value);
  };
  columns(add, row);
  return text;
}

/// Returns every value of a record as text.
inline std::string dump(const TaskRecord& r) {
  std::string text = to_json(r.task).dump() + dump_row(r.environment) + dump_row(r.attempt);
  text += fmt::format("{}", fmt::join(r.class_names, "|"));
  children(
      [&](auto table, const auto& rows) {
        for (const auto& row : rows) text += fmt::format("\n{} {}", table.name, dump_row(row));
      },
      r);
  return text;
}

}  // namespace mien::testing
