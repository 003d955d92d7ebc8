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

/// Every value of a record as text; NaN equals NaN.
inline std::string dump(const TaskRecord& r) {
  std::string text = to_json(r.task).dump();
  const auto add = [&](const char* name, const auto& value) {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<T, AttemptState>)
      text += fmt::format("{}={};", name, name_of(value));
    else
      text += fmt::format("{}={};", name, value);
  };
  columns(add, r.environment);
  columns(add, r.attempt);
  text += fmt::format("{}", fmt::join(r.class_names, "|"));
  children(
      [&](auto table, const auto& rows) {
        for (const auto& row : rows) {
          text += fmt::format("\n{} ", table.name);
          columns(add, row);
        }
      },
      r);
  return text;
}

}  // namespace mien::testing
