#include "harness/config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "harness/cards.h"
#include "harness/core/error.h"
#include "harness/core/files.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;
using Places = std::map<std::string, std::string>;

std::string place(const YAML::Mark& mark) {
  return mark.is_null() ? "1:1" : fmt::format("{}:{}", mark.line + 1, mark.column + 1);
}

json scalar(const YAML::Node& node) {
  const std::string text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "true" || text == "false") return text == "true";
  if (json number = json::parse(text, nullptr, false); number.is_number()) return number;
  return text;
}

/// YAML -> JSON, remembering where every key stands.
json convert(const YAML::Node& node,
             const std::string& pointer,
             const std::string& file,
             Places& places) {
  if (node.IsScalar()) return scalar(node);
  if (node.IsNull()) return nullptr;
  if (node.IsSequence()) {
    json list = json::array();
    for (const YAML::Node& item : node) {
      const std::string inner = fmt::format("{}/{}", pointer, list.size());
      places[inner] = place(item.Mark());
      list.push_back(convert(item, inner, file, places));
    }
    return list;
  }
  json object = json::object();
  for (const auto& pair : node) {
    const std::string key = pair.first.as<std::string>();
    const std::string inner = pointer + "/" + key;
    if (object.contains(key))
      fail(Exit::kUsage,
           "{}:{}: key '{}' stands here a second time; keep one",
           file,
           place(pair.first.Mark()),
           key);
    places[inner] = place(pair.first.Mark());
    object[key] = convert(pair.second, inner, file, places);
  }
  return object;
}

json parse_yaml(const std::string& text, const std::string& file, Places& places) {
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) fail(Exit::kUsage, "{}:1:1: expected keys and values", file);
    return convert(root, "", file, places);
  } catch (const YAML::Exception& error) {
    fail(Exit::kUsage, "{}:{}: not YAML: {}", file, place(error.mark), error.msg);
  }
}

constexpr Choice<TaskKind> kExperimentKinds[] = {{"accuracy", TaskKind::kAccuracy},
                                                 {"regression", TaskKind::kRegression},
                                                 {"reconstruction", TaskKind::kReconstruction}};

template <typename V>
void visit_experiment(V& v, Experiment& e) {
  v.text("experiment", e.id, "model@dataset; equals the file's stem");
  v.text("title", e.title, "one line");
  v.choice("task", e.kind, kExperimentKinds, "what is measured");
  v.text("model", e.model, "model table name");
  v.text("dataset", e.dataset, "dataset table name");
  v.text("frames", e.frames, "which frames of a sequence are samples; a frame rule of the dataset");
}

template <typename V>
void visit_claim(V& v, Claim& c) {
  v.text("id", c.id, "short name");
  v.text("source", c.source, "authors, title, identifier");
  v.text("locator", c.locator, "table or page, or unknown");
  v.text("metric", c.metric, "metric name");
  v.text("unit", c.unit, "unit of value");
  v.number("value", c.value, -1e9, 1e9, "figure as printed");
  v.number("decimals", c.decimals, std::int64_t{0}, std::int64_t{9}, "decimals as printed");
  v.text("n", c.n, "test images, or unknown");
  v.text("protocol", c.protocol, "what is known of it");
  v.text("grade", c.grade, "evidence: V M S I C D R U");
  v.texts("differs", c.differs, "fields in which ours is known to differ");
}

