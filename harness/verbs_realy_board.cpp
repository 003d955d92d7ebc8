// realy board: published REALY errors and those that were measured here.
#include <set>

#include "harness/claims.h"
#include "harness/core/error.h"
#include "harness/realy_board.h"
#include "harness/verbs.h"
#include "results/store.h"

namespace mien {
namespace {

using nlohmann::json;

/// The newest result of each experiment and kind of data on the pictures of `set`.
std::vector<MeasuredRealy> measured_in(const std::string& database, const std::string& set) {
  std::vector<MeasuredRealy> rows;
  if (!std::filesystem::exists(database)) return rows;
  const Store store = Store::open_existing(database);
  std::set<std::string> experiments;
  for (const ScoreRow& score : store.board_input().scores)
    if (score.dataset == "realy") experiments.insert(score.experiment);
  for (const std::string& experiment : experiments) {
    std::map<DataKind, TaskRecord> newest;
    for (const std::string& id : store.matching_ids(experiment)) {
      std::optional<TaskRecord> record = store.load(id);
      if (!record || realy_set(record->task) != set || !measured_realy(*record)) continue;
      TaskRecord& known = newest[record->task.data];
      if (known.attempt.ended_ns <= record->attempt.ended_ns) known = std::move(*record);
    }
    for (const auto& [data, record] : newest) rows.push_back(*measured_realy(record));
  }
  return rows;
}

json rows_json(const Table& table) {
  json rows = json::array();
  for (const std::vector<std::string>& cells : table.rows) {
    json& row = rows.emplace_back();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool number = table.columns[i].align == Align::kRight;
      const json value = json::parse(cells[i], nullptr, /*allow_exceptions=*/false);
      row[table.columns[i].header] = number ? value.is_number() ? value : json() : json(cells[i]);
    }
  }
  return rows;
}

}  // namespace

int verb_realy_board(const Options& options) {
  const std::vector<PublishedTable> tables = load_all_published(options.configs);
  const std::string set = options.realy_set.empty() ? "frontal" : options.realy_set;
  const PublishedTable* published = find_table(tables, "realy", set);
  if (!published)
    fail(Exit::kUsage, "{}: no table realy/{} in claims/realy.yaml", options.configs, set);
  const std::vector<MeasuredRealy> measured = measured_in(options.database, set);
  Table table = realy_table(*published, measured);
  const Table stand_ins = realy_stand_ins(measured);
  if (options.format == "json") {
    print_json({{"schema", 1},
                {"set", set},
                {"source", published->source},
                {"rows", rows_json(table)},
                {"stand_ins", rows_json(stand_ins)}});
    return 0;
  }
  if (options.format == "csv") {
    table.rows.insert(table.rows.end(), stand_ins.rows.begin(), stand_ins.rows.end());
    print_table(table, options.format);
    return 0;
  }
  print_table(table, options.format);
  fmt::print("\n{}; * measured here, mode compat, with the rank that it would take\n",
             published->source);
  if (stand_ins.rows.empty()) return 0;
  fmt::print("\n");
  print_table(stand_ins, options.format);
  return 0;
}

}  // namespace mien
