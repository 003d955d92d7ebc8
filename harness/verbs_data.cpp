// data list|prepare|verify|synthesize, and doctor.
#include <sys/statvfs.h>

#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/environment.h"
#include "harness/verbs.h"
#include "results/table.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

/// A JSON value for a person: text without quotes, the rest as JSON.
std::string plain(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Every leaf of a document as "a.b  value".
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

// --- doctor
// ---------------------------------------------------------------------------------------

enum class Health { kGood, kNote, kBad };

struct Finding {
  std::string what, value;
  Health health = Health::kGood;
  std::string advice = {};  // a command or sentence; "" when good
};

const char* name_of(Health health) {
  switch (health) {
    case Health::kGood:
      return "ok";
    case Health::kNote:
      return "note";
    case Health::kBad:
      return "bad";
  }
  return "";
}

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
  const Tables tables;
  if (!tables.models_known()) {
    findings.push_back({"bench-worker",
                        "absent",
                        Health::kNote,
                        "a lite build reads results only; build the preset release to run"});
    return;
  }
  json devices;
  try {
    devices = ask_devices();
  } catch (const Error& error) {
    findings.push_back({"bench-worker", "does not start", Health::kBad, error.what()});
    return;
  }
  findings.push_back({"LibTorch", tables.libtorch() + (tables.cuda() ? ", CUDA" : ", CPU only")});
  const std::string blas = devices.value("blas", "unknown");
  const bool fast = is_fast_blas(blas);
  findings.push_back({"BLAS",
                      blas,
                      fast ? Health::kGood : Health::kBad,
                      fast ? "" : "linear layers will crawl: apt install libopenblas0-pthread"});
  const int gpus = devices.value("cuda", 0);
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
    const Located located = locate_dataset(name, frames);
    if (located.pack.empty()) return;
    findings.push_back({what, fmt::format("{} {}", name_of(located.data), located.pack)});
  } catch (const Error& error) {
    findings.push_back({what, "unusable", Health::kBad, error.what()});
  }
}

/// Without bench-prepare there are packs only.
void examine_packs(std::vector<Finding>& findings) {
  const Tables tables;
  const std::size_t before = findings.size();
  for (const json& dataset : tables.datasets()) {
    const std::string name = dataset.at("name");
    json rules = dataset.value("frame_rules", json::array());
    if (rules.empty()) rules.push_back({{"name", ""}});
    for (const json& rule : rules) examine_pack(name, rule.at("name"), findings);
  }
  if (findings.size() == before)
    findings.push_back({"packs",
                        "none in " + (paths::cache() / "packs").string(),
                        Health::kNote,
                        "copy them from a machine with bench-prepare, or set MIEN_CACHE"});
}

void examine_data(std::vector<Finding>& findings) {
  if (!has_prepare()) return examine_packs(findings);
  const Tables tables;
  for (const json& dataset : tables.datasets()) {
    const Located located = locate_dataset(dataset.at("name"), "");
    const bool real = located.data != DataKind::kStandIn;
    findings.push_back({"data " + dataset.at("name").get<std::string>(),
                        fmt::format("{} {}", name_of(located.data), located.source),
                        real ? Health::kGood : Health::kNote,
                        real ? ""
                             : fmt::format("for real rows put it under {}",
                                           (paths::data() / dataset.at("name")).string())});
  }
}

std::vector<Finding> examine(const Options& options) {
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
  findings.push_back(disk("results", fs::absolute(options.database).parent_path()));
  examine_worker(findings);
  examine_data(findings);
  return findings;
}

/// A dataset's table entry and where it lies on this machine.
json whole_card(const json& entry, const Located& located) {
  json item = entry;
  item["data"] = name_of(located.data);
  item["installed"] = located.data != DataKind::kStandIn;
  item["source"] = located.source;
  item["pack"] = located.pack.empty() ? json() : json(located.pack);
  return item;
}

