#include "harness/config/experiment.h"

#include "harness/base/error.h"
#include "harness/config/sections.h"
#include "harness/config/yaml_file.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

constexpr EnumNames<TaskKind> kExperimentKinds = {{"accuracy", TaskKind::kAccuracy},
                                                  {"regression", TaskKind::kRegression},
                                                  {"reconstruction", TaskKind::kReconstruction}};

template <typename V>
void visit_experiment(V& v, Experiment& e) {
  v.text("experiment", e.id, "model@dataset; equals the file's stem");
  v.text("title", e.title, "one line");
  v.choice("task", e.kind, "what is measured", kExperimentKinds);
  v.text("model", e.model, "model table name");
  v.text("dataset", e.dataset, "dataset table name");
  v.text("frames", e.frames, "which frames of a sequence are samples; a frame rule of the dataset");
}

template <typename V>
void visit_assumption(V& v, Assumption& a) {
  v.text("field", a.field, "what the paper leaves open");
  v.text("choice", a.choice, "what we chose");
  v.text("reason", a.reason, "why");
}

template <typename V>
void visit_run(V& v, Experiment::Resolved& r) {
  v.text("variant", r.variant, "named reading of the paper");
  v.number("seeds", r.seeds, std::int64_t{1}, std::int64_t{1000}, "independent runs");
  v.number("time_limit_minutes",
           r.time_limit_minutes,
           std::int64_t{1},
           std::int64_t{100000},
           "a task that takes longer is stopped");
}

/// Experiments by what their networks predict.
void read_networks(const json& source, Experiment& experiment) {
  if (source.is_null()) return;
  std::string expression, identity;
  FieldReader reader(source, locator(experiment.file.string(), experiment.locations, "/networks"));
  reader.text("expression", expression, "experiment that trains it");
  reader.text("identity", identity, "experiment that trains it");
  reader.finish();
  if (!expression.empty()) experiment.networks["expression"] = expression;
  if (!identity.empty()) experiment.networks["identity"] = identity;
}

/// A kind of task and the networks that it takes belong together.
void check_kind(const Experiment& experiment) {
  const auto location = [&](const char* key) {
    const auto found = experiment.locations.find(key);
    return found == experiment.locations.end() ? std::string("1:1") : found->second;
  };
  if (experiment.kind == TaskKind::kReconstruction && !experiment.networks.contains("expression"))
    fail(Exit::kUsage,
         "{}:{}: a reconstruction needs networks, with at least expression",
         experiment.file.string(),
         location("/task"));
  if (experiment.kind == TaskKind::kRegression && !experiment.networks.empty())
    fail(Exit::kUsage,
         "{}:{}: a regression trains its own network; remove networks",
         experiment.file.string(),
         location("/networks"));
}

void read_assumptions(const json& source, Experiment& experiment) {
  if (source.is_null()) return;
  if (!source.is_array())
    fail(Exit::kUsage,
         "{}:{}: assumptions must be a list",
         experiment.file.string(),
         experiment.locations["/assumptions"]);
  for (std::size_t i = 0; i < source.size(); ++i) {
    FieldReader reader(
        source[i],
        locator(experiment.file.string(), experiment.locations, fmt::format("/assumptions/{}", i)));
    visit_assumption(reader, experiment.assumptions.emplace_back());
    reader.finish();
  }
}

/// Refuses values that only stored tasks may still have.
void refuse_removed(const Protocol& protocol, const std::function<std::string()>& where) {
  if (protocol.timing.stop == TimingStop::kEntropy)
    fail(Exit::kUsage, "{}: timing.stop entropy was removed; use noise", where());
}

/// Checks `changes` as a whole part of the configuration; throws on the first fault.
void apply(const json& changes, const Locate& locate, Experiment::Resolved& resolved) {
  json run = changes;
  const json protocol = take(run, "protocol");
  FieldReader outer(run, locate);
  visit_run(outer, resolved);
  outer.finish();
  if (protocol.is_null()) return;
  const json::json_pointer inside("/protocol");
  FieldReader inner(protocol, [&](const json::json_pointer& p) { return locate(inside / p); });
  visit(inner, resolved.protocol);
  inner.finish();
  refuse_removed(resolved.protocol, [&] { return locate(inside / pointer_of("timing.stop")); });
}

