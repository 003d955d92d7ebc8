// weights convert|show: bench-prepare reads the files, what it says is printed here.
#include "harness/core/error.h"
#include "harness/verbs.h"
#include "results/table.h"

namespace mien {
namespace {

using nlohmann::json;

std::vector<std::string> arrays_arguments(const Options& options) {
  std::vector<std::string> arguments = {"arrays"};
  if (!options.out.empty()) arguments.insert(arguments.end(), {"--out", options.out});
  arguments.push_back("--");
  arguments.insert(arguments.end(), options.files.begin(), options.files.end());
  return arguments;
}

std::string figure(const json& value) {
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
                          figure(tensor.at("min")),
                          figure(tensor.at("max")),
                          figure(tensor.at("mean")),
                          std::to_string(tensor.at("not_finite").get<std::int64_t>())});
  }
  return table;
}

}  // namespace

int verb_weights_convert(const Options& options) {
  json answer = call_prepare(arrays_arguments(options));
  if (options.format == "json") {
    answer["schema"] = 1;
    print_json(answer);
    return 0;
  }
  const auto not_finite = answer.at("not_finite").get<std::int64_t>();
  fmt::print("{}: {} tensors, {} bytes, SHA-256 {}\n",
             printable(answer.at("out").get<std::string>()),
             answer.at("tensors").get<std::int64_t>(),
             answer.at("bytes").get<std::int64_t>(),
             answer.at("sha256").get<std::string>());
  if (not_finite > 0)
    fmt::print(stderr, "bench: {} numbers are not finite; no model loads them\n", not_finite);
  return 0;
}

int verb_weights_show(const Options& options) {
  const json answer = call_prepare(arrays_arguments(options));
  if (options.format == "json") {
    print_json({{"schema", 1}, {"files", answer.at("files")}});
    return 0;
  }
  for (const json& file : answer.at("files")) print_table(tensors_table(file), options.format);
  return 0;
}

}  // namespace mien
