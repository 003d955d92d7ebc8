// bench-prepare: datasets on disk in, packs out. Results are JSON on stdout, everything else is one
// line on stderr, and the exit code says what kind of trouble it was (harness/core/error.h).
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "datasets/arrays.h"
#include "datasets/cards.h"
#include "datasets/coefficients_sheet.h"
#include "datasets/error_map.h"
#include "datasets/explain_sheet.h"
#include "datasets/expnet_files.h"
#include "datasets/face_models.h"
#include "datasets/prepare.h"
#include "harness/core/error.h"

namespace mien {
namespace {

void print(const nlohmann::ordered_json& value) {
  using Json = nlohmann::ordered_json;
  fmt::print("{}\n", value.dump(2, ' ', false, Json::error_handler_t::replace));
}

constexpr std::size_t kShownProblems = 20;

struct Arguments {
  PrepareRequest request;
  std::filesystem::path out, hashes;
  int columns = 12;
  std::filesystem::path maps = {};
  std::filesystem::path face_model = {};
  SynthesizeOptions synthesis;
  std::filesystem::path table = {};
  CropOptions crop = {};
  MeshOptions mesh = {};
  std::vector<std::filesystem::path> arrays = {};
};

/// Work is safe on disk at every moment (datasets/spill.h), so there is nothing to wind up.
void leave(int signal) {
  constexpr char kLine[] =
      "\nbench-prepare: interrupted; nothing is lost, the same command goes on where it stopped\n";
  (void)!::write(STDERR_FILENO, kLine, sizeof kLine - 1);
  ::_exit(static_cast<int>(signal == SIGINT ? Exit::kInterrupted : Exit::kTerminated));
}

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = leave;
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

/// What was left out and why: all of it is in the manifest, the first of it here.
void print_problems(const nlohmann::ordered_json& manifest) {
  if (!manifest.contains("problems")) return;
  const nlohmann::ordered_json& problems = manifest.at("problems");
  for (std::size_t i = 0; i < std::min(problems.size(), kShownProblems); ++i)
    fmt::print(stderr,
               "bench-prepare: {}: {}\n",
               problems[i].at("path").get<std::string>(),
               problems[i].at("reason").get<std::string>());
  if (problems.size() > kShownProblems)
    fmt::print(stderr,
               "bench-prepare: ... and {} more, all in the manifest\n",
               problems.size() - kShownProblems);
  fmt::print(stderr,
             "bench-prepare: n_total {}, n_used {}, n_no_face {}, n_failed {}\n",
             manifest.at("n_total").get<std::int64_t>(),
             manifest.at("n_used").get<std::int64_t>(),
             manifest.at("n_no_face").get<std::int64_t>(),
             manifest.at("n_failed").get<std::int64_t>());
}

Exit run_prepare(const PrepareRequest& request) {
  const nlohmann::ordered_json result = prepare(request);
  if (!result.at("cached")) print_problems(result.at("manifest"));
  print(result);
  return Exit::kDone;
}

Exit run_verify(const Arguments& arguments) {
  const Verification result = verify(arguments.request, arguments.hashes);
  print_problems(result.report.at("manifest"));
  print(result.report);
  if (result.exit != Exit::kDone) fmt::print(stderr, "bench-prepare: {}\n", result.problem);
  return result.exit;
}

Exit run_synthesize(const Arguments& arguments) {
  synthesize(arguments.request.name, arguments.out, arguments.synthesis);
  print({{"dataset", arguments.request.name}, {"out", arguments.out.string()}});
  return Exit::kDone;
}

void run_arrays(const Arguments& arguments) {
  if (!arguments.out.empty()) return print(convert_arrays(arguments.arrays, arguments.out));
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const std::filesystem::path& path : arguments.arrays) files.push_back(describe_arrays(path));
  print({{"files", files}});
}

/// What could be used is written; one row that could not makes the answer a precondition.
Exit answer_rows(const RowsResult& result, const std::filesystem::path& table) {
  print(result.report);
  const std::vector<std::string>& problems = result.problems;
  if (problems.empty()) return Exit::kDone;
  for (std::size_t i = 0; i < std::min(problems.size(), kShownProblems); ++i)
    fmt::print(stderr, "bench-prepare: {}\n", problems[i]);
  fmt::print(stderr,
             "bench-prepare: {}: {} of {} rows left out, the others are written; the first: {}\n",
             table.string(),
             problems.size(),
             result.report.at("rows").get<std::size_t>(),
             problems.front());
  return Exit::kPrecondition;
}

void declare_rows(CLI::App& app, Arguments& arguments) {
  CLI::App* crop = app.add_subcommand("crop", "cut faces out as ExpNet was fed them");
  CLI::App* mesh = app.add_subcommand("mesh", "coefficients and a face model to meshes");
  for (CLI::App* sub : {crop, mesh}) {
    sub->add_option("table", arguments.table, "the CSV")->required();
    sub->add_option("--out", arguments.out, "folder to write to")->required();
  }
  crop->add_option("--size", arguments.crop.side_px, "px")->check(CLI::Range(1, 4096));
  crop->add_flag("!--no-jpeg", arguments.crop.jpeg, "without the loss to JPEG");
  mesh->add_option("--face-model", arguments.face_model, "file or folder of the model")->required();
  mesh->add_option("--format", arguments.mesh.format, "ply or obj")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, MeshFormat>{{"ply", MeshFormat::kPly}, {"obj", MeshFormat::kObj}}));
  mesh->add_flag("!--no-pose", arguments.mesh.pose, "leave the pose out");
}

