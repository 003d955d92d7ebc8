#include "results/tables.h"

#include <nlohmann/json.hpp>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "results/schema.h"

namespace mien {
namespace {

std::int64_t key_of(const SqliteConnection& connection, const char* sql, const std::string& id) {
  Statement statement(connection, sql);
  statement.bind("id", id);
  return statement.step() ? statement.get<std::int64_t>("key") : 0;
}

std::string content_id(const Environment& environment) {
  std::string text;
  // The length keeps neighbouring fields apart.
  const auto add = [&](const char* name, const auto& value) {
    const std::string shown = fmt::format("{}", value);
    text += fmt::format("{}={}:{};", name, shown.size(), shown);
  };
  columns(add, environment);
  return sha256_hex(text);
}

std::int64_t put_environment(const SqliteConnection& connection, const Environment& environment) {
  Statement statement(connection,
                      insert_sql<Environment>("environment", {"content_id"}) +
                          " ON CONFLICT (content_id) DO NOTHING");
  const std::string id = content_id(environment);
  statement.bind("content_id", id);
  bind_row(statement, environment);
  statement.run();
  return key_of(connection, "SELECT key FROM environment WHERE content_id = :id", id);
}

}  // namespace

// ---------------------------------------------------------------------------- tasks and attempts

std::int64_t task_key(const SqliteConnection& connection, const std::string& id) {
  return key_of(connection, "SELECT key FROM task WHERE id = :id", id);
}

std::int64_t done_key(const SqliteConnection& connection, const std::string& id) {
  return key_of(
      connection,
      "SELECT t.key AS key FROM task t JOIN attempt a ON a.task = t.key AND a.state = 'done' "
      "WHERE t.id = :id",
      id);
}

std::int64_t put_task(const SqliteConnection& connection, const Task& task) {
  Statement statement(
      connection,
      insert_sql<Task>("task", {"id", "group_id", "plan"}) + " ON CONFLICT (id) DO NOTHING");
  const std::string plan = to_json(task).dump(), id = sha256_hex(plan);
  statement.bind("id", id);
  statement.bind("group_id", group_id(task));
  statement.bind("plan", plan);
  bind_row(statement, task);
  statement.run();
  return task_key(connection, id);
}

void put_attempt(const SqliteConnection& connection,
                 std::int64_t task,
                 const Attempt& attempt,
                 const Environment* environment) {
  Statement statement(connection,
                      insert_sql<Attempt>("attempt", {"task", "environment"}) +
                          " ON CONFLICT (task, started_ns, ended_ns, state) DO NOTHING");
  statement.bind("task", task);
  if (environment)
    statement.bind("environment", put_environment(connection, *environment));
  else
    statement.bind_null("environment");
  bind_row(statement, attempt);
  statement.run();
}

void put_results(const SqliteConnection& connection, std::int64_t task, const TaskRecord& record) {
  std::vector<ClassName> names;
  for (const std::string& name : record.class_names) names.push_back({std::ssize(names), name});
  insert_children(connection, task, names);
  children([&](auto, const auto& rows) { insert_children(connection, task, rows); }, record);
}

// ------------------------------------------------------------------------------------- claims

void put_claim(const SqliteConnection& connection,
               const std::string& experiment,
               const Claim& claim) {
  Statement old(connection,
                "DELETE FROM claim WHERE experiment = :experiment AND metric = :metric");
  old.bind("experiment", experiment);
  old.bind("metric", claim.metric);
  old.run();
  Statement statement(connection, insert_sql<Claim>("claim", {"experiment"}));
  statement.bind("experiment", experiment);
  bind_row(statement, claim);
  statement.run();
  const std::int64_t key = connection.last_key();
  Statement difference(connection,
                       "INSERT INTO claim_difference (claim, position, field) "
                       "VALUES (:claim, :position, :field)");
  for (std::size_t i = 0; i < claim.differs.size(); ++i) {
    difference.bind("claim", key);
    difference.bind("position", static_cast<std::int64_t>(i));
    difference.bind("field", claim.differs[i]);
    difference.run();
  }
}

std::map<std::string, std::vector<Claim>> read_claims(const SqliteConnection& connection,
                                                      const char* schema) {
  std::map<std::string, std::vector<Claim>> claims;
  Statement statement(connection,
                      fmt::format("SELECT key, experiment, {} FROM {}.claim ORDER BY key",
                                  quoted(column_names<Claim>()),
                                  schema));
  Statement differences(connection,
                        fmt::format("SELECT field FROM {}.claim_difference "
                                    "WHERE claim = :claim ORDER BY position",
                                    schema));
  while (statement.step()) {
    Claim& claim = claims[statement.get<std::string>("experiment")].emplace_back();
    read_row(statement, claim);
    differences.bind("claim", statement.get<std::int64_t>("key"));
    while (differences.step()) differences.get("field", claim.differs.emplace_back());
    differences.run();  // makes it ready again
  }
  return claims;
}

// ------------------------------------------------------------------------- opening and checking

Content identify(const SqliteConnection& connection,
                 const std::string& schema,
                 const std::string& label) {
  const auto number = [&](const char* pragma) {
    return scalar<std::int64_t>(connection, fmt::format("PRAGMA {}.{}", schema, pragma));
  };
  const std::int64_t application = number("application_id"), version = number("user_version");
  const std::int64_t tables = scalar<std::int64_t>(
      connection, fmt::format("SELECT count(*) FROM {}.sqlite_master", schema));
  if (application == 0 && version == 0 && tables == 0) return Content::kNone;
  if (application != kApplicationId)
    fail(Exit::kIntegrity,
         "{}: a SQLite file, but not a results database of Mien; name another",
         label);
  if (version > kSchemaVersion)
    fail(Exit::kIntegrity,
         "{}: written by a newer Mien (schema {}); this one reads {}; update Mien",
         label,
         version,
         kSchemaVersion);
  if (version < 1)
    fail(Exit::kIntegrity, "{}: schema {} is no version of Mien's; restore a copy", label, version);
  // Version 3 grew a table before it was published.
  const bool is_whole = scalar<std::int64_t>(
      connection, fmt::format("SELECT count(*) FROM {}.sqlite_master WHERE name = 'mode'", schema));
  return version < kSchemaVersion || !is_whole ? Content::kOlder : Content::kCurrent;
}

namespace {

void upgrade_to_3(const SqliteConnection& connection) {
  // Version 1 knew official splits only.
  if (scalar<std::int64_t>(connection, "PRAGMA main.user_version") == 1)
    connection.execute(
        "ALTER TABLE task ADD COLUMN frames TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE task ADD COLUMN split TEXT NOT NULL DEFAULT 'official';");
  // Version 2 knew two kinds of task, and one way to time. Views are made anew, other tables stay.
  connection.execute(
      "DROP VIEW v_claim_status; DROP VIEW v_latest; DROP VIEW v_leaderboard;"
      "DROP INDEX task_by_experiment; ALTER TABLE task RENAME TO old_task;"
      "ALTER TABLE timing RENAME TO old_timing;");
  for (const char* name : {"gpu_pci", "gpu_mig", "gpu_ecc", "gpu_persistence", "gpu_power_limit"})
    connection.execute(
        fmt::format("ALTER TABLE environment ADD COLUMN {} TEXT NOT NULL DEFAULT ''", name));
  connection.execute(kSchemaSql);
  const std::string names = "key, id, group_id, plan, " + quoted(column_names<Task>());
  connection.execute(
      fmt::format("INSERT INTO task ({0}) SELECT {0} FROM old_task; DROP TABLE old_task;", names));
  connection.execute(
      "INSERT INTO timing (task, batch, scope, cache, mode, launch, repetition, iterations, "
      "wall_ns,"
      " flags) SELECT task, batch, 'compute', 'hot', 'eager', 1, repetition, iterations,"
      " nanoseconds, '' FROM old_timing; DROP TABLE old_timing;");
}

}  // namespace

void upgrade(const SqliteConnection& connection) {
  // Pragmas that a transaction cannot change: a table that others refer to is made anew.
  connection.execute("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON;");
  Transaction transaction(connection);
  if (identify(connection, "main", connection.label) == Content::kOlder) {
    if (scalar<std::int64_t>(connection, "PRAGMA main.user_version") < 3)
      upgrade_to_3(connection);
    else
      connection.execute(kSchemaSql);
    check_schema(connection, "main", connection.label);
  }
  transaction.commit();
  connection.execute("PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON;");
}

void check_schema(const SqliteConnection& connection,
                  const std::string& schema,
                  const std::string& label) {
  const std::string found =
      scalar<std::string>(connection, fmt::format("PRAGMA {}.quick_check(1)", schema));
  if (found != "ok")
    fail(Exit::kIntegrity,
         "{}: corrupt: {}; restore a copy, or delete it and run again",
         label,
         nlohmann::json(found).dump());
  const std::string table =
      scalar<std::string>(connection, fmt::format("PRAGMA {}.foreign_key_check", schema));
  if (!table.empty())
    fail(Exit::kIntegrity,
         "{}: corrupt: rows of '{}' refer to rows that are missing; restore a "
         "copy",
         label,
         table);
}

}  // namespace mien