void apply_override(const std::string& override_text, Experiment::Resolved& resolved) {
  const std::size_t equals = override_text.find('=');
  if (equals == std::string::npos || equals == 0)
    fail(Exit::kUsage, "--set {}: must be key=value, e.g. --set epochs=5", override_text);
  const std::string where = "--set " + override_text;
  json changes = json::object();
  changes[pointer_of(override_text.substr(0, equals))] =
      parse_yaml_value(override_text.substr(equals + 1), where);
  FieldReader reader(changes, [&](const json::json_pointer&) { return where; });
  visit(reader, resolved.protocol);
  reader.finish();
  refuse_removed(resolved.protocol, [&] { return where; });
}

}  // namespace

Experiment read_experiment(YamlFile yaml) {
  Experiment experiment;
  const fs::path file = experiment.file = yaml.name;
  const std::string& name = yaml.name;
  json& root = yaml.root;
  experiment.locations = std::move(yaml.locations);
  take_schema(yaml);
  experiment.claim = read_claim(take(root, "claim"), locator(name, experiment.locations, "/claim"));
  read_assumptions(take(root, "assumptions"), experiment);
  read_networks(take(root, "networks"), experiment);
  ProtocolSections sections;
  for (const char* key : {"protocol", "variant", "seeds", "time_limit_minutes"})
    if (json value = take(root, key); !value.is_null()) sections.base[key] = value;
  const json profiles = take(root, "profiles");
  FieldReader reader(root, locator(name, experiment.locations, ""));
  visit_experiment(reader, experiment);
  reader.finish();
  require_text(experiment.id, "experiment", name + ":1:1");
  require_text(experiment.model, "model", name + ":1:1");
  require_text(experiment.dataset, "dataset", name + ":1:1");
  check_kind(experiment);
  if (experiment.id != file.stem().string())
    fail(Exit::kUsage,
         "{}:{}: experiment is '{}', the file's name says '{}'; make them equal",
         name,
         experiment.locations["/experiment"],
         experiment.id,
         file.stem().string());
  if (!profiles.is_null() && !profiles.is_object())
    fail(
        Exit::kUsage, "{}:{}: profiles must be a section", name, experiment.locations["/profiles"]);
  for (const auto& [profile, changes] : profiles.items()) {
    if (profile != "smoke" && profile != "full")
      fail(Exit::kUsage,
           "{}:{}: no profile '{}'; there are smoke and full",
           name,
           experiment.locations["/profiles/" + profile],
           profile);
    sections.profiles[profile] = changes;
  }
  sections.profiles.try_emplace("full", json::object());
  experiment.set_sections(std::move(sections));
  experiment.variant = experiment.resolve("full", {}).variant;
  require_text(experiment.variant, "variant", name + ":1:1");
  return experiment;
}

void Experiment::set_sections(ProtocolSections written) {
  sections = std::make_shared<const ProtocolSections>(std::move(written));
  for (const auto& [profile, changes] : sections->profiles) resolve(profile, {});
}

Experiment::Resolved Experiment::resolve(const std::string& profile,
                                         const std::vector<std::string>& overrides) const {
  const auto found = sections->profiles.find(profile);
  if (found == sections->profiles.end()) {
    std::vector<std::string> names;
    for (const auto& [name, changes] : sections->profiles) names.push_back(name);
    fail(Exit::kUsage, "{}: no profile '{}'{}", file.string(), profile, suggest(profile, names));
  }
  Resolved resolved;
  apply(sections->base, locator(file.string(), locations, ""), resolved);
  apply(found->second, locator(file.string(), locations, "/profiles/" + profile), resolved);
  for (const std::string& override_text : overrides) apply_override(override_text, resolved);
  const SplitRule& splits = resolved.protocol.splits;
  if (kind != TaskKind::kReconstruction && !card && splits.scheme == SplitScheme::kOfficial &&
      splits.train.empty())
    fail(Exit::kUsage, "{}:1:1: splits.train names nothing to train on", file.string());
  return resolved;
}

}  // namespace mien
