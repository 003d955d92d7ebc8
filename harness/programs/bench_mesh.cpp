// bench-mesh: computes the errors of predicted meshes. Called by `bench realy score`.
//
//   stdout  one JSON document, the report
//   stderr  one line per message, each after "bench-mesh: "
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/parallel.h"
#include "harness/realy/score.h"

namespace mien {
namespace {

struct Arguments {
  ScoreRequest request;
  std::string mode = "both";
};

void declare(CLI::App& app, Arguments& arguments) {
  ScoreRequest& request = arguments.request;
  request.jobs = usable_processors();
  CLI::App* realy = app.add_subcommand("realy", "the REALY error of a folder of meshes");
  realy->add_option("--data", request.data, "folder of REALY's data")->required();
  realy->add_option("--predictions", request.predictions, "folder of .obj or .ply")->required();
  realy->add_option("--topology", request.topology, "template: data/<name>.obj")->required();
  realy->add_option("--mask", request.mask, "0 or 1 per vertex, commas between");
  realy->add_option("--mode", arguments.mode, "compat, strict or both")
      ->check(CLI::IsMember({"compat", "strict", "both"}))
      ->capture_default_str();
  realy->add_option("--jobs", request.jobs, "threads")->check(CLI::Range(1, 256));
  realy->add_option("--views", request.views, "pictures per subject")->check(CLI::Range(1, 1000));
  realy->add_option("--out", request.out, "folder of what is kept");
  realy->add_flag("--error-text", request.error_text, "REALY_error.txt in --out");
  realy->add_flag("--pictures", request.pictures, "pictures/, to be drawn, in --out");
  realy->add_flag("--meshes", request.keep_meshes, "region_align_save/ in --out");
}

Exit run(Arguments& arguments) {
  ScoreRequest& request = arguments.request;
  if (arguments.mode == "compat") request.protocols = {RealyProtocol::kCompat};
  if (arguments.mode == "strict") request.protocols = {RealyProtocol::kStrict};
  if ((request.error_text || request.keep_meshes || request.pictures) && request.out.empty())
    fail(Exit::kUsage, "--error-text, --meshes and --pictures need --out");
  if (request.error_text && arguments.mode == "strict")
    fail(Exit::kUsage, "--error-text needs --mode compat or both");
  const ScoreAnswer answer = score_predictions(request);
  fmt::print("{}\n", to_json(answer.report).dump());
  return answer.complete ? Exit::kDone : Exit::kPrecondition;
}

}  // namespace
}  // namespace mien

int main(int argc, char** argv) {
  CLI::App app("Scores predicted meshes against scans.");
  app.require_subcommand(1);
  mien::Arguments arguments;
  mien::declare(app, arguments);
  try {
    app.parse(argc, argv);
    return static_cast<int>(mien::run(arguments));
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "bench-mesh: {}; see bench-mesh --help\n", error.what());
    return static_cast<int>(mien::Exit::kUsage);
  } catch (const mien::Error& error) {
    fmt::print(stderr, "bench-mesh: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {  // out of memory, or a fault of ours: still one line
    fmt::print(stderr, "bench-mesh: unexpected: {}\n", error.what());
    return static_cast<int>(mien::Exit::kPrecondition);
  }
}
