// data list, prepare, verify, synthesize, show, facemodel; doctor.
#include "harness/cli/data.h"

#include <sys/statvfs.h>

#include <nlohmann/json.hpp>

#include "harness/base/enum_names.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/cli/command.h"
#include "harness/cli/print.h"
#include "harness/config/catalog.h"
#include "harness/run/dataset_location.h"
#include "harness/system/environment.h"
#include "harness/system/siblings.h"
#include "results/table.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

struct DataListOptions : PrintedOptions {
  std::string dataset;  // "" = all
};

/// Options of prepare, verify and show.
struct DataReadOptions : TextOptions {
  SampleOptions samples;
  bool strict = false;       // prepare, verify
  std::string manifest;      // verify
  std::string out;           // show
  std::int64_t columns = 0;  // show; 0 = the default of bench-prepare

  std::vector<std::string> arguments(const char* verb) const {
    std::vector<std::string> found = samples.arguments(verb);
    if (strict) found.push_back("--strict");
    return found;
  }
};

struct SynthesizeOptions : TextOptions {
  std::string dataset, out;
  std::int64_t subjects = 0;  // 0 = the default of the dataset
  std::string head = "built-in", face_model;
  double label_noise = 0;
  std::int64_t seed = 1;
};

struct FaceModelOptions : TextOptions {
  std::string path, out;
};

struct DoctorOptions : TextOptions {
  std::string database;
};

/// Returns a JSON value for a person: text without quotes, the rest as JSON.
std::string plain(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Adds every leaf of a document as a row "a.b  value".
void flatten(const json& value, const std::string& prefix, Table& table) {
  if (value.is_object() && !value.empty()) {
    for (const auto& [key, inner] : value.items())
      flatten(inner, prefix.empty() ? key : prefix + "." + key, table);
  } else {
    table.rows.push_back({prefix, plain(value)});
  }
}

void print_answer(const json& answer, const std::string& format) {
  if (format == "json") return print_json(answer);
  Table table{"", {{"what"}, {"value"}}, {}};
  flatten(answer, "", table);
  print_table(table, format);
}

// --- doctor --------------------------------------------------------------------------------------

enum class Health { kGood, kNote, kBad };

struct Finding {
  std::string what, value;
  Health health = Health::kGood;
  std::string advice = {};  // a command or sentence; "" when good
};

constexpr EnumNames<Health> kHealthNames = {
    {"ok", Health::kGood}, {"note", Health::kNote}, {"bad", Health::kBad}};

bool is_fast_blas(const std::string& blas) {
  for (const char* name : {"openblas", "mkl", "Math Kernel Library", "blis", "atlas"})
    if (blas.find(name) != std::string::npos) return true;
  return false;
}

Finding disk(const std::string& what, fs::path folder) {
  constexpr double kGiB = 1024.0 * 1024 * 1024, kWanted = 2;
  while (!folder.empty() && !fs::exists(folder)) folder = folder.parent_path();
  struct statvfs space {};
  if (folder.empty()) folder = ".";
  if (::statvfs(folder.c_str(), &space) != 0)
    return {what, folder.string(), Health::kBad, "unreadable"};
  const double free =
      static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize) / kGiB;
  Finding finding{what, fmt::format("{} ({:.1f} GiB free)", folder.string(), free)};
  if (free < kWanted) {
    finding.health = Health::kBad;
    finding.advice = "free some space: a pack and weights need up to 2 GiB";
  }
  return finding;
}

void examine_worker(std::vector<Finding>& findings) {
  const Catalog catalog;
  if (!catalog.models_known()) {
    findings.push_back({"bench-worker",
                        "absent",
                        Health::kNote,
                        "a lite build reads results only; build the preset release to run"});
    return;
  }
  WorkerDevices devices;
  try {
    devices = ask_devices();
  } catch (const Error& error) {
    findings.push_back({"bench-worker", "does not start", Health::kBad, error.what()});
    return;
  }
  findings.push_back({"LibTorch", catalog.libtorch() + (catalog.cuda() ? ", CUDA" : ", CPU only")});
  const std::string& blas = devices.blas;
  const bool fast = is_fast_blas(blas);
  findings.push_back({"BLAS",
                      blas,
                      fast ? Health::kGood : Health::kBad,
                      fast ? "" : "linear layers will be slow: apt install libopenblas0-pthread"});
  const int gpus = devices.gpus;
  findings.push_back({"CUDA devices",
                      std::to_string(gpus),
                      gpus ? Health::kGood : Health::kNote,
                      gpus ? "" : "runs use the CPU; their rows say so"});
}

