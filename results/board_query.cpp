#include "results/board_query.h"

#include <fmt/ranges.h>

#include "results/columns.h"
#include "results/tables.h"

namespace mien {
namespace {

// ------------------------------------------------------------------------------- lists of columns
//
// Each list names, for every member of a row, the SQL expression that it is read from. The SELECT
// and the reader are both made of the list, and the expression is the name of its column.

constexpr char kDevice[] = "CASE WHEN e.gpu <> '' THEN e.gpu ELSE e.cpu END";
constexpr char kExternalKind[] = "coalesce(json_extract(t.plan, '$.external.kind'), '')";
constexpr char kExternalFile[] = "coalesce(json_extract(t.plan, '$.external.sha256'), '')";

template <typename V, Of<std::optional<Interval>> T>
void metric_interval(V& v, T& interval) {
  const auto of_metric = [&](const char* name, auto& value) {
    v(std::string_view(name) == "lower" ? "m.lower" : "m.upper", value);
  };
  interval_columns(of_metric, interval);
}

template <typename V, Of<std::optional<MeshCounts>> T>
void mesh_columns(V& v, T& meshes) {
  std::optional<double> failed, missing, reflected, strict_mm;
  std::int64_t all = 0;
  v("failed.value", failed);
  v("missing.value", missing);
  v("reflected.value", reflected);
  v("strict.value", strict_mm);
  v("failed.n", all);
  if constexpr (!std::is_const_v<T>)
    if (failed)
      meshes = MeshCounts{.failed = *failed,
                          .missing = missing.value_or(0),
                          .reflected = reflected.value_or(0),
                          .all = all,
                          .strict_mm = strict_mm};
}

template <typename V, Of<ScoreRow> T>
void columns(V& v, T& r) {
  v("t.experiment", r.experiment);
  v("t.model", r.model);
  v("t.variant", r.variant);
  v("t.dataset", r.dataset);
  v("t.data", r.data);
  v("t.profile", r.profile);
  v("t.official", r.official);
  v("t.device_class", r.device_class);
  v("t.split", r.split);
  v("t.group_id", r.group_id);
  v("t.seed", r.seed);
  v("t.fold", r.fold);
  v("m.name", r.metric);
  v("m.unit", r.unit);
  v("m.value", r.value);
  metric_interval(v, r.interval);
  v("m.n", r.n);
  v(kDevice, r.device);
  v("a.ended_ns", r.ended_ns);
  v("(SELECT count(*) FROM note n WHERE n.task = t.key AND n.kind = 'taint')", r.taints);
  v("(SELECT count(*) FROM note n WHERE n.task = t.key)", r.notes);
  v(kExternalKind, r.external);
  v(kExternalFile, r.file_sha256);
  v("speed.value", r.external_images_per_second);
  mesh_columns(v, r.meshes);
}

template <typename V, Of<SpeedRow> T>
void columns(V& v, T& r) {
  v("t.experiment", r.experiment);
  v("t.model", r.model);
  v("t.variant", r.variant);
  v("t.profile", r.profile);
  v("t.official", r.official);
  v("t.device_class", r.device_class);
  v(kDevice, r.device);
  v("rate.value", r.images_per_second);
  v("latency.value", r.latency_ms);
  v("a.ended_ns", r.ended_ns);
  v(kExternalKind, r.external);
  v(kExternalFile, r.file_sha256);
}

template <typename V, Of<FailureRow> T>
void columns(V& v, T& r) {
  v("t.kind", r.kind);
  v("t.experiment", r.experiment);
  v("t.model", r.model);
  v("t.variant", r.variant);
  v("t.dataset", r.dataset);
  v("t.data", r.data);
  v("t.profile", r.profile);
  v("t.official", r.official);
  v("t.device_class", r.device_class);
  v("t.split", r.split);
  v("t.group_id", r.group_id);
  v("a.state", r.state);
  v("a.message", r.message);
  v("a.ended_ns", r.ended_ns);
  v(kExternalKind, r.external);
}

// --------------------------------------------------------------------------------------- queries

/// A LEFT JOIN of one metric of the task under the name `alias`.
std::string metric_join(const char* alias, const char* name, const char* split) {
  return fmt::format(
      "LEFT JOIN metric {0} ON {0}.task = t.key AND {0}.name = '{1}' AND {0}.split = '{2}'\n",
      alias,
      name,
      split);
}

constexpr char kDoneTasks[] = R"sql(
FROM task t
JOIN attempt a ON a.task = t.key AND a.state = 'done'
LEFT JOIN environment e ON e.key = a.environment
)sql";

/// `m` is the metric of the experiment's newest claim if the task has it, else the main metric of
/// the task's kind.
std::string score_tables() {
  std::string main = "CASE t.kind";
  for (const TaskKind kind :
       {TaskKind::kAccuracy, TaskKind::kRegression, TaskKind::kReconstruction})
    main += fmt::format(" WHEN '{}' THEN '{}'", name_of(kind), main_metric(kind));
  return kDoneTasks +
         fmt::format(
             R"sql(LEFT JOIN metric m ON m.key = coalesce(
  (SELECT k.key FROM claim c JOIN metric k ON k.name = c.metric AND k.split = 'test'
   WHERE c.experiment = t.experiment AND k.task = t.key ORDER BY c.key DESC LIMIT 1),
  (SELECT k.key FROM metric k WHERE k.task = t.key AND k.split = 'test' AND k.name = {} END))
)sql",
             main) +
         metric_join("speed", "images_per_second_external", "") +
         metric_join("failed", "failed", "test") + "AND t.kind = 'reconstruction'\n" +
         metric_join("missing", "missing", "test") + metric_join("reflected", "reflected", "test") +
         metric_join("strict", "realy_error_strict", "test") + "WHERE t.kind <> 'throughput'";
}

