// weights convert and show, mesh, data crop: files of other programs. bench-prepare reads and
// writes them; its reports are printed here.
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/cli/command.h"
#include "harness/cli/print.h"
#include "harness/system/siblings.h"

namespace mien {
namespace {

using nlohmann::json;

struct WeightsOptions : TextOptions {
  std::vector<std::string> files;
  std::string out;  // of convert
};

struct ShowWeightsOptions : PrintedOptions {
  std::vector<std::string> files;
};

struct CropOptions : TextOptions {
  std::string faces, out;
  std::int64_t size_px = 227;
  bool no_jpeg = false;
};

struct MeshOptions : PrintedOptions {
  static constexpr const char* kFormats = "";  // --format is that of the meshes
  std::string coefficients, face_model, out;
  std::string mesh_format = "ply";
  bool no_pose = false;
};

std::vector<std::string> arrays_arguments(const std::vector<std::string>& files,
                                          const std::string& out) {
  std::vector<std::string> arguments = {"arrays"};
  if (!out.empty()) arguments.insert(arguments.end(), {"--out", out});
  arguments.push_back("--");
  arguments.insert(arguments.end(), files.begin(), files.end());
  return arguments;
}

std::string number_text(const json& value) {
  return value.is_number() ? fmt::format("{:.6g}", value.get<double>()) : "";
}

Table tensors_table(const json& file) {
  Table table{file.at("file"),
              {{"tensor"},
               {"dtype"},
               {"shape", Align::kRight},
               {"min", Align::kRight, 1},
               {"max", Align::kRight, 1},
               {"mean", Align::kRight, 2},
               {"not finite", Align::kRight}},
              {}};
  for (const json& tensor : file.at("tensors")) {
    const auto shape = tensor.at("shape").get<std::vector<std::int64_t>>();
    table.rows.push_back({tensor.at("name"),
                          tensor.at("dtype"),
                          shape.empty() ? "scalar" : fmt::format("{}", fmt::join(shape, "x")),
                          number_text(tensor.at("min")),
                          number_text(tensor.at("max")),
                          number_text(tensor.at("mean")),
                          std::to_string(tensor.at("not_finite").get<std::int64_t>())});
  }
  return table;
}

int convert_weights(const WeightsOptions& options) {
  json answer = call_prepare(arrays_arguments(options.files, options.out));
  if (options.format == "json") {
    answer["schema"] = 1;
    print_json(answer);
    return 0;
  }
  const auto not_finite = answer.at("not_finite").get<std::int64_t>();
  fmt::print("{}: {} tensors, {} bytes, SHA-256 {}\n",
             terminal_text(answer.at("out").get<std::string>()),
             answer.at("tensors").get<std::int64_t>(),
             answer.at("bytes").get<std::int64_t>(),
             answer.at("sha256").get<std::string>());
  if (not_finite > 0)
    fmt::print(stderr, "bench: {} numbers are not finite; no model loads them\n", not_finite);
  return 0;
}

int show_weights(const ShowWeightsOptions& options) {
  const json answer = call_prepare(arrays_arguments(options.files, ""));
  if (options.format == "json") {
    print_json({{"schema", 1}, {"files", answer.at("files")}});
    return 0;
  }
  for (const json& file : answer.at("files")) print_table(tensors_table(file), options.format);
  return 0;
}

/// Prints the report as "key  value", also if rows were left out. Returns the exit code.
int print_rows(const std::vector<std::string>& arguments, const std::string& format) {
  const PrepareAnswer answer = ask_prepare(arguments);
  if (format == "json" && answer.report) print_json(*answer.report);
  if (format == "text" && answer.report) {
    Table table{"", {{"what"}, {"value"}}, {}};
    for (const auto& [key, value] : answer.report->items())
      table.rows.push_back({key, value.is_string() ? value.get<std::string>() : value.dump()});
    print_table(table, format);
  }
  if (answer.exit_code != 0) fmt::print(stderr, "bench: {}\n", answer.problem);
  return answer.exit_code;
}

int crop(const CropOptions& options) {
  std::vector<std::string> arguments = {
      "crop", "--out", options.out, "--size", std::to_string(options.size_px)};
  if (options.no_jpeg) arguments.push_back("--no-jpeg");
  arguments.insert(arguments.end(), {"--", options.faces});
  return print_rows(arguments, options.format);
}

int make_meshes(const MeshOptions& options) {
  std::vector<std::string> arguments = {"mesh",
                                        "--face-model",
                                        options.face_model,
                                        "--out",
                                        options.out,
                                        "--format",
                                        options.mesh_format};
  if (options.no_pose) arguments.push_back("--no-pose");
  arguments.insert(arguments.end(), {"--", options.coefficients});
  return print_rows(arguments, options.format);
}

}  // namespace

void declare_weights(CliCommand& bench) {
  CliCommand weights = bench.group("weights", "files of weights");
  auto [convert, convert_options] = weights.add<WeightsOptions>(
      "convert", "write .npz, .npy and .safetensors files as one .safetensors", convert_weights);
  convert.option("files", convert_options.files, "files to join").required();
  convert.option("-o,--out", convert_options.out, "the .safetensors file to write").required();
  auto [show, show_options] = weights.add<ShowWeightsOptions>(
      "show", "names, dtypes, shapes, ranges and numbers that are not finite", show_weights);
  show.option("files", show_options.files, ".safetensors, .npz or .npy").required();
}

void declare_data_crop(CliCommand& data) {
  auto [command, options] =
      data.add<CropOptions>("crop", "cut out faces in the format of ExpNet's training data", crop);
  command.option("faces", options.faces, "CSV: ID,FILE,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT")
      .required();
  command.option("-o,--out", options.out, "folder of the crops, ID.png, and crops.csv").required();
  command.option("--size", options.size_px, "side of a crop in px").range(1, 4096).show_default();
  command.flag("--no-jpeg", options.no_jpeg, "without the published loss to JPEG, quality 95");
}

void declare_mesh(CliCommand& bench) {
  auto [command, options] =
      bench.add<MeshOptions>("mesh", "make meshes from coefficients and a face model", make_meshes);
  command.option("coefficients", options.coefficients, "CSV: ID, s0 .. s98, e0 .. e28, p0 .. p5")
      .required();
  command.option("--face-model", options.face_model, "file or folder of the face model").required();
  command.option("-o,--out", options.out, "folder of ID_Shape_Expr_Pose.ply").required();
  command.option("--format", options.mesh_format, "one of ply,obj")
      .one_of({"ply", "obj"})
      .show_default();
  command.flag("--no-pose", options.no_pose, "leave the pose out: ID_Shape_Expr.ply");
  command.json(options.format, "the report as JSON");
}

}  // namespace mien