void examine_pack(const std::string& name,
                  const std::string& frames,
                  std::vector<Finding>& findings) {
  const std::string what = fmt::format("pack {}{}{}", name, frames.empty() ? "" : " ", frames);
  try {
    const DatasetLocation located = locate_dataset(name, frames);
    if (located.pack.empty()) return;
    findings.push_back({what, fmt::format("{} {}", name_of(located.data), located.pack)});
  } catch (const Error& error) {
    findings.push_back({what, "unusable", Health::kBad, error.what()});
  }
}

/// Examines packs alone, as bench does without bench-prepare.
void examine_packs(std::vector<Finding>& findings) {
  const Catalog catalog;
  const std::size_t before = findings.size();
  for (const DatasetInfo& dataset : catalog.datasets()) {
    if (dataset.frame_rules.empty()) examine_pack(dataset.name, "", findings);
    for (const NamedText& rule : dataset.frame_rules)
      examine_pack(dataset.name, rule.name, findings);
  }
  if (findings.size() == before)
    findings.push_back({"packs",
                        "none in " + (paths::cache() / "packs").string(),
                        Health::kNote,
                        "copy them from a machine with bench-prepare, or set MIEN_CACHE"});
}

void examine_data(std::vector<Finding>& findings) {
  if (!has_prepare()) return examine_packs(findings);
  const Catalog catalog;
  for (const DatasetInfo& dataset : catalog.datasets()) {
    const DatasetLocation located = locate_dataset(dataset.name, "");
    const bool real = located.data != DataKind::kStandIn;
    findings.push_back({"data " + dataset.name,
                        fmt::format("{} {}", name_of(located.data), located.source),
                        real ? Health::kGood : Health::kNote,
                        real ? ""
                             : fmt::format("for real rows put it under {}",
                                           (paths::data() / dataset.name).string())});
  }
}

std::vector<Finding> examine(const std::string& database) {
  const Environment host = host_environment();
  std::vector<Finding> findings = {
      {"mien",
       fmt::format("{}, commit {} ({}), {} {}",
                   host.mien_version,
                   host.commit,
                   host.dirty,
                   host.compiler,
                   host.build_type)},
      {"system", host.os},
      {"CPU", fmt::format("{}, {} usable cores", host.cpu, host.cores)},
      {"memory", fmt::format("{:.1f} GiB", static_cast<double>(host.memory_bytes) / (1 << 30))},
  };
  findings.push_back(disk("cache", paths::cache()));
  findings.push_back(disk("results", fs::absolute(database).parent_path()));
  examine_worker(findings);
  examine_data(findings);
  return findings;
}

/// Returns a dataset's entry in the catalog, and where it is on this machine.
json dataset_json(const DatasetInfo& dataset, const DatasetLocation& located) {
  json item = *dataset.document;
  item["data"] = name_of(located.data);
  item["installed"] = located.data != DataKind::kStandIn;
  item["source"] = located.source;
  item["pack"] = located.pack.empty() ? json() : json(located.pack);
  return item;
}

void print_names(const char* title, const std::vector<std::pair<std::string, std::string>>& rows) {
  if (rows.empty()) return;
  Table table{title, {{""}, {"", Align::kLeft, 1}}, {}};
  for (const auto& [name, text] : rows) table.rows.push_back({name, text});
  print_text(table);
}