template <typename V>
void visit_known(V& v, KnownFault& k) {
  v.text("row", k.row, "method; any where absent");
  v.text("column", k.column, "column; any where absent");
  v.text("rule", k.rule, "rule that finds it");
  v.text("reason", k.reason, "why it stands as it is");
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

/// Takes `key` out of `object`; null where it is absent.
json take(json& object, const char* key) {
  json value = object.value(key, json());
  object.erase(key);
  return value;
}

void require(const std::string& value, const char* key, const std::string& file) {
  if (value.empty()) fail(Exit::kUsage, "{}:1:1: key '{}' is missing", file, key);
}

/// Experiments by what their networks predict.
void read_networks(const json& source, Experiment& experiment) {
  if (source.is_null()) return;
  std::string expression, identity;
  FieldReader reader(source, locator(experiment.file.string(), experiment.places, "/networks"));
  reader.text("expression", expression, "experiment that trains it");
  reader.text("identity", identity, "experiment that trains it");
  reader.finish();
  if (!expression.empty()) experiment.networks["expression"] = expression;
  if (!identity.empty()) experiment.networks["identity"] = identity;
}

/// A kind of task and the networks that it takes belong together.
void check_kind(const Experiment& experiment) {
  const auto place = [&](const char* key) {
    const auto found = experiment.places.find(key);
    return found == experiment.places.end() ? std::string("1:1") : found->second;
  };
  if (experiment.kind == TaskKind::kReconstruction && !experiment.networks.contains("expression"))
    fail(Exit::kUsage,
         "{}:{}: a reconstruction needs networks, with at least expression",
         experiment.file.string(),
         place("/task"));
  if (experiment.kind == TaskKind::kRegression && !experiment.networks.empty())
    fail(Exit::kUsage,
         "{}:{}: a regression trains its own network; remove networks",
         experiment.file.string(),
         place("/networks"));
}

void read_assumptions(const json& source, Experiment& experiment) {
  if (source.is_null()) return;
  if (!source.is_array())
    fail(Exit::kUsage,
         "{}:{}: assumptions must be a list",
         experiment.file.string(),
         experiment.places["/assumptions"]);
  for (std::size_t i = 0; i < source.size(); ++i) {
    FieldReader reader(
        source[i],
        locator(experiment.file.string(), experiment.places, fmt::format("/assumptions/{}", i)));
    visit_assumption(reader, experiment.assumptions.emplace_back());
    reader.finish();
  }
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
}

void apply_override(const std::string& override_text, Experiment::Resolved& resolved) {
  const std::size_t equals = override_text.find('=');
  if (equals == std::string::npos || equals == 0)
    fail(Exit::kUsage, "--set {}: must be key=value, e.g. --set epochs=5", override_text);
  const std::string key = override_text.substr(0, equals);
  json changes = json::object();
  try {
    Places ignored;
    changes[pointer_of(key)] =
        convert(YAML::Load(override_text.substr(equals + 1)), "", "--set", ignored);
  } catch (const YAML::Exception& error) {
    fail(Exit::kUsage, "--set {}: not a YAML value: {}", override_text, error.msg);
  }
  FieldReader reader(changes, [&](const json::json_pointer&) { return "--set " + override_text; });
  visit(reader, resolved.protocol);
  reader.finish();
}

Experiment read_experiment(YamlFile yaml) {
  Experiment experiment;
  const fs::path file = experiment.file = yaml.name;
  const std::string& name = yaml.name;
  json& root = yaml.root;
  experiment.places = std::move(yaml.places);
  if (take(root, "schema") != 1) fail(Exit::kUsage, "{}:1:1: must begin with 'schema: 1'", name);
  experiment.claim = read_claim(take(root, "claim"), locator(name, experiment.places, "/claim"));
  read_assumptions(take(root, "assumptions"), experiment);
  read_networks(take(root, "networks"), experiment);
  experiment.base = json::object();
  for (const char* key : {"protocol", "variant", "seeds", "time_limit_minutes"})
    if (json value = take(root, key); !value.is_null()) experiment.base[key] = value;
  const json profiles = take(root, "profiles");
  FieldReader reader(root, locator(name, experiment.places, ""));
  visit_experiment(reader, experiment);
  reader.finish();
  require(experiment.id, "experiment", name);
  require(experiment.model, "model", name);
  require(experiment.dataset, "dataset", name);
  check_kind(experiment);
  if (experiment.id != file.stem().string())
    fail(Exit::kUsage,
         "{}:{}: experiment is '{}', the file's name says '{}'; make them equal",
         name,
         experiment.places["/experiment"],
         experiment.id,
         file.stem().string());
  if (!profiles.is_null() && !profiles.is_object())
    fail(Exit::kUsage, "{}:{}: profiles must be a section", name, experiment.places["/profiles"]);
  for (const auto& [profile, changes] : profiles.items()) {
    if (profile != "smoke" && profile != "full")
      fail(Exit::kUsage,
           "{}:{}: no profile '{}'; there are smoke and full",
           name,
           experiment.places["/profiles/" + profile],
           profile);
    experiment.profiles[profile] = changes;
  }
  experiment.profiles.try_emplace("full", json::object());
  for (const auto& [profile, changes] : experiment.profiles) experiment.resolve(profile, {});
  experiment.variant = experiment.resolve("full", {}).variant;
  require(experiment.variant, "variant", name);
  return experiment;
}

/// The experiments of one file: one, or those of a card.
std::vector<Experiment> read_file(const fs::path& file) {
  YamlFile yaml(file);
  if (yaml.root.contains("kind")) return read_card(std::move(yaml));
  return {read_experiment(std::move(yaml))};
}

/// An id has one file, and so has the name of a card.
void check_names(const std::vector<Experiment>& experiments) {
  std::map<std::string, std::string> files;
  const auto check = [&](const std::string& name, const std::string& file) {
    const auto [same, added] = files.emplace(name, file);
    if (!added && same->second != file)
      fail(Exit::kUsage,
           "{}:1:1: {} is in {} already; choose another name",
           file,
           name,
           same->second);
    return added;
  };
  for (const Experiment& experiment : experiments) {
    const std::string file = experiment.file.string();
    if (experiment.card) check(experiment.model, file);
    if (!check(experiment.id, file))
      fail(Exit::kUsage, "{}:1:1: {} stands there twice; keep one", file, experiment.id);
  }
}

}  // namespace

