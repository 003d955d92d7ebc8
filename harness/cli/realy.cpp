// realy score: the REALY errors of a folder of meshes. bench-mesh computes them, and bench-prepare
// draws them. realy board: the published errors, and those that were measured here.
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/cli/command.h"
#include "harness/cli/print.h"
#include "harness/config/config.h"
#include "harness/config/published_file.h"
#include "harness/realy/report.h"
#include "harness/run/run_files.h"
#include "harness/system/environment.h"
#include "harness/system/process.h"
#include "harness/system/siblings.h"
#include "results/realy_board.h"
#include "results/store.h"

namespace mien {
namespace {

using nlohmann::json;

struct RealyScoreOptions : StoredOptions {
  std::string data, predictions, topology, mask;
  std::string mode = "both";  // compat | strict | both
  int jobs = 0;               // threads; 0 = all processors
  std::int64_t views = 0;     // pictures per subject; 0 = the largest number found
  std::string out;
  bool error_text = false, pictures = false, keep_meshes = false;
  std::string method;  // name under which the result is stored; "" = not stored
  std::string set;     // frontal | side; "" = by the number of views
};

struct RealyBoardOptions : StoredOptions {
  std::string set;  // frontal | side; "" = frontal
};

std::string number(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "-";
}

/// Returns one row per protocol and region, and one with the mean of the region means.
Table table_of(const RealyReport& report) {
  Table table{fmt::format("REALY error in mm, topology {}", report.topology),
              {{"mode"},
               {"region"},
               {"mean", Align::kRight},
               {"median", Align::kRight},
               {"std", Align::kRight},
               {"scan to mesh", Align::kRight, 1}},
              {}};
  if (report.masked) table.columns.push_back({"unmasked", Align::kRight, 2});
  for (const ProtocolSummary& summary : report.protocols) {
    const char* protocol = name_of(summary.protocol);
    for (std::size_t r = 0; r < kRegions; ++r) {
      const auto value = [&](auto member) {
        const std::optional<RegionSummary>& region = summary.regions[r];
        return number(region ? std::optional<double>((*region).*member) : std::nullopt);
      };
      table.rows.push_back({protocol,
                            kRealyRegions[r],
                            value(&RegionSummary::mean_mm),
                            value(&RegionSummary::median_mm),
                            value(&RegionSummary::std_mm),
                            value(&RegionSummary::scan_to_mesh_mm)});
      if (report.masked) table.rows.back().push_back(value(&RegionSummary::unmasked_mm));
    }
    table.rows.push_back({protocol, "all", number(summary.all_mm), "", "", ""});
    table.rows.back().resize(table.columns.size());
  }
  return table;
}

void print_notes(const RealyReport& report) {
  for (const ProtocolSummary& summary : report.protocols)
    fmt::print("{}: {} scored, {} failed, {} missing ({}), {} reflected\n",
               name_of(summary.protocol),
               summary.scored,
               summary.failed,
               report.missing_meshes(),
               summary.protocol == RealyProtocol::kStrict
                   ? fmt::format("{} charged", summary.charged)
                   : "not counted",
               summary.reflected);
}

Command command_of(const RealyScoreOptions& options) {
  Command command{{sibling("bench-mesh"),
                   "realy",
                   "--data",
                   options.data,
                   "--predictions",
                   options.predictions,
                   "--topology",
                   options.topology,
                   "--mode",
                   options.mode},
                  {},
                  0};
  const auto pass = [&](const char* name, const std::string& value) {
    if (!value.empty()) command.arguments.insert(command.arguments.end(), {name, value});
  };
  pass("--mask", options.mask);
  pass("--out", options.out);
  if (options.jobs > 0) pass("--jobs", std::to_string(options.jobs));
  if (options.views > 0) pass("--views", std::to_string(options.views));
  if (options.error_text) command.arguments.push_back("--error-text");
  if (options.keep_meshes) command.arguments.push_back("--meshes");
  if (options.pictures) command.arguments.push_back("--pictures");
  return command;
}

// ---- what is stored ----------------------------------------------------------------------------

void check_method(const RealyScoreOptions& options) {
  constexpr const char* kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
  if (options.method.find_first_not_of(kLetters) != std::string::npos)
    fail(Exit::kUsage, "--method {}: use letters, digits and . _ + - only", options.method);
  if (!options.method.empty() && options.mode != "both")
    fail(Exit::kUsage, "--method needs --mode both: a stored result has both readings");
}

/// Returns the published table to compare with. Several meshes of one subject are side views.
std::string set_of(const RealyScoreOptions& options, const RealyReport& report) {
  if (!options.set.empty()) return options.set;
  return report.views > 1 ? "side" : "frontal";
}

/// Returns the kind of the data. REALY's digests are not published, so no copy counts as real.
DataKind data_of(const RealyReport& report) {
  return report.stand_in ? DataKind::kStandIn : DataKind::kUnverified;
}

Task task_of(const RealyScoreOptions& options, const RealyReport& report) {
  Task task;
  task.kind = TaskKind::kReconstruction;
  task.split = set_of(options, report);
  task.experiment = options.method + (task.split == "side" ? "@realy-side" : "@realy");
  task.model = options.method;
  task.variant = name_of(ExternalKind::kMeshes);
  task.dataset = "realy";
  task.data = data_of(report);
  task.pack_sha256 = report.truth_sha256;
  task.profile = "full";
  task.official = !report.masked;
  task.device_class = "cpu";
  External& external = task.external.emplace();
  external.kind = ExternalKind::kMeshes;
  external.sha256 = report.predictions_sha256;
  return task;
}

TaskRecord record_of(const RealyScoreOptions& options,
                     const RealyReport& report,
                     const Attempt& attempt) {
  TaskRecord record;
  record.task = task_of(options, report);
  record.environment = host_environment();
  record.environment.threads = options.jobs > 0 ? options.jobs : usable_processors();
  record.attempt = attempt;
  add_realy(report, record);
  record.notes.push_back({"departure", "topology " + report.topology + "; meshes made elsewhere"});
  if (report.masked) record.notes.push_back({"departure", "a mask was used"});
  if (report.resumed > 0)
    record.notes.push_back(
        {"warning",
         fmt::format("{} meshes were scored earlier and are not in the time", report.resumed)});
  return record;
}

/// Stores the claim of the experiment of that name, if there is one.
void store_claim(const RealyScoreOptions& options, const std::string& experiment, Store& store) {
  for (const Experiment& known : options.configs.load())
    if (known.id == experiment && known.claim) store.upsert_claim(experiment, *known.claim);
}

void store_result(const RealyScoreOptions& options,
                  const RealyReport& report,
                  const Attempt& attempt) {
  const TaskRecord record = record_of(options, report, attempt);
  if (!measured_realy(record))
    return fmt::print(stderr, "bench: no mesh was scored; nothing is stored\n");
  Store store = Store::open(options.database);
  store_claim(options, record.task.experiment, store);
  const bool fresh = store.append(record);
  fmt::print(stderr,
             "{} in {} as {}, task {}\n",
             fresh ? "stored" : "these meshes are already",
             options.database,
             record.task.experiment,
             task_id(record.task).substr(0, 12));
}

std::optional<MeasuredRealy> measured_of(const RealyReport& report) {
  TaskRecord record;
  record.task.data = data_of(report);
  add_realy(report, record);
  return measured_realy(record);
}

void print_ranking(const PublishedTable* table, const RealyReport& report) {
  const std::optional<MeasuredRealy> measured = measured_of(report);
  if (!table || !measured) return;
  const std::vector<std::string> lines = ranking_lines(*table, *measured);
  if (lines.empty()) return;
  if (measured->data != DataKind::kStandIn)
    fmt::print("rank among published {} results (valid only for REALY's own 100 scans):\n",
               table->name);
  for (const std::string& line : lines) fmt::print("  {}\n", line);
}

int score(const RealyScoreOptions& options) {
  check_method(options);
  const std::vector<PublishedTable> tables = load_all_published(options.configs.folder);
  std::optional<DatabaseLock> lock;
  if (!options.method.empty()) lock.emplace(options.database);
  Attempt attempt;
  attempt.started_ns = now_ns();
  const Output output = run_to_end(command_of(options), /*pass_err=*/true);
  attempt.ended_ns = now_ns();
  attempt.peak_rss_bytes = output.exited.peak_rss_bytes;
  if (output.exited.signal != 0)
    fail(Exit::kTaskFailed, "bench-mesh was killed by signal {}", output.exited.signal);
  json document = json::parse(output.out, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return output.exited.exit_code;  // it has printed the reason
  const RealyReport report = report_from_json(document);
  if (!options.method.empty()) store_result(options, report, attempt);
  const std::string pictures = options.out + "/pictures";  // none where every mesh failed
  if (options.pictures && std::filesystem::exists(pictures)) call_prepare({"errormaps", pictures});
  const PublishedTable* table = find_table(tables, "realy", set_of(options, report));
  if (options.format == "json") {
    const std::optional<MeasuredRealy> measured = measured_of(report);
    document["standing"] = table && measured ? ranking_json(*table, *measured) : json::array();
    print_json(document);
    return output.exited.exit_code;
  }
  print_table(table_of(report), options.format);
  if (options.format == "text") print_notes(report);
  if (options.format == "text") print_ranking(table, report);
  return output.exited.exit_code;
}

// ---- the published rows and ours ---------------------------------------------------------------

/// Returns the newest result of each experiment and kind of data on the pictures of `set`.
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

int show_board(const RealyBoardOptions& options) {
  const std::vector<PublishedTable> tables = load_all_published(options.configs.folder);
  const std::string set = options.set.empty() ? "frontal" : options.set;
  const PublishedTable* published = find_table(tables, "realy", set);
  if (!published)
    fail(Exit::kUsage, "{}: no table realy/{} in claims/realy.yaml", options.configs.folder, set);
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

}  // namespace

void declare_realy(CliCommand& bench) {
  CliCommand realy = bench.group("realy", "errors of predicted face meshes in mm");
  auto [command, options] = realy.add<RealyScoreOptions>(
      "score", "score a folder of meshes as the REALY benchmark does", score);
  command.option("--data", options.data, "folder of REALY's scans, keypoints and data").required();
  command.option("--predictions", options.predictions, "folder of <subject>[_<view>].obj, .ply")
      .required();
  command.option("--topology", options.topology, "template of the meshes: data/<name>.obj")
      .required();
  command.option(
      "--mask", options.mask, "file with 0 or 1 per vertex of the template, with commas");
  command.option("--mode", options.mode, "compat: the toolkit's numbers; strict; both")
      .one_of({"compat", "strict", "both"})
      .show_default();
  command.option("--jobs", options.jobs, "threads (default: all processors)").range(1, 256);
  command.option("--views", options.views, "pictures per subject (default: largest number found)")
      .range(1, 1000);
  command.option("-o,--out", options.out, "folder for finished meshes, so that a run can go on");
  command.flag("--error-text", options.error_text, "also write REALY_error.txt into --out");
  command.flag("--pictures", options.pictures, "also draw heat maps of the errors into --out");
  command.flag("--meshes", options.keep_meshes, "also write aligned meshes into --out");
  command.option("--method", options.method, "store the result as NAME@realy, for the board");
  auto [board, board_options] = realy.add<RealyBoardOptions>(
      "board", "published figures of the benchmark, and those measured here", show_board);
  for (auto& [target, set] : {std::pair(&command, &options.set), {&board, &board_options.set}})
    target->option("--set", *set, "which pictures the meshes are of").one_of({"frontal", "side"});
  command.stored(options);
  board.stored(board_options);
}

}  // namespace mien
