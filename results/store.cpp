// Every function of Store is one transaction over the functions of tables.h.
#include "results/store.h"

#include "harness/base/error.h"
#include "harness/base/statistics.h"
#include "results/board_query.h"
#include "results/schema.h"
#include "results/tables.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

void create_parent(const fs::path& path) {
  if (!path.has_parent_path()) return;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error)
    fail(
        Exit::kPrecondition, "{}: cannot create: {}", path.parent_path().string(), error.message());
}

}  // namespace

Store::Store(std::unique_ptr<SqliteConnection> connection) : connection_(std::move(connection)) {}
Store::~Store() = default;
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;

const fs::path& Store::path() const { return connection_->path; }

Store Store::open(const fs::path& path, Mode mode) {
  create_parent(path);
  auto connection = std::make_unique<SqliteConnection>(path, SqliteConnection::Access::kCreate);
  const auto content = [&] { return identify(*connection, "main", connection->label); };
  if (content() == Content::kOlder) upgrade(*connection);
  if (content() == Content::kNone) {
    Transaction transaction(*connection);
    // Another process may have been faster.
    if (content() == Content::kNone) connection->execute(kSchemaSql);
    transaction.commit();
  }
  // Only a preference: a reader that holds the file keeps the journal as it is.
  const char* journal =
      mode == Mode::kShard ? "PRAGMA journal_mode = DELETE" : "PRAGMA journal_mode = WAL";
  connection->attempt(journal);
  return Store(std::move(connection));
}

Store Store::open_existing(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    fail(Exit::kPrecondition,
         "{}: no such file; run `bench run` first or name another database",
         path.string());
  auto connection = std::make_unique<SqliteConnection>(path, SqliteConnection::Access::kRead);
  const Content content = identify(*connection, "main", connection->label);
  if (content == Content::kOlder) {
    connection.reset();
    Store::open(path);
    return open_existing(path);
  }
  if (content == Content::kNone)
    fail(
        Exit::kIntegrity, "{}: empty, not a results database of Mien; name another", path.string());
  return Store(std::move(connection));
}

bool Store::append(const TaskRecord& record) {
  Transaction transaction(*connection_);
  const std::int64_t key = put_task(*connection_, record.task);
  if (done_key(*connection_, task_id(record.task)) != 0) return false;
  put_attempt(*connection_, key, record.attempt, &record.environment);
  const bool done = record.attempt.state == AttemptState::kDone;
  if (done) put_results(*connection_, key, record);
  transaction.commit();
  return done;
}

void Store::put_execution_paths(const std::string& task_id,
                                const std::vector<ExecutionPathRow>& rows) {
  Transaction transaction(*connection_);
  const std::int64_t key = done_key(*connection_, task_id);
  if (key == 0)
    fail(Exit::kPrecondition, "{}: task {} is not done", path().string(), task_id.substr(0, 12));
  for (const ExecutionPathRow& row : rows) {
    Statement old(*connection_, "DELETE FROM mode WHERE task = :task AND device = :device");
    old.bind("task", key);
    old.bind("device", row.device);
    old.run();
  }
  insert_children(*connection_, key, rows);
  transaction.commit();
}

void Store::record_attempt(const Task& task,
                           const Attempt& attempt,
                           const std::optional<Environment>& environment) {
  // A done attempt without its results would be taken for a finished task.
  MIEN_ASSERT(attempt.state != AttemptState::kDone);
  Transaction transaction(*connection_);
  put_attempt(
      *connection_, put_task(*connection_, task), attempt, environment ? &*environment : nullptr);
  transaction.commit();
}

void Store::upsert_claim(const std::string& experiment, const Claim& claim) {
  Transaction transaction(*connection_);
  put_claim(*connection_, experiment, claim);
  transaction.commit();
}

bool Store::is_done(const std::string& task_id) const {
  return done_key(*connection_, task_id) != 0;
}

std::vector<std::string> Store::matching_ids(const std::string& text) const {
  std::vector<std::string> ids;
  Statement statement(*connection_,
                      "SELECT id FROM task WHERE experiment = :text "
                      "OR substr(id, 1, length(:text)) = :text ORDER BY key");
  statement.bind("text", text);
  while (statement.step()) statement.get("id", ids.emplace_back());
  return ids;
}