YamlFile::YamlFile(const fs::path& file)
    : name(file.string()), root(parse_yaml(read_text(file), name, places)) {}

Locate locator(const std::string& file, const Places& places, const std::string& prefix) {
  return [=, &places](const json::json_pointer& pointer) {
    for (json::json_pointer at = pointer;; at = at.parent_pointer()) {
      const auto found = places.find(prefix + at.to_string());
      if (found != places.end()) return file + ":" + found->second;
      if (at.empty()) return file + ":1:1";
    }
  };
}

std::int64_t line_of(const std::string& where) {
  const std::size_t column = where.rfind(':');
  const std::size_t line = column == std::string::npos ? column : where.rfind(':', column - 1);
  if (line == std::string::npos) return 1;
  return std::strtoll(where.c_str() + line + 1, nullptr, 10);
}

std::optional<Claim> read_claim(const json& source, const Locate& locate) {
  if (source.is_null()) return std::nullopt;
  Claim claim;
  json fields = source;
  const json::json_pointer known("/known");
  if (fields.is_object())
    claim.known = read_known(take(fields, "known"),
                             [&](const json::json_pointer& p) { return locate(known / p); });
  FieldReader reader(fields, locate);
  visit_claim(reader, claim);
  reader.finish();
  return claim;
}

std::vector<KnownFault> read_known(const json& source, const Locate& locate) {
  std::vector<KnownFault> list;
  if (source.is_null()) return list;
  if (!source.is_array())
    fail(Exit::kUsage, "{}: known must be a list", locate(json::json_pointer()));
  for (std::size_t i = 0; i < source.size(); ++i) {
    const json::json_pointer item = json::json_pointer() / i;
    KnownFault known;
    FieldReader reader(source[i], [&](const json::json_pointer& p) { return locate(item / p); });
    visit_known(reader, known);
    reader.finish();
    const std::string where = locate(item);
    if (known.rule.empty() || known.reason.empty())
      fail(Exit::kUsage, "{}: a known fault needs its rule and a reason", where);
    known.line = line_of(where);
    list.push_back(known);
  }
  return list;
}

Experiment load_experiment(const fs::path& file) { return read_experiment(YamlFile(file)); }

Experiment::Resolved Experiment::resolve(const std::string& profile,
                                         const std::vector<std::string>& overrides) const {
  const auto found = profiles.find(profile);
  if (found == profiles.end()) {
    std::vector<std::string> names;
    for (const auto& [name, changes] : profiles) names.push_back(name);
    fail(Exit::kUsage, "{}: no profile '{}'{}", file.string(), profile, suggest(profile, names));
  }
  Resolved resolved;
  apply(base, locator(file.string(), places, ""), resolved);
  apply(found->second, locator(file.string(), places, "/profiles/" + profile), resolved);
  for (const std::string& override_text : overrides) apply_override(override_text, resolved);
  const SplitRule& splits = resolved.protocol.splits;
  if (kind != TaskKind::kReconstruction && !card && splits.scheme == SplitScheme::kOfficial &&
      splits.train.empty())
    fail(Exit::kUsage, "{}:1:1: splits.train names nothing to train on", file.string());
  return resolved;
}

std::vector<Experiment> load_experiments(const fs::path& folder,
                                         const std::vector<std::string>& cards) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  if (files.empty())
    fail(Exit::kPrecondition,
         "{}: no experiment (*.yaml) here; give --configs DIR",
         folder.string());
  std::sort(files.begin(), files.end());
  files.insert(files.end(), cards.begin(), cards.end());
  std::vector<Experiment> experiments;
  for (const fs::path& path : files)
    for (Experiment& experiment : read_file(path)) experiments.push_back(std::move(experiment));
  check_names(experiments);
  return experiments;
}

}  // namespace mien
