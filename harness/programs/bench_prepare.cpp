// bench-prepare: reads datasets and writes packs, and does everything else that needs OpenCV or a
// file format of others. Called by bench.
//
//   stdout  one JSON document, the result
//   stderr  one line per message, each after "bench-prepare: ". A line "step SECONDS TEXT"
//   announces
//           work and how long it is expected to take (0: unknown); the last line of a failure is
//           its reason
//   exit    a code of harness/base/error.h
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <memory>
#include <nlohmann/json.hpp>

#include "datasets/convert/arrays.h"
#include "datasets/convert/expnet_files.h"
#include "datasets/face_models/face_models.h"
#include "datasets/figures/coefficients_sheet.h"
#include "datasets/figures/error_map.h"
#include "datasets/figures/sheet.h"
#include "datasets/prepare/catalog.h"
#include "datasets/prepare/prepare.h"
#include "datasets/prepare/verify.h"
#include "datasets/stand_ins/stand_in.h"
#include "harness/base/error.h"

namespace mien {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kShownProblems = 20;

void print(const ordered_json& value) {
  fmt::print("{}\n", value.dump(2, ' ', false, ordered_json::error_handler_t::replace));
}

template <typename... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  fmt::print(stderr, "bench-prepare: {}\n", fmt::format(format, std::forward<Args>(args)...));
  std::fflush(stderr);
}

/// The commands of the program. The one that was parsed runs with its own arguments.
class Commands {
 public:
  explicit Commands(CLI::App& app) : app_(app) {}

  /// Adds a command. `run` returns an exit code, or the document to print.
  template <typename Arguments, typename Run>
  std::pair<CLI::App*, Arguments&> add(const char* name, const char* help, Run run) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = app_.add_subcommand(name, help);
    command->callback([this, arguments, run] { run_ = [=] { return finish(run(*arguments)); }; });
    return {command, *arguments};
  }

  Exit run() const { return run_(); }

 private:
  static Exit finish(Exit exit) { return exit; }
  static Exit finish(const ordered_json& document) {
    print(document);
    return Exit::kDone;
  }

  CLI::App& app_;
  std::function<Exit()> run_;
};

// --- datasets

struct DatasetArguments {
  PrepareRequest request;
  std::filesystem::path out;     // show: the sheet
  std::filesystem::path hashes;  // verify: file of digests to write
  int columns = 12;              // show
};

/// Ends the program on a signal. Finished work is on disk already (datasets/tree/journal.h).
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

/// Prints the first of what was left out, and why. The manifest has all of it.
void print_problems(const ordered_json& manifest) {
  if (!manifest.contains("problems")) return;
  const ordered_json& problems = manifest.at("problems");
  for (std::size_t i = 0; i < std::min(problems.size(), kShownProblems); ++i)
    say("{}: {}",
        problems[i].at("path").get<std::string>(),
        problems[i].at("reason").get<std::string>());
  if (problems.size() > kShownProblems)
    say("... and {} more, all in the manifest", problems.size() - kShownProblems);
  say("{} of {} pictures used; no face found in {}, {} not readable",
      manifest.at("n_used").get<std::int64_t>(),
      manifest.at("n_total").get<std::int64_t>(),
      manifest.at("n_no_face").get<std::int64_t>(),
      manifest.at("n_failed").get<std::int64_t>());
}

PrepareRequest announced(PrepareRequest request) {
  request.announce = [](const std::string& step, double seconds) {
    say("step {:.0f} {}", seconds, step);
  };
  return request;
}

Exit run_prepare(const DatasetArguments& arguments) {
  catch_signals();
  const ordered_json result = prepare(announced(arguments.request));
  if (!result.at("cached")) {
    print_problems(result.at("manifest"));
    say("{}: {} samples prepared in {:.0f} s ({} data)",
        arguments.request.name,
        result.at("samples").get<std::int64_t>(),
        result.at("seconds").get<double>(),
        result.at("data").get<std::string>());
  }
  print(result);
  return Exit::kDone;
}

Exit run_verify(const DatasetArguments& arguments) {
  const Verification result = verify(arguments.request, arguments.hashes);
  print_problems(result.report.at("manifest"));
  print(result.report);
  if (result.exit != Exit::kDone) say("{}", result.problem);
  return result.exit;
}

void declare_selection(CLI::App* command, PrepareRequest& request) {
  command->add_option("name", request.name, "dataset, e.g. fer2013")->required();
  command->add_option("--source", request.source, "folder to read instead of the usual one");
  command->add_option("--frames", request.frames, "frames of a sequence: see frame_rules in cards");
  command->add_flag("--stand-in", request.stand_in, "the stand-in even if real data is there");
}

