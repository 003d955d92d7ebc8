// realy score: a folder of predicted meshes to REALY errors. bench-mesh does the work, and
// bench-prepare draws it.
#include "harness/claims.h"
#include "harness/core/error.h"
#include "harness/core/realy_record.h"
#include "harness/environment.h"
#include "harness/process.h"
#include "harness/realy_board.h"
#include "harness/schedule.h"
#include "harness/tools.h"
#include "harness/verbs.h"

namespace mien {
namespace {

using nlohmann::json;

std::string number(const json& region, const char* key) {
  if (!region.is_object() || !region.contains(key) || !region.at(key).is_number()) return "-";
  return fmt::format("{:.4f}", region.at(key).get<double>());
}

/// One row per mode and region, and the mean of the region means.
Table table_of(const json& report) {
  Table table{
      fmt::format("REALY error in mm, topology {}", report.at("topology").get<std::string>()),
      {{"mode"},
       {"region"},
       {"mean", Align::kRight},
       {"median", Align::kRight},
       {"std", Align::kRight},
       {"scan to mesh", Align::kRight, 1}},
      {}};
  if (report.at("masked").get<bool>()) table.columns.push_back({"unmasked", Align::kRight, 2});
  for (const auto& [mode, result] : report.at("modes").items()) {
    for (const char* name : {"nose", "mouth", "forehead", "cheek"}) {
      const json& region = result.at("regions").at(name);
      table.rows.push_back({mode,
                            name,
                            number(region, "mean_mm"),
                            number(region, "median_mm"),
                            number(region, "std_mm"),
                            number(region, "scan_to_mesh_mm")});
      if (report.at("masked").get<bool>())
        table.rows.back().push_back(number(region, "unmasked_mm"));
    }
    table.rows.push_back({mode, "all", number(result, "all_mm"), "", "", ""});
    table.rows.back().resize(table.columns.size());
  }
  return table;
}

void print_notes(const json& report) {
  std::int64_t missing = 0;
  for (const json& entry : report.at("missing")) missing += entry.at("meshes").get<std::int64_t>();
  for (const auto& [mode, result] : report.at("modes").items())
    fmt::print("{}: {} scored, {} failed, {} missing ({}), {} reflected\n",
               mode,
               result.at("scored").dump(),
               result.at("failed").dump(),
               missing,
               mode == "strict" ? result.at("charged").dump() + " charged" : "not counted",
               result.at("reflected").dump());
}

Command command_of(const Options& options) {
  Command command{{sibling("bench-mesh"),
                   "realy",
                   "--data",
                   options.source,
                   "--predictions",
                   options.predictions,
                   "--topology",
                   options.topology,
                   "--mode",
                   options.metric_mode},
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

void check_method(const Options& options) {
  constexpr const char* kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
  if (options.method.find_first_not_of(kLetters) != std::string::npos)
    fail(Exit::kUsage, "--method {}: use letters, digits and . _ + - only", options.method);
  if (!options.method.empty() && options.metric_mode != "both")
    fail(Exit::kUsage, "--method needs --mode both: a stored result has both readings");
}

/// Which table the meshes belong to: several of one subject are side views.
std::string set_of(const Options& options, const json& report) {
  if (!options.realy_set.empty()) return options.realy_set;
  return report.at("views").get<int>() > 1 ? "side" : "frontal";
}

/// REALY's digests are not published, so nobody can call a copy of it real.
DataKind data_of(const json& report) {
  return report.at("stand_in").get<bool>() ? DataKind::kStandIn : DataKind::kUnverified;
}

Task task_of(const Options& options, const json& report) {
  Task task;
  task.kind = TaskKind::kReconstruction;
  task.split = set_of(options, report);
  task.experiment = options.method + (task.split == "side" ? "@realy-side" : "@realy");
  task.model = options.method;
  task.variant = name_of(ExternalKind::kMeshes);
  task.dataset = "realy";
  task.data = data_of(report);
  task.pack_sha256 = report.at("truth_sha256").get<std::string>();
  task.profile = "full";
  task.official = !report.at("masked").get<bool>();
  task.device_class = "cpu";
  External& external = task.external.emplace();
  external.kind = ExternalKind::kMeshes;
  external.sha256 = report.at("predictions_sha256").get<std::string>();
  return task;
}

TaskRecord record_of(const Options& options, const json& report, const Attempt& attempt) {
  TaskRecord record;
  record.task = task_of(options, report);
  record.environment = host_environment();
  record.environment.threads = options.jobs > 0 ? options.jobs : usable_processors();
  record.attempt = attempt;
  add_realy(report, record);
  record.notes.push_back(
      {"departure",
       "topology " + report.at("topology").get<std::string>() + "; meshes made elsewhere"});
  if (report.at("masked").get<bool>()) record.notes.push_back({"departure", "a mask was used"});
  if (const auto resumed = report.at("resumed").get<std::int64_t>(); resumed > 0)
    record.notes.push_back(
        {"warning", fmt::format("{} meshes were scored before: the time is not of them", resumed)});
  return record;
}

/// The claim of an experiment of that name, where there is one.
void store_claim(const Options& options, const std::string& experiment, Store& store) {
  for (const Experiment& known : load_experiments(options.configs, options.cards))
    if (known.id == experiment && known.claim) store.upsert_claim(experiment, *known.claim);
}

void store_result(const Options& options, const json& report, const Attempt& attempt) {
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

std::optional<MeasuredRealy> measured_of(const json& report) {
  TaskRecord record;
  record.task.data = data_of(report);
  add_realy(report, record);
  return measured_realy(record);
}

void print_standing(const PublishedTable* table, const json& report) {
  const std::optional<MeasuredRealy> measured = measured_of(report);
  if (!table || !measured) return;
  const std::vector<std::string> lines = standing_lines(*table, *measured);
  if (lines.empty()) return;
  if (measured->data != DataKind::kStandIn)
    fmt::print("among {} as published, if the scans are REALY's:\n", table->title);
  for (const std::string& line : lines) fmt::print("  {}\n", line);
}

}  // namespace

int verb_realy_score(const Options& options) {
  check_method(options);
  const std::vector<PublishedTable> tables = load_all_published(options.configs);
  std::optional<DatabaseLock> lock;
  if (!options.method.empty()) lock.emplace(options.database);
  Attempt attempt;
  attempt.started_ns = now_ns();
  const Output output = run_to_end(command_of(options), /*pass_err=*/true);
  attempt.ended_ns = now_ns();
  attempt.peak_rss_bytes = output.exited.peak_rss_bytes;
  if (output.exited.signal != 0)
    fail(Exit::kTaskFailed, "bench-mesh was killed by signal {}", output.exited.signal);
  json report = json::parse(output.out, nullptr, /*allow_exceptions=*/false);
  if (!report.is_object()) return output.exited.exit_code;  // it has said why
  if (!options.method.empty()) store_result(options, report, attempt);
  const std::string pictures = options.out + "/pictures";  // none where every mesh failed
  if (options.pictures && std::filesystem::exists(pictures)) call_prepare({"errormaps", pictures});
  const PublishedTable* table = find_table(tables, "realy", set_of(options, report));
  if (options.format == "json") {
    const std::optional<MeasuredRealy> measured = measured_of(report);
    report["standing"] = table && measured ? standing_json(*table, *measured) : json::array();
    print_json(report);
    return output.exited.exit_code;
  }
  print_table(table_of(report), options.format);
  if (options.format == "text") print_notes(report);
  if (options.format == "text") print_standing(table, report);
  return output.exited.exit_code;
}

}  // namespace mien