/// Declares the verbs; each fills `arguments` and is found again by its name.
void declare(CLI::App& app, Arguments& arguments) {
  PrepareRequest& request = arguments.request;
  const auto verb = [&](const char* name, const char* help) {
    CLI::App* sub = app.add_subcommand(name, help);
    if (std::string_view(name) != "cards")
      sub->add_option("name", request.name, "dataset, e.g. fer2013")->required();
    return sub;
  };
  verb("cards", "print the table of datasets");
  CLI::App* locate = verb("locate", "say where a dataset lies and whether a pack of it is ready");
  CLI::App* prepare = verb("prepare", "read a dataset, verify it and write its pack");
  CLI::App* verify = verb("verify", "read everything again and compare with what is known");
  CLI::App* show = verb("show", "write a sheet of samples per class, prepared first if need be");
  for (CLI::App* sub : {locate, prepare, verify, show}) {
    sub->add_option("--source", request.source, "folder to read instead of the usual one");
    sub->add_option(
        "--frames", request.frames, "which frames of a sequence: see frame_rules in cards");
    sub->add_flag("--stand-in", request.stand_in, "the synthetic stand-in even where real data is");
  }
  for (CLI::App* sub : {prepare, verify, show})
    sub->add_flag("--accept-unverified",
                  request.accept_unverified,
                  "read files whose digest is not a published one; results say so");
  for (CLI::App* sub : {prepare, verify})
    sub->add_flag("--strict", request.strict, "refuse a copy with any problem");
  verify->add_option("--manifest", arguments.hashes, "file to write 'sha256  path' lines to");
  show->add_option("--out", arguments.out, "the sheet, .png or .jpg")->required();
  show->add_option("--columns", arguments.columns, "samples per class")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  CLI::App* face_model = app.add_subcommand("facemodel", "describe a morphable face model");
  face_model->add_option("path", arguments.face_model, "file or folder of the model")->required();
  face_model->add_option("--out", arguments.out, "write it as one .safetensors file");
  CLI::App* arrays = app.add_subcommand("arrays", "describe arrays, or write them as .safetensors");
  arrays->add_option("paths", arguments.arrays, "files: .safetensors, .npz, .npy")->required();
  arrays->add_option("--out", arguments.out, "write the arrays of all files to one .safetensors");
  declare_rows(app, arguments);
  CLI::App* explain = app.add_subcommand("explain", "draw the maps of bench-worker explain");
  explain->add_option("maps", arguments.maps, "the maps (.safetensors)")->required();
  explain->add_option("--out", arguments.out, "the sheet, .png, .jpg or .html")->required();
  CLI::App* coefficients =
      app.add_subcommand("coefficients", "draw the head that a model's coefficients make");
  coefficients->add_option("file", arguments.maps, "picture and numbers (.safetensors)")
      ->required();
  coefficients->add_option("--face-model", arguments.face_model, "file of the model")->required();
  coefficients->add_option("--out", arguments.out, "the sheet, .png, .jpg or .html")->required();
  CLI::App* maps = app.add_subcommand("errormaps", "draw what bench-mesh left of its scores");
  maps->add_option("folder", arguments.maps, "folder of .safetensors, which go")->required();
  CLI::App* synthesis = verb("synthesize", "write a synthetic stand-in in the dataset's layout");
  synthesis->add_option("--out", arguments.out, "folder, new or empty")->required();
  synthesis->add_option("--subjects", arguments.synthesis.subjects, "how many people to invent");
  synthesis
      ->add_option("--head",
                   arguments.synthesis.head,
                   "whose heads: built-in, or ict-facekit below $MIEN_DATA")
      ->transform(CLI::CheckedTransformer(std::map<std::string, FaceHead>{
          {"built-in", FaceHead::kProcedural}, {"ict-facekit", FaceHead::kInstalled}}));
  synthesis->add_option(
      "--face-model", arguments.synthesis.face_model, "the file of a face model instead");
  synthesis->add_option("--label-noise",
                        arguments.synthesis.label_noise,
                        "standard deviations added to true coefficients of training samples");
  synthesis->add_option("--seed", arguments.synthesis.seed, "another seed, other faces")
      ->capture_default_str();
}