void declare_consent(CLI::App* command, PrepareRequest& request) {
  command->add_flag("--accept-unverified",
                    request.accept_unverified,
                    "read files whose digest is not a published one; results say so");
}

void declare_datasets(Commands& commands) {
  auto [locate, locate_arguments] = commands.add<DatasetArguments>(
      "locate",
      "say where a dataset is and whether its pack is ready",
      [](const DatasetArguments& a) { return mien::locate(a.request); });
  declare_selection(locate, locate_arguments.request);
  auto [prepare, prepare_arguments] = commands.add<DatasetArguments>(
      "prepare", "read a dataset, verify it and write its pack", run_prepare);
  auto [verify, verify_arguments] = commands.add<DatasetArguments>(
      "verify", "read everything again and compare it with what is known", run_verify);
  for (auto [command, request] : {std::pair(prepare, &prepare_arguments.request),
                                  std::pair(verify, &verify_arguments.request)}) {
    declare_selection(command, *request);
    declare_consent(command, *request);
    command->add_flag("--strict", request->strict, "refuse a copy with any problem");
  }
  verify->add_option(
      "--manifest", verify_arguments.hashes, "file to write 'sha256  path' lines to");
  auto [show, show_arguments] = commands.add<DatasetArguments>(
      "show",
      "write a sheet of samples per class; prepares the dataset first",
      [](const DatasetArguments& a) {
        catch_signals();
        return mien::show(announced(a.request), a.out, a.columns);
      });
  declare_selection(show, show_arguments.request);
  declare_consent(show, show_arguments.request);
  show->add_option("--out", show_arguments.out, "the sheet, .png or .jpg")->required();
  show->add_option("--columns", show_arguments.columns, "samples per class")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
}

struct SynthesizeArguments {
  std::string name;
  std::filesystem::path out;
  SynthesizeOptions options;
};

void declare_synthesize(Commands& commands) {
  auto [command, arguments] = commands.add<SynthesizeArguments>(
      "synthesize",
      "write a synthetic stand-in in the dataset's layout",
      [](const SynthesizeArguments& a) {
        synthesize(a.name, a.out, a.options);
        return ordered_json({{"dataset", a.name}, {"out", a.out.string()}});
      });
  SynthesizeOptions& options = arguments.options;
  command->add_option("name", arguments.name, "dataset, e.g. fer2013")->required();
  command->add_option("--out", arguments.out, "folder, new or empty")->required();
  command->add_option("--subjects", options.subjects, "number of subjects");
  command->add_option("--head", options.head, "built-in, or ict-facekit in $MIEN_DATA")
      ->transform(CLI::CheckedTransformer(std::map<std::string, FaceHead>{
          {"built-in", FaceHead::kProcedural}, {"ict-facekit", FaceHead::kInstalled}}));
  command->add_option("--face-model", options.face_model, "the file of a face model instead");
  command->add_option("--label-noise",
                      options.label_noise,
                      "standard deviations added to true coefficients of training samples");
  command->add_option("--seed", options.seed, "seed; another one draws other faces")
      ->capture_default_str();
}

// --- files of other programs

struct FileArguments {
  std::vector<std::filesystem::path> files;
  std::filesystem::path out;
  std::filesystem::path face_model;
};

ordered_json describe(const std::vector<std::filesystem::path>& files) {
  ordered_json all = ordered_json::array();
  for (const std::filesystem::path& path : files) all.push_back(describe_arrays(path));
  return {{"files", all}};
}

void declare_files(Commands& commands) {
  auto [face_model, model_arguments] = commands.add<FileArguments>(
      "facemodel", "describe a morphable face model, or pack it", [](const FileArguments& a) {
        return a.out.empty() ? describe_face_model(a.face_model)
                             : pack_face_model(a.face_model, a.out);
      });
  face_model->add_option("path", model_arguments.face_model, "file or folder of the model")
      ->required();
  face_model->add_option("--out", model_arguments.out, "write it as one .safetensors file");
  auto [arrays, array_arguments] = commands.add<FileArguments>(
      "arrays", "describe arrays, or write them as .safetensors", [](const FileArguments& a) {
        return a.out.empty() ? describe(a.files) : convert_arrays(a.files, a.out);
      });
  arrays->add_option("paths", array_arguments.files, "files: .safetensors, .npz, .npy")->required();
  arrays->add_option("--out", array_arguments.out, "write all arrays to one .safetensors file");
}

struct TableArguments {
  std::filesystem::path table, out, face_model;
  CropOptions crop;
  MeshOptions mesh;
};