/// Prints all that a person needs who has just got a copy of a dataset, or wants one.
void print_dataset(const DatasetInfo& dataset, const DatasetLocation& located) {
  const std::string folder = (paths::data() / "").string();
  fmt::print("{}: {}\n\nlicence    {}\nobtain     {}\n",
             dataset.name,
             dataset.title,
             dataset.licence,
             dataset.obtain);
  fmt::print("on disk    {}: {}\n\nExpected tree, in {}\n{}\n",
             located.data != DataKind::kStandIn ? "installed" : "not installed, a stand-in is used",
             located.source,
             folder,
             dataset.tree);
  std::vector<std::pair<std::string, std::string>> rules, splits;
  for (const NamedText& rule : dataset.frame_rules) rules.emplace_back(rule.name, rule.text);
  for (const NamedSplitInfo& split : dataset.named_splits)
    splits.emplace_back(split.name, split.source);
  print_names("Frame rules (--frames; the first is the default)", rules);
  print_names("Splits (bench data splits shows their sizes)", splits);
  for (const std::string& erratum : dataset.errata)
    fmt::print("{}", wrap("- " + erratum, stdout_style().width, "  "));
}

int list_data(const DataListOptions& options) {
  const Catalog catalog;
  if (!options.dataset.empty()) {
    const DatasetInfo& dataset = catalog.dataset(options.dataset, "data list");
    const DatasetLocation located = locate_dataset(options.dataset, "");
    if (options.format == "json")
      print_json({{"schema", 1}, {"datasets", json::array({dataset_json(dataset, located)})}});
    else
      print_dataset(dataset, located);
    return 0;
  }
  Table table{"",
              {{"dataset"},
               {"installed"},
               {"data"},
               {"source"},
               {"licence", Align::kLeft, 2},
               {"how to obtain", Align::kLeft, 1}},
              {}};
  json items = json::array();
  for (const DatasetInfo& dataset : catalog.datasets()) {
    const DatasetLocation located = locate_dataset(dataset.name, "");
    table.rows.push_back({dataset.name,
                          located.data != DataKind::kStandIn ? "yes" : "no",
                          name_of(located.data),
                          located.source,
                          dataset.licence,
                          dataset.obtain});
    items.push_back(dataset_json(dataset, located));
  }
  if (options.format == "json")
    print_json({{"schema", 1}, {"datasets", items}});
  else
    print_table(table, options.format);
  return 0;
}

int prepare_data(const DataReadOptions& options) {
  print_answer(call_prepare(options.arguments("prepare")), options.format);
  return 0;
}

int verify_data(const DataReadOptions& options) {
  std::vector<std::string> arguments = options.arguments("verify");
  if (!options.manifest.empty())
    arguments.insert(arguments.end(), {"--manifest", options.manifest});
  const PrepareAnswer answer = ask_prepare(arguments);
  if (answer.report) print_answer(*answer.report, options.format);
  if (answer.exit_code != 0) fmt::print(stderr, "bench: {}\n", answer.problem);
  return answer.exit_code;
}

int show_data(const DataReadOptions& options) {
  std::vector<std::string> arguments = options.arguments("show");
  arguments.insert(arguments.end(), {"--out", options.out});
  if (options.columns > 0)
    arguments.insert(arguments.end(), {"--columns", std::to_string(options.columns)});
  print_answer(call_prepare(arguments), options.format);
  return 0;
}

int pack_face_model(const FaceModelOptions& options) {
  std::vector<std::string> arguments = {"facemodel", options.path};
  if (!options.out.empty()) arguments.insert(arguments.end(), {"--out", options.out});
  print_answer(call_prepare(arguments), options.format);
  return 0;
}

int synthesize_data(const SynthesizeOptions& options) {
  std::vector<std::string> arguments = {"synthesize",
                                        options.dataset,
                                        "--out",
                                        options.out,
                                        "--seed",
                                        std::to_string(options.seed),
                                        "--head",
                                        options.head};
  if (options.subjects > 0)
    arguments.insert(arguments.end(), {"--subjects", std::to_string(options.subjects)});
  if (!options.face_model.empty())
    arguments.insert(arguments.end(), {"--face-model", options.face_model});
  if (options.label_noise > 0)
    arguments.insert(arguments.end(), {"--label-noise", fmt::format("{}", options.label_noise)});
  print_answer(call_prepare(arguments), options.format);
  return 0;
}

