// realy score: a folder of predicted meshes to REALY errors. bench-mesh does the work, and
// bench-prepare draws it.
#include "harness/core/error.h"
#include "harness/process.h"
#include "harness/tools.h"
#include "harness/verbs.h"
#include "results/table.h"

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

}  // namespace

int verb_realy_score(const Options& options) {
  const Output output = run_to_end(command_of(options), /*pass_err=*/true);
  if (output.exited.signal != 0)
    fail(Exit::kTaskFailed, "bench-mesh was killed by signal {}", output.exited.signal);
  const json report = json::parse(output.out, nullptr, /*allow_exceptions=*/false);
  if (!report.is_object()) return output.exited.exit_code;  // it has said why
  const std::string pictures = options.out + "/pictures";  // none where every mesh failed
  if (options.pictures && std::filesystem::exists(pictures)) call_prepare({"errormaps", pictures});
  if (options.format == "json") {
    print_json(report);
    return output.exited.exit_code;
  }
  print_table(table_of(report), options.format);
  if (options.format == "text") print_notes(report);
  return output.exited.exit_code;
}

}  // namespace mien
