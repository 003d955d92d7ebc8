// Merging: a shard is attached, checked, and copied row by row under new keys in one transaction.
#include <algorithm>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "results/store.h"
#include "results/tables.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

struct ShardTask {
  std::int64_t key = 0;
  std::string id, plan;
};

std::vector<ShardTask> tasks_of_shard(const SqliteConnection& connection, const fs::path& shard) {
  std::vector<ShardTask> tasks;
  Statement statement(connection, "SELECT key, id, plan FROM shard.task ORDER BY key");
  while (statement.step()) {
    const ShardTask& task = tasks.emplace_back(ShardTask{statement.get<std::int64_t>("key"),
                                                         statement.get<std::string>("id"),
                                                         statement.get<std::string>("plan")});
    if (sha256_hex(task.plan) != task.id)
      fail(Exit::kIntegrity,
           "{}: task {} does not match its plan; delete it and run again",
           shard.string(),
           task.id.substr(0, 12));
  }
  return tasks;
}

void copy_task(const SqliteConnection& connection, const ShardTask& task) {
  std::vector<std::string> names = {"id", "group_id", "plan"};
  for (const std::string& name : column_names<Task>()) names.push_back(name);
  Statement statement(connection,
                      fmt::format("INSERT INTO main.task ({0}) SELECT {0} FROM shard.task "
                                  "WHERE key = :old ON CONFLICT (id) DO NOTHING",
                                  quoted(names)));
  statement.bind("old", task.key);
  statement.run();
}

void copy_environments(const SqliteConnection& connection) {
  const std::string names = "content_id, " + quoted(column_names<Environment>());
  connection.execute(
      fmt::format("INSERT INTO main.environment ({0}) SELECT {0} "
                  "FROM shard.environment WHERE true "
                  "ON CONFLICT (content_id) DO NOTHING",
                  names));
}

void copy_attempts(const SqliteConnection& connection,
                   std::int64_t from,
                   std::int64_t to,
                   bool was_done) {
  Statement statement(connection,
                      fmt::format("INSERT INTO main.attempt (task, environment, {}) SELECT :new, "
                                  "(SELECT m.key FROM shard.environment s JOIN main.environment m "
                                  "ON m.content_id = s.content_id WHERE s.key = a.environment), {} "
                                  "FROM shard.attempt a "
                                  "WHERE a.task = :old AND NOT (:was_done AND a.state = 'done') "
                                  "ON CONFLICT (task, started_ns, ended_ns, state) DO NOTHING",
                                  quoted(column_names<Attempt>()),
                                  selected<Attempt>("a")));
  statement.bind("new", to);
  statement.bind("old", from);
  statement.bind("was_done", was_done);
  statement.run();
}

template <typename R>
void copy_children(const SqliteConnection& connection, std::int64_t from, std::int64_t to) {
  Statement statement(connection,
                      fmt::format("INSERT INTO main.{0} (task, {1}) SELECT :new, {1} "
                                  "FROM shard.{0} WHERE task = :old ORDER BY {2}",
                                  ChildTable<R>::name,
                                  quoted(column_names<R>()),
                                  ChildTable<R>::order));
  statement.bind("new", to);
  statement.bind("old", from);
  statement.run();
}

/// Returns whether the task became done by it.
bool merge_task(const SqliteConnection& connection, const ShardTask& task) {
  const bool was_done = done_key(connection, task.id) != 0;
  copy_task(connection, task);
  const std::int64_t key = task_key(connection, task.id);
  copy_attempts(connection, task.key, key, was_done);
  if (was_done || done_key(connection, task.id) == 0) return false;
  copy_children<ClassName>(connection, task.key, key);
  const TaskRecord kinds;
  children(
      [&]<typename R>(ChildTable<R>, const auto&) { copy_children<R>(connection, task.key, key); },
      kinds);
  return true;
}

void merge_claims(const SqliteConnection& connection) {
  const auto ours = read_claims(connection, "main");
  const auto theirs = read_claims(connection, "shard");
  for (const auto& [experiment, claims] : theirs)
    for (const Claim& claim : claims) {
      const auto known = ours.find(experiment);
      const bool here = known != ours.end() &&
                        std::any_of(known->second.begin(),
                                    known->second.end(),
                                    [&](const Claim& own) { return own.metric == claim.metric; });
      if (!here) put_claim(connection, experiment, claim);
    }
}

/// Messages name the shard while it is open.
class Label {
 public:
  Label(SqliteConnection& connection, const fs::path& shard) : connection_(connection) {
    connection_.label =
        fmt::format("{} (merging into {})", shard.string(), connection_.path.string());
  }
  ~Label() { connection_.label = connection_.path.string(); }
  Label(const Label&) = delete;

 private:
  SqliteConnection& connection_;
};

class Attached {
 public:
  Attached(SqliteConnection& connection, const fs::path& shard)
      : connection_(connection), label_(connection, shard) {
    Statement statement(connection, "ATTACH :path AS shard");
    statement.bind("path", shard.string());
    statement.run();
  }
  ~Attached() { connection_.attempt("DETACH shard"); }
  Attached(const Attached&) = delete;

 private:
  SqliteConnection& connection_;
  Label label_;
};

}  // namespace

std::int64_t Store::ingest(const fs::path& shard) {
  std::error_code ignored;
  if (!fs::is_regular_file(shard, ignored))
    fail(Exit::kPrecondition, "{}: no such file; name a shard", shard.string());
  const auto content = [&] {
    const Attached attached(*connection_, shard);
    return identify(*connection_, "shard", shard.string());
  };
  if (content() == Content::kOlder) Store::open(shard, Mode::kShard);
  const Attached attached(*connection_, shard);
  if (identify(*connection_, "shard", shard.string()) == Content::kNone)
    fail(Exit::kIntegrity, "{}: empty; delete it and run again", shard.string());
  check_schema(*connection_, "shard", shard.string());
  Transaction transaction(*connection_);
  copy_environments(*connection_);
  std::int64_t added = 0;
  for (const ShardTask& task : tasks_of_shard(*connection_, shard))
    added += merge_task(*connection_, task) ? 1 : 0;
  merge_claims(*connection_);
  transaction.commit();
  return added;
}

}  // namespace mien