std::optional<TaskRecord> Store::load(const std::string& task_id) const {
  const std::int64_t key = done_key(*connection_, task_id);
  if (key == 0) return std::nullopt;
  TaskRecord record;
  record.task = task_from_text(
      scalar<std::string>(*connection_, fmt::format("SELECT plan FROM task WHERE key = {}", key)),
      fmt::format("{}: task {}", path().string(), task_id.substr(0, 12)));
  Statement statement(*connection_,
                      fmt::format("SELECT {}, {} FROM attempt a LEFT JOIN environment e "
                                  "ON e.key = a.environment WHERE a.task = {} AND a.state = 'done'",
                                  selected<Attempt>("a"),
                                  selected<Environment>("e"),
                                  key));
  if (statement.step()) {
    read_row(statement, record.attempt);
    read_row(statement, record.environment);
  }
  std::vector<ClassName> names;
  read_children(*connection_, key, names);
  for (ClassName& name : names) record.class_names.push_back(std::move(name.name));
  children([&](auto, auto& rows) { read_children(*connection_, key, rows); }, record);
  return record;
}

std::vector<Attempt> Store::attempts(const std::string& task_id) const {
  std::vector<Attempt> found;
  Statement statement(*connection_,
                      fmt::format("SELECT {} FROM attempt a JOIN task t ON t.key = a.task "
                                  "WHERE t.id = :id ORDER BY a.started_ns, a.key",
                                  selected<Attempt>("a")));
  statement.bind("id", task_id);
  while (statement.step()) read_row(statement, found.emplace_back());
  return found;
}

namespace {

/// Selects the tasks `t` that resemble the one that bind_like binds.
constexpr char kLikeSql[] =
    "t.experiment = :experiment AND t.kind = :kind AND t.variant = :variant "
    "AND t.profile = :profile AND t.split = :split AND t.device_class = :device_class";

void bind_like(Statement& statement, const Task& like) {
  statement.bind("experiment", like.experiment);
  statement.bind("kind", like.kind);
  statement.bind("variant", like.variant);
  statement.bind("profile", like.profile);
  statement.bind("split", like.split);
  statement.bind("device_class", like.device_class);
}

}  // namespace

std::optional<double> Store::median_seconds(const Task& like) const {
  Statement statement(
      *connection_,
      fmt::format("SELECT a.ended_ns - a.started_ns AS nanoseconds FROM task t JOIN attempt a "
                  "ON a.task = t.key AND a.state = 'done' WHERE {}",
                  kLikeSql));
  bind_like(statement, like);
  std::vector<double> seconds;
  while (statement.step())
    seconds.push_back(static_cast<double>(statement.get<std::int64_t>("nanoseconds")) * 1e-9);
  if (seconds.empty()) return std::nullopt;
  return median(seconds);
}

std::optional<std::int64_t> Store::peak_bytes(const Task& like) const {
  const bool gpu = like.device_class == "cuda";
  Statement statement(
      *connection_,
      fmt::format("SELECT coalesce(max({}), 0) AS bytes FROM task t JOIN {} WHERE {} "
                  "AND json_extract(t.plan, '$.protocol.batch') = :batch",
                  gpu ? "CAST(m.value * 1048576 AS INTEGER)" : "a.peak_rss_bytes",
                  gpu ? "metric m ON m.task = t.key AND m.name = 'gpu_memory_peak'"
                      : "attempt a ON a.task = t.key",
                  kLikeSql));
  bind_like(statement, like);
  statement.bind("batch", like.protocol.batch);
  const std::int64_t bytes = statement.step() ? statement.get<std::int64_t>("bytes") : 0;
  return bytes > 0 ? std::optional(bytes) : std::nullopt;
}

BoardInput Store::board_input() const {
  // One read transaction, so that a writer cannot come between the queries.
  Transaction transaction(*connection_, Transaction::Kind::kRead);
  BoardInput input = read_board_input(*connection_);
  transaction.commit();
  return input;
}

void Store::check() const { check_schema(*connection_, "main", connection_->label); }

}  // namespace mien