int doctor(const DoctorOptions& options) {
  Table table{"", {{"what"}, {"found"}, {"", Align::kLeft}, {"advice", Align::kLeft}}, {}};
  json items = json::array();
  bool bad = false;
  for (const Finding& finding : examine(options.database)) {
    table.rows.push_back(
        {finding.what, finding.value, text_in(kHealthNames, finding.health), finding.advice});
    items.push_back({{"what", finding.what},
                     {"found", finding.value},
                     {"health", text_in(kHealthNames, finding.health)},
                     {"advice", finding.advice}});
    bad = bad || finding.health == Health::kBad;
  }
  if (options.format == "json")
    print_json({{"schema", 1}, {"findings", items}});
  else
    print_table(table, options.format);
  return bad ? static_cast<int>(Exit::kPrecondition) : 0;
}

}  // namespace

std::vector<std::string> SampleOptions::arguments(const char* verb) const {
  std::vector<std::string> found = {verb, dataset};
  if (!source.empty()) found.insert(found.end(), {"--source", source});
  if (!frames.empty()) found.insert(found.end(), {"--frames", frames});
  if (stand_in) found.push_back("--stand-in");
  if (accept_unverified) found.push_back("--accept-unverified");
  return found;
}

void SampleOptions::declare(CliCommand& command) {
  command.option("dataset", dataset, "dataset name").required();
  command.option("--source", source, "folder, instead of $MIEN_DATA/<dataset>");
  command.option("--frames", frames, "which frames of a sequence are samples");
  command.flag("--stand-in", stand_in, "use the stand-in even if real data is there");
  command.flag("--accept-unverified",
               accept_unverified,
               "accept files with unpublished digests; the rows say unverified");
}

namespace {

void declare_readers(CliCommand& data) {
  auto [prepare, prepare_options] =
      data.add<DataReadOptions>("prepare", "verify a dataset and write its pack", prepare_data);
  prepare_options.samples.declare(prepare);
  prepare.flag("--strict", prepare_options.strict, "refuse a copy with any problem");
  auto [verify, verify_options] = data.add<DataReadOptions>(
      "verify", "compare digests, counts and duplicates with what is published", verify_data);
  verify_options.samples.declare(verify);
  verify.flag("--strict", verify_options.strict, "refuse a copy with any problem");
  verify.option("--manifest", verify_options.manifest, "file to write 'sha256  path' lines to");
}

void declare_synthesize(CliCommand& data) {
  auto [command, options] = data.add<SynthesizeOptions>(
      "synthesize", "write a synthetic stand-in in the dataset's own layout", synthesize_data);
  command.option("dataset", options.dataset, "dataset name").required();
  command.option("-o,--out", options.out, "folder to write").required();
  command.option("--subjects", options.subjects, "number of subjects").range(1, 100000);
  command
      .option(
          "--head", options.head, "heads to draw; ict-facekit must be in $MIEN_DATA/ict-facekit")
      .one_of({"built-in", "ict-facekit"})
      .show_default();
  command.option("--face-model", options.face_model, "file of a face model whose heads are drawn");
  command
      .option("--label-noise",
              options.label_noise,
              "standard deviations added to true coefficients of training samples")
      .range(0.0, 10.0);
  command.option("--seed", options.seed, "seed").range(0, 1000000000);
}

void declare_sheet(CliCommand& data) {
  auto [command, options] =
      data.add<DataReadOptions>("show", "write a sheet of samples per class", show_data);
  options.samples.declare(command);
  command.option("-o,--out", options.out, "the sheet, .png or .jpg").required();
  command.option("--columns", options.columns, "samples per class").range(1, 100);
}

}  // namespace

void declare_data(CliCommand& bench) {
  CliCommand data = bench.group("data", "datasets on this machine");
  auto [list, list_options] = data.add<DataListOptions>(
      "list", "list datasets, licences, how to get them; with a name, its files", list_data);
  list.option("dataset", list_options.dataset, "dataset name");
  declare_readers(data);
  declare_synthesize(data);
  declare_sheet(data);
  declare_data_splits(data);
  auto [face_model, model_options] = data.add<FaceModelOptions>(
      "facemodel", "describe a morphable face model, or pack it", pack_face_model);
  face_model.option("path", model_options.path, "file or folder of the model").required();
  face_model.option("-o,--out", model_options.out, "write it as one .safetensors file");
  declare_data_crop(data);
}

void declare_doctor(CliCommand& bench) {
  auto [command, options] =
      bench.add<DoctorOptions>("doctor", "check what Mien needs on this machine", doctor);
  options.database = paths::environment("MIEN_DB", "results.db");
}

}  // namespace mien
