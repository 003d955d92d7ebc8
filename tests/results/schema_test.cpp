// The schema of results.db: its columns, its views, and files of older versions.
#include "results/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/base/digest.h"
#include "harness/base/files.h"
#include "results/store.h"
#include "results/tables.h"
#include "tests/results/stored.h"
#include "tests/support/expect_error.h"
#include "tests/support/records.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

namespace fs = std::filesystem;
using testing::done_ids;
using testing::record;
using testing::sql;
using testing::TempDir;

template <typename R>
void expect_columns(const fs::path& db, const std::string& table, std::set<std::string> names) {
  for (const std::string& name : column_names<R>()) EXPECT_TRUE(names.insert(name).second) << name;
  const std::vector<std::string> found =
      sql(db, fmt::format("SELECT name FROM pragma_table_info('{}')", table));
  EXPECT_EQ(std::set<std::string>(found.begin(), found.end()), names) << table;
}

TEST(Schema, HasTheColumnsOfTheRecords) {
  const TempDir dir;
  Store::open(dir / "r.db");
  const fs::path db = dir / "r.db";
  expect_columns<Task>(db, "task", {"key", "id", "group_id", "plan"});
  expect_columns<Environment>(db, "environment", {"key", "content_id"});
  expect_columns<Attempt>(db, "attempt", {"key", "task", "environment"});
  expect_columns<ClassName>(db, "class_name", {"task"});
  expect_columns<Metric>(db, "metric", {"key", "task"});
  expect_columns<Prediction>(db, "prediction", {"task"});
  expect_columns<ConfusionCell>(db, "confusion", {"task"});
  expect_columns<EpochPoint>(db, "curve", {"task"});
  expect_columns<TimingSample>(db, "timing", {"task"});
  expect_columns<Artifact>(db, "artifact", {"key", "task"});
  expect_columns<Note>(db, "note", {"key", "task"});
  expect_columns<FoldSize>(db, "fold", {"task"});
  expect_columns<Leak>(db, "leak", {"key", "task"});
  expect_columns<Coefficients>(db, "coefficients", {"task"});
  expect_columns<MeshError>(db, "mesh_error", {"key", "task"});
  expect_columns<SweepPoint>(db, "sweep", {"key", "task"});
  expect_columns<ExecutionPathRow>(db, "mode", {"key", "task"});
  expect_columns<Claim>(db, "claim", {"key", "experiment"});
}

TEST(Schema, IsStrictAndKnownByItsNumbers) {
  const TempDir dir;
  Store::open(dir / "r.db");
  EXPECT_EQ(sql(dir / "r.db",
                "SELECT name FROM pragma_table_list WHERE schema = 'main' AND "
                "type = 'table' AND NOT strict AND name NOT LIKE 'sqlite%'"),
            std::vector<std::string>{});
  EXPECT_EQ(sql(dir / "r.db", "PRAGMA application_id")[0], std::to_string(kApplicationId));
  EXPECT_EQ(sql(dir / "r.db", "PRAGMA user_version")[0], std::to_string(kSchemaVersion));
  EXPECT_EQ(kApplicationId, 'M' << 24 | 'I' << 16 | 'E' << 8 | 'N');
}

TEST(Schema, ViewsAnswer) {
  const TempDir dir;
  Store store = Store::open(dir / "r.db");
  std::vector<double> values;
  for (std::int64_t seed = 1; seed <= 3; ++seed) {
    TaskRecord r = record(static_cast<unsigned>(seed));
    r.task = testing::task("deepemotion@fer2013", seed);
    r.metrics[0].value = 60 + static_cast<double>(seed);
    store.append(r);
  }
  TaskRecord older = record(8);
  older.task = testing::task();
  older.task.protocol.epochs = 99;
  older.attempt.ended_ns -= testing::kDay;
  store.append(older);
  store.upsert_claim("deepemotion@fer2013", testing::claim());
  EXPECT_EQ(sql(dir / "r.db", "SELECT count(*) FROM v_leaderboard")[0], "2");
  EXPECT_EQ(sql(dir / "r.db",
                "SELECT mean || ' ' || lowest || ' ' || highest || ' ' || seeds "
                "FROM v_latest"),
            std::vector<std::string>{"62.0 61.0 63.0 3"});
  EXPECT_EQ(sql(dir / "r.db", "SELECT round(difference, 2) FROM v_claim_status"),
            std::vector<std::string>{"-8.02"});
}