Exit run(const std::string& verb, const Arguments& arguments) {
  if (verb == "prepare" || verb == "show") catch_signals();
  if (verb == "prepare") return run_prepare(arguments.request);
  if (verb == "verify") return run_verify(arguments);
  if (verb == "synthesize") return run_synthesize(arguments);
  if (verb == "crop")
    return answer_rows(crop_faces(arguments.table, arguments.out, arguments.crop), arguments.table);
  if (verb == "mesh")
    return answer_rows(
        write_meshes(arguments.table, arguments.face_model, arguments.out, arguments.mesh),
        arguments.table);
  if (verb == "facemodel")
    print(arguments.out.empty() ? describe_face_model(arguments.face_model)
                                : pack_face_model(arguments.face_model, arguments.out));
  if (verb == "arrays") run_arrays(arguments);
  if (verb == "explain") print(write_sheet(read_explanation(arguments.maps), arguments.out));
  if (verb == "coefficients")
    print(write_sheet(coefficients_sheet(arguments.maps, arguments.face_model), arguments.out));
  if (verb == "errormaps") print(draw_error_maps(arguments.maps));
  if (verb == "cards") print(cards());
  if (verb == "locate") print(locate(arguments.request));
  if (verb == "show") print(show(arguments.request, arguments.out, arguments.columns));
  return Exit::kDone;
}

}  // namespace
}  // namespace mien

int main(int argc, char** argv) {
  CLI::App app("Reads a dataset in its published layout, verifies it and writes a pack.");
  app.require_subcommand(1);
  mien::Arguments arguments;
  mien::declare(app, arguments);
  try {
    app.parse(argc, argv);
    return static_cast<int>(mien::run(app.get_subcommands().front()->get_name(), arguments));
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "bench-prepare: {}; see bench-prepare --help\n", error.what());
    return static_cast<int>(mien::Exit::kUsage);
  } catch (const mien::Error& error) {
    fmt::print(stderr, "bench-prepare: {}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {  // out of memory, or a fault of ours: still one line
    fmt::print(stderr, "bench-prepare: unexpected: {}\n", error.what());
    return static_cast<int>(mien::Exit::kPrecondition);
  }
}