/// Prints the result of a table whose rows were used one by one. What could be used is written; a
/// row that could not makes the exit code Exit::kPrecondition.
Exit answer_rows(const RowsResult& result, const std::filesystem::path& table) {
  print(result.report);
  const std::vector<std::string>& problems = result.problems;
  if (problems.empty()) return Exit::kDone;
  for (std::size_t i = 0; i < std::min(problems.size(), kShownProblems); ++i)
    say("{}", problems[i]);
  say("{}: {} of {} rows left out, the others are written; the first: {}",
      table.string(),
      problems.size(),
      result.report.at("rows").get<std::size_t>(),
      problems.front());
  return Exit::kPrecondition;
}

void declare_tables(Commands& commands) {
  auto [crop, crop_arguments] = commands.add<TableArguments>(
      "crop", "cut out faces in the format of ExpNet's training data", [](const TableArguments& a) {
        return answer_rows(crop_faces(a.table, a.out, a.crop), a.table);
      });
  auto [mesh, mesh_arguments] = commands.add<TableArguments>(
      "mesh", "make meshes from coefficients and a face model", [](const TableArguments& a) {
        return answer_rows(write_meshes(a.table, a.face_model, a.out, a.mesh), a.table);
      });
  for (auto [command, arguments] :
       {std::pair(crop, &crop_arguments), std::pair(mesh, &mesh_arguments)}) {
    command->add_option("table", arguments->table, "the CSV")->required();
    command->add_option("--out", arguments->out, "folder to write to")->required();
  }
  crop->add_option("--size", crop_arguments.crop.side_px, "px")->check(CLI::Range(1, 4096));
  crop->add_flag("!--no-jpeg", crop_arguments.crop.jpeg, "without the loss to JPEG");
  mesh->add_option("--face-model", mesh_arguments.face_model, "file or folder of the model")
      ->required();
  mesh->add_option("--format", mesh_arguments.mesh.format, "ply or obj")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, MeshFormat>{{"ply", MeshFormat::kPly}, {"obj", MeshFormat::kObj}}));
  mesh->add_flag("!--no-pose", mesh_arguments.mesh.pose, "leave the pose out");
}

// --- figures

struct FigureArguments {
  std::filesystem::path maps;  // a file, or the folder of errormaps
  std::filesystem::path out, face_model;
};

void declare_figures(Commands& commands) {
  auto [explain, explain_arguments] = commands.add<FigureArguments>(
      "explain", "draw the maps of bench-worker explain", [](const FigureArguments& a) {
        return write_sheet(read_explanation(a.maps), a.out);
      });
  explain->add_option("maps", explain_arguments.maps, "the maps (.safetensors)")->required();
  explain->add_option("--out", explain_arguments.out, "the sheet, .png, .jpg or .html")->required();
  auto [coefficients, coefficient_arguments] = commands.add<FigureArguments>(
      "coefficients", "draw the head of a model's coefficients", [](const FigureArguments& a) {
        return write_sheet(coefficients_sheet(a.maps, a.face_model), a.out);
      });
  coefficients->add_option("file", coefficient_arguments.maps, "picture and numbers (.safetensors)")
      ->required();
  coefficients->add_option("--face-model", coefficient_arguments.face_model, "file of the model")
      ->required();
  coefficients->add_option("--out", coefficient_arguments.out, "the sheet, .png, .jpg or .html")
      ->required();
  auto [maps, map_arguments] = commands.add<FigureArguments>(
      "errormaps",
      "draw the error maps that bench-mesh left, and remove them",
      [](const FigureArguments& a) { return draw_error_maps(a.maps); });
  maps->add_option("folder", map_arguments.maps, "folder of .safetensors files")->required();
}

struct NoArguments {};

}  // namespace
}  // namespace mien

int main(int argc, char** argv) {
  using namespace mien;
  CLI::App app("Reads a dataset in its published layout, verifies it and writes a pack.");
  app.require_subcommand(1);
  Commands commands(app);
  commands.add<NoArguments>(
      "cards", "print the table of datasets", [](const NoArguments&) { return cards(); });
  declare_datasets(commands);
  declare_synthesize(commands);
  declare_files(commands);
  declare_tables(commands);
  declare_figures(commands);
  try {
    app.parse(argc, argv);
    return static_cast<int>(commands.run());
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    say("{}; see bench-prepare --help", error.what());
    return static_cast<int>(Exit::kUsage);
  } catch (const Error& error) {
    say("{}", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {  // no memory, or a fault of ours: still one line
    say("unexpected: {}", error.what());
    return static_cast<int>(Exit::kPrecondition);
  }
}