/// Reads one row of `table` twice: with its columns as listed, and with them reversed behind
/// others.
template <typename R>
void expect_read_by_name(const fs::path& db) {
  const SqliteConnection connection(db, SqliteConnection::Access::kRead);
  std::vector<std::string> names = column_names<R>();
  const auto read = [&](const std::string& list) {
    Statement statement(connection,
                        fmt::format("SELECT {} FROM {} LIMIT 1", list, ChildTable<R>::name));
    R row;
    EXPECT_TRUE(statement.step());
    read_row(statement, row);
    return testing::dump_row(row);
  };
  const std::string expected = read(quoted(names));
  std::ranges::reverse(names);
  EXPECT_EQ(read("'first' AS other, " + quoted(names) + ", 7 AS last"), expected)
      << ChildTable<R>::name;
}

TEST(Schema, OrderOfColumnsDoesNotMatter) {
  const TempDir dir;
  const fs::path db = dir / "r.db";
  Store::open(db).append(record(1));
  const TaskRecord kinds;
  expect_read_by_name<ClassName>(db);
  children([&]<typename R>(ChildTable<R>, const auto&) { expect_read_by_name<R>(db); }, kinds);
}

// ---------------------------------------------------------------------------- older files

/// A file of version 1 with one done task and one metric.
fs::path version_1(const TempDir& dir, const std::string& name) {
  const fs::path path = dir / name;
  sql(path, read_text(fs::path(MIEN_SOURCE_DIR) / "tests/results/schema_v1.sql"));
  const Task task = testing::task();
  nlohmann::json plan = to_json(task);
  for (const char* key : {"frames", "split"}) plan.erase(key);
  sql(path,
      fmt::format("INSERT INTO task VALUES (1, '{}', '{}', 'accuracy', 'deepemotion@fer2013', "
                  "'deepemotion', 'fig', 'fer2013', 'real', 'p', 'full', 1, 1, 0, 'cpu', '{}')",
                  sha256_hex(plan.dump()),
                  std::string(64, 'b'),
                  plan.dump()));
  sql(path, "INSERT INTO attempt VALUES (1, 1, NULL, 1, 2, 'done', 0, 0, '', '', 0)");
  sql(path, "INSERT INTO metric VALUES (1, 1, 'accuracy', 'test', 50.5, '%', 1, 2, 'w', 3589)");
  return path;
}

/// A file of version 2 with one done task that has a row in several tables.
fs::path version_2(const TempDir& dir, const std::string& name) {
  const fs::path path = dir / name;
  sql(path, read_text(fs::path(MIEN_SOURCE_DIR) / "tests/results/schema_v2.sql"));
  const std::string plan = to_json(testing::task()).dump();
  sql(path,
      fmt::format("INSERT INTO task (key, id, group_id, kind, experiment, model, variant, dataset, "
                  "data, frames, split, pack_sha256, profile, official, seed, fold, device_class, "
                  "plan) VALUES (7, '{}', '{}', 'accuracy', 'deepemotion@fer2013', 'deepemotion', "
                  "'fig', 'fer2013', 'real', '', 'official', 'p', 'full', 1, 1, 0, 'cpu', '{}')",
                  sha256_hex(plan),
                  std::string(64, 'b'),
                  plan));
  sql(path, "INSERT INTO attempt VALUES (1, 7, NULL, 1, 2, 'done', 0, 0, '', '', 0)");
  sql(path, "INSERT INTO metric VALUES (1, 7, 'accuracy', 'test', 50.5, '%', 1, 2, 'w', 3589)");
  sql(path, "INSERT INTO prediction VALUES (7, 'test', 4, 'image 4', 1, 2, x'00000000')");
  sql(path, "INSERT INTO leak VALUES (1, 7, 'test in train', 'near', 3, 9)");
  return path;
}

