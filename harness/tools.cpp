#include "harness/tools.h"

#include <set>

#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/packs.h"
#include "harness/process.h"

namespace mien {
namespace {

using nlohmann::json;

json read_table(const char* name) {
  const std::filesystem::path path = paths::share() / name;
  if (!std::filesystem::exists(path)) return nullptr;
  json table = json::parse(read_text(path), nullptr, /*allow_exceptions=*/false);
  if (table.is_discarded())
    fail(Exit::kPrecondition, "{}: not JSON; install Mien again", path.string());
  return table;
}

const json& empty_array() {
  static const json array = json::array();
  return array;
}

Located located(const json& answer) {
  const auto text = [&](const char* key) {
    const json value = answer.value(key, json());
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  return {
      data_kind(text("data")), text("source"), text("pack"), text("sha256"), text("face_model")};
}

std::vector<std::string> with_frames(const char* verb,
                                     const std::string& name,
                                     const std::string& frames) {
  std::vector<std::string> arguments = {verb, name};
  if (!frames.empty()) arguments.insert(arguments.end(), {"--frames", frames});
  return arguments;
}

/// The first frame rule of a dataset, "" where it has none.
std::string first_frames(const std::string& name) {
  const Tables tables;
  const json rules = tables.dataset(name, "--frames").value("frame_rules", json::array());
  return rules.empty() ? "" : rules[0].at("name").get<std::string>();
}

constexpr std::string_view kPreparePrefix = "bench-prepare: ";

/// Lines of a program's stderr, without the name of bench-prepare.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (line.starts_with(kPreparePrefix)) line.erase(0, kPreparePrefix.size());
    if (!line.empty()) lines.push_back(std::move(line));
    at = end + 1;
  }
  return lines;
}

}  // namespace

Tables::Tables() : models_(read_table("models.json")), datasets_(read_table("datasets.json")) {}

const json& Tables::models() const { return models_known() ? models_.at("models") : empty_array(); }

const json& Tables::datasets() const { return datasets_.is_null() ? empty_array() : datasets_; }

const json& Tables::model(const std::string& name,
                          const std::string& variant,
                          const std::string& where) const {
  std::set<std::string> names, variants;
  for (const json& entry : models()) {
    names.insert(entry.at("name"));
    if (entry.at("name") != name) continue;
    variants.insert(entry.at("variant"));
    if (entry.at("variant") == variant) return entry;
  }
  if (variants.empty())
    fail(Exit::kUsage,
         "{}: no model '{}'{}",
         where,
         name,
         suggest(name, {names.begin(), names.end()}));
  fail(Exit::kUsage,
       "{}: model {} has no variant '{}'{}",
       where,
       name,
       variant,
       suggest(variant, {variants.begin(), variants.end()}));
}

const json& Tables::dataset(const std::string& name, const std::string& where) const {
  std::vector<std::string> names;
  for (const json& entry : datasets()) {
    if (entry.at("name") == name) return entry;
    names.push_back(entry.at("name"));
  }
  fail(Exit::kUsage, "{}: no dataset '{}'{}", where, name, suggest(name, names));
}

std::string sibling(const std::string& program) {
  const std::filesystem::path path = paths::binaries() / program;
  if (!std::filesystem::exists(path))
    fail(Exit::kPrecondition,
         "{}: not there; lite builds and bundles do without it. Build the preset release for this",
         path.string());
  return path.string();
}

PrepareAnswer ask_prepare(const std::vector<std::string>& arguments) {
  Command command{{sibling("bench-prepare")}, {}, 0};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  const Output output = run_to_end(command, /*pass_err=*/false);
  if (output.exited.signal != 0)
    fail(Exit::kTaskFailed,
         "bench-prepare {} was killed by signal {}",
         fmt::join(arguments, " "),
         output.exited.signal);
  PrepareAnswer answer{
      json::parse(output.out, nullptr, /*allow_exceptions=*/false), output.exited.exit_code, ""};
  if (answer.report.is_discarded()) answer.report = nullptr;
  std::vector<std::string> lines = lines_of(output.err);
  if (answer.exit_code != 0 && !lines.empty()) {
    answer.problem = lines.back();
    lines.pop_back();
  }
  for (const std::string& line : lines) fmt::print(stderr, "bench: {}\n", line);
  return answer;
}

json call_prepare(const std::vector<std::string>& arguments) {
  PrepareAnswer answer = ask_prepare(arguments);
  if (answer.exit_code != 0)
    throw Error(static_cast<Exit>(answer.exit_code), std::move(answer.problem));
  return std::move(answer.report);
}

json ask_devices() {
  const Output output = run_to_end({{sibling("bench-worker"), "devices"}, {}, 0}, false);
  json devices = json::parse(output.out, nullptr, /*allow_exceptions=*/false);
  if (output.exited.exit_code == 0 && output.exited.signal == 0 && devices.is_object())
    return devices;
  const std::vector<std::string> lines = lines_of(output.err);
  fail(Exit::kPrecondition,
       "{}",
       lines.empty() ? "bench-worker devices: ends without an answer" : lines.back());
}

bool has_prepare() { return std::filesystem::exists(paths::binaries() / "bench-prepare"); }

Located locate_dataset(const std::string& name, const std::string& frames) {
  if (!has_prepare()) return find_pack(name, frames.empty() ? first_frames(name) : frames);
  return located(call_prepare(with_frames("locate", name, frames)));
}

Located prepare_dataset(const std::string& name, const std::string& frames) {
  if (!has_prepare()) {
    Located found = locate_dataset(name, frames);
    if (found.pack.empty())
      fail(Exit::kPrecondition,
           "{}: no pack of {}{}; copy it from a machine with bench-prepare, or set MIEN_CACHE",
           (paths::cache() / "packs").string(),
           name,
           frames.empty() ? "" : " with frames " + frames);
    return found;
  }
  return located(call_prepare(with_frames("prepare", name, frames)));
}

}  // namespace mien