/// Everything about one dataset, for a person who has just got a copy, or wants one.
void print_card(const json& card) {
  const auto text = [&](const char* key) { return card.at(key).get<std::string>(); };
  const std::string folder = (paths::data() / text("name")).string();
  fmt::print("{}: {}\n\nlicence    {}\nobtain     {}\n",
             text("name"),
             text("title"),
             text("licence"),
             text("obtain"));
  fmt::print("on disk    {}: {}\n\nExpected tree, in {}\n{}\n",
             card.at("installed") ? "installed" : "not installed, a stand-in is used",
             text("source"),
             folder.substr(0, folder.size() - text("name").size()),
             text("tree"));
  const auto list = [&](const char* title, const char* key, const char* name, const char* text) {
    if (card.at(key).empty()) return;
    Table table{title, {{""}, {"", Align::kLeft, 1}}, {}};
    for (const json& item : card.at(key)) table.rows.push_back({item.at(name), item.at(text)});
    fmt::print("{}\n", to_text(table, stdout_style()));
  };
  list("Frame rules (--frames; the first is the default)", "frame_rules", "name", "meaning");
  list("Splits (bench data splits shows their sizes)", "named_splits", "name", "source");
  for (const json& erratum : card.at("errata"))
    fmt::print("{}", wrap("- " + erratum.get<std::string>(), stdout_style().width, "  "));
}

}  // namespace

int verb_data_list(const Options& options) {
  const Tables tables;
  if (!options.dataset.empty()) {
    const json card = whole_card(tables.dataset(options.dataset, "data list"),
                                 locate_dataset(options.dataset, ""));
    if (options.format == "json")
      print_json({{"schema", 1}, {"datasets", json::array({card})}});
    else
      print_card(card);
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
  for (const json& entry : tables.datasets()) {
    const Located located = locate_dataset(entry.at("name"), "");
    const json card = whole_card(entry, located);
    table.rows.push_back({entry.at("name"),
                          card.at("installed") ? "yes" : "no",
                          name_of(located.data),
                          located.source,
                          entry.at("licence"),
                          entry.at("obtain")});
    items.push_back(card);
  }
  if (options.format == "json")
    print_json({{"schema", 1}, {"datasets", items}});
  else
    print_table(table, options.format);
  return 0;
}

namespace {

/// Options that say which samples are meant.
void add_selection(const Options& options, std::vector<std::string>& arguments) {
  if (!options.source.empty()) arguments.insert(arguments.end(), {"--source", options.source});
  if (!options.frames.empty()) arguments.insert(arguments.end(), {"--frames", options.frames});
  if (options.stand_in) arguments.push_back("--stand-in");
}

std::vector<std::string> reading_arguments(const char* verb, const Options& options) {
  std::vector<std::string> arguments = {verb, options.subject};
  add_selection(options, arguments);
  if (options.accept_unverified) arguments.push_back("--accept-unverified");
  if (options.strict) arguments.push_back("--strict");
  return arguments;
}

}  // namespace

int verb_data_prepare(const Options& options) {
  print_answer(call_prepare(reading_arguments("prepare", options)), options.format);
  return 0;
}

int verb_data_verify(const Options& options) {
  std::vector<std::string> arguments = reading_arguments("verify", options);
  if (!options.out.empty()) arguments.insert(arguments.end(), {"--manifest", options.out});
  const PrepareAnswer answer = ask_prepare(arguments);
  if (!answer.report.is_null()) print_answer(answer.report, options.format);
  if (answer.exit_code != 0) fmt::print(stderr, "bench: {}\n", answer.problem);
  return answer.exit_code;
}

int verb_data_show(const Options& options) {
  std::vector<std::string> arguments = reading_arguments("show", options);
  arguments.insert(arguments.end(), {"--out", options.out});
  if (options.columns > 0)
    arguments.insert(arguments.end(), {"--columns", std::to_string(options.columns)});
  print_answer(call_prepare(arguments), options.format);
  return 0;
}

int verb_data_facemodel(const Options& options) {
  std::vector<std::string> arguments = {"facemodel", options.source};
  if (!options.out.empty()) arguments.insert(arguments.end(), {"--out", options.out});
  print_answer(call_prepare(arguments), options.format);
  return 0;
}

int verb_data_synthesize(const Options& options) {
  std::vector<std::string> arguments = {"synthesize",
                                        options.subject,
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

int verb_doctor(const Options& options) {
  Table table{"", {{"what"}, {"found"}, {"", Align::kLeft}, {"advice", Align::kLeft}}, {}};
  json items = json::array();
  bool bad = false;
  for (const Finding& finding : examine(options)) {
    table.rows.push_back({finding.what, finding.value, name_of(finding.health), finding.advice});
    items.push_back({{"what", finding.what},
                     {"found", finding.value},
                     {"health", name_of(finding.health)},
                     {"advice", finding.advice}});
    bad = bad || finding.health == Health::kBad;
  }
  if (options.format == "json")
    print_json({{"schema", 1}, {"findings", items}});
  else
    print_table(table, options.format);
  return bad ? static_cast<int>(Exit::kPrecondition) : 0;
}

}  // namespace mien