TEST(OlderFiles, AreBroughtUpToDateAndKeepTheirRows) {
  const TempDir dir;
  for (const bool writing : {true, false}) {
    const fs::path path = version_1(dir, writing ? "w.db" : "r.db");
    const Store store = writing ? Store::open(path) : Store::open_existing(path);
    const BoardInput input = store.board_input();
    ASSERT_EQ(input.scores.size(), 1u);
    EXPECT_EQ(input.scores[0].split, "official");
    EXPECT_EQ(input.scores[0].value, 50.5);
    EXPECT_TRUE(input.scores[0].leaks.empty()) << "nobody looked then";
    ASSERT_EQ(done_ids(path).size(), 1u);
    EXPECT_TRUE(store.load(done_ids(path).front()));
    EXPECT_EQ(sql(path, "PRAGMA user_version")[0], "3");
    EXPECT_EQ(sql(path, "SELECT split FROM v_latest")[0], "official");
    EXPECT_NO_THROW(store.check());
  }
}

TEST(OlderFiles, OfVersion2KeepTheirRowsAndReferences) {
  const TempDir dir;
  const fs::path path = version_2(dir, "r.db");
  Store store = Store::open(path);
  const std::optional<TaskRecord> kept = store.load(done_ids(path).at(0));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->metrics.at(0).value, 50.5);
  EXPECT_EQ(kept->predictions.at(0).sample_id, "image 4");
  EXPECT_EQ(kept->leaks.at(0).of, 9);
  // The table of tasks was made anew: its children must refer to it by its name.
  EXPECT_EQ(sql(path,
                "SELECT DISTINCT f.\"table\" FROM sqlite_master m, "
                "pragma_foreign_key_list(m.name) f WHERE m.name IN ('metric', 'attempt', 'leak') "
                "ORDER BY 1"),
            (std::vector<std::string>{"environment", "task"}));
  EXPECT_EQ(sql(path, "SELECT count(*) FROM pragma_foreign_key_check")[0], "0");
  EXPECT_TRUE(store.append(testing::reconstruction(1))) << "a kind that version 2 did not know";
  EXPECT_EQ(sql(path, "SELECT count(*) FROM v_leaderboard WHERE metric = 'accuracy'")[0], "1");
  store.check();
}

TEST(OlderFiles, OfAnEarlyVersion3GetTheTableThatTheyLack) {
  const TempDir dir;
  const fs::path path = dir / "r.db";
  Store::open(path).append(record(1));
  sql(path, "DROP TABLE mode");
  EXPECT_TRUE(Store::open_existing(path).load(task_id(record(1).task)));
  EXPECT_EQ(sql(path, "SELECT count(*) FROM sqlite_master WHERE name = 'mode'")[0], "1");
}

TEST(OlderFiles, HaveTheColumnsOfNewOnes) {
  for (const auto make : {version_1, version_2}) {
    const TempDir dir;
    Store::open(make(dir, "old.db"));
    Store::open(dir / "new.db");
    const auto columns = [&](const char* name) {
      return sql(dir / name,
                 "SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c "
                 "WHERE m.type IN ('table', 'view') ORDER BY 1");
    };
    EXPECT_EQ(columns("old.db"), columns("new.db"));
  }
}

TEST(OlderFiles, AreMerged) {
  const TempDir dir;
  for (const auto make : {version_1, version_2}) {
    const std::string name = make == version_1 ? "one" : "two";
    Store store = Store::open(dir / (name + ".new"));
    EXPECT_EQ(store.ingest(make(dir, name)), 1);
    EXPECT_EQ(done_ids(dir / (name + ".new")).size(), 1u);
  }
}

}  // namespace
}  // namespace mien
