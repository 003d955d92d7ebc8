// data crop, mesh: what surrounds ExpNet. bench-prepare does the work, for it reads pictures and
// face models.
#include "harness/core/error.h"
#include "harness/tools.h"
#include "harness/verbs.h"
#include "results/table.h"

namespace mien {
namespace {

/// Prints the report as "key  value", also where rows were left out; gives the exit code.
int print_rows(const std::vector<std::string>& arguments, const std::string& format) {
  const PrepareAnswer answer = ask_prepare(arguments);
  if (format == "json" && !answer.report.is_null()) print_json(answer.report);
  if (format == "text" && !answer.report.is_null()) {
    Table table{"", {{"what"}, {"value"}}, {}};
    for (const auto& [key, value] : answer.report.items())
      table.rows.push_back({key, value.is_string() ? value.get<std::string>() : value.dump()});
    print_table(table, format);
  }
  if (answer.exit_code != 0) fmt::print(stderr, "bench: {}\n", answer.problem);
  return answer.exit_code;
}

}  // namespace

int verb_data_crop(const Options& options) {
  std::vector<std::string> arguments = {
      "crop", "--out", options.out, "--size", std::to_string(options.size_px)};
  if (options.no_jpeg) arguments.push_back("--no-jpeg");
  arguments.insert(arguments.end(), {"--", options.source});
  return print_rows(arguments, options.format);
}

int verb_mesh(const Options& options) {
  std::vector<std::string> arguments = {"mesh",
                                        "--face-model",
                                        options.face_model,
                                        "--out",
                                        options.out,
                                        "--format",
                                        options.mesh_format};
  if (options.no_pose) arguments.push_back("--no-pose");
  arguments.insert(arguments.end(), {"--", options.source});
  return print_rows(arguments, options.format);
}

}  // namespace mien