std::string speed_tables() {
  return kDoneTasks + metric_join("rate", "images_per_second_b32", "") +
         metric_join("latency", "latency_ms_b1", "") + "WHERE t.kind = 'throughput'";
}

constexpr char kFailureTables[] = R"sql(
FROM task t
JOIN attempt a ON a.key = (SELECT l.key FROM attempt l WHERE l.task = t.key
                           ORDER BY l.started_ns DESC, l.key DESC LIMIT 1)
WHERE NOT EXISTS (SELECT 1 FROM attempt d WHERE d.task = t.key AND d.state = 'done'))sql";

/// Reads an `R` from every row that `tables`, all of a SELECT behind its columns, has. Calls
/// `more(row, statement)` for each; the statement has the column "t.key", too.
template <typename R, typename More>
std::vector<R> read_rows(const SqliteConnection& connection, const std::string& tables, More more) {
  std::string selected = "t.key AS \"t.key\"";
  R blank;
  const auto select = [&](const char* expression, const auto&) {
    selected += fmt::format(", {0} AS \"{0}\"", expression);
  };
  columns(select, std::as_const(blank));
  std::vector<R> rows;
  Statement statement(connection, "SELECT " + selected + tables);
  const auto get = [&](const char* name, auto& value) { statement.get(name, value); };
  while (statement.step()) {
    columns(get, rows.emplace_back());
    more(rows.back(), statement);
  }
  return rows;
}

/// Leaks of every task, by its key.
std::multimap<std::int64_t, Leak> read_leaks(const SqliteConnection& connection) {
  std::multimap<std::int64_t, Leak> leaks;
  Statement statement(
      connection,
      fmt::format("SELECT task, {} FROM leak ORDER BY key", quoted(column_names<Leak>())));
  while (statement.step())
    read_row(statement, leaks.emplace(statement.get<std::int64_t>("task"), Leak())->second);
  return leaks;
}

std::vector<ScoreRow> read_scores(const SqliteConnection& connection) {
  const std::multimap<std::int64_t, Leak> leaks = read_leaks(connection);
  return read_rows<ScoreRow>(
      connection, score_tables(), [&](ScoreRow& row, const Statement& statement) {
        const auto [first, last] = leaks.equal_range(statement.get<std::int64_t>("t.key"));
        for (auto leak = first; leak != last; ++leak) row.leaks.push_back(leak->second);
      });
}

}  // namespace

BoardInput read_board_input(const SqliteConnection& connection) {
  const auto nothing = [](const auto&, const Statement&) {};
  return {.scores = read_scores(connection),
          .speeds = read_rows<SpeedRow>(connection, speed_tables(), nothing),
          .failures = read_rows<FailureRow>(connection, kFailureTables, nothing),
          .claims = read_claims(connection, "main")};
}

}  // namespace mien
