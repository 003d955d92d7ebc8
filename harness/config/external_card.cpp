#include "harness/config/external_card.h"

#include <algorithm>
#include <array>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/config/sections.h"
#include "harness/config/yaml_file.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

constexpr const char* kHexDigits = "0123456789abcdef";
constexpr const char* kNameLetters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

constexpr std::array kPreprocessing = {
    "resize_px", "resample", "channel_order", "normalize", "test_crop"};

/// The keys of a card that do not become part of the task.
struct Head {
  std::string kind, name, title, paper, note, file, map;
  std::int64_t macs = 0;
};

template <typename V>
void visit_head(V& v, Head& h) {
  v.text("kind", h.kind, "torchscript, weights or predictions");
  v.text("name", h.name, "name on the board");
  v.text("title", h.title, "one line");
  v.text("paper", h.paper, "authors, title, venue");
  v.text("note", h.note, "what a reader of the board must know");
  v.text("file", h.file, "relative to the card");
}

template <typename V>
void visit_kind(V& v, Head& h, External& e) {
  constexpr std::int64_t kMany = std::int64_t{1} << 40;
  v.text("sha256", e.sha256, "digest of the file");
  if (e.kind == ExternalKind::kPredictions) {
    v.number("timings.images_per_second", e.images_per_second, 0.0, 1e9, "measured by others");
    v.text("timings.source", e.timing_source, "by whom, on what");
    return;
  }
  v.texts("classes", e.classes, "names in the order of the outputs");
  if (e.kind == ExternalKind::kTorchScript) {
    v.numbers("input", e.input, std::int64_t{1}, std::int64_t{4096}, "channels, height, width");
    v.number("parameters", e.parameters, std::int64_t{0}, kMany, "counted and compared");
    v.number("macs", h.macs, std::int64_t{0}, kMany, "multiply-accumulates of one image");
  } else {
    v.text("model", e.model, "row of the model table");
    v.text("variant", e.variant, "its variant");
    v.text("map", h.map, "names of the file -> names of the model");
  }
}

/// Reads one card. The members hold what its sections share.
class CardReader {
 public:
  explicit CardReader(YamlFile yaml) : yaml_(std::move(yaml)) {}

  std::vector<Experiment> read() {
    json& root = yaml_.root;
    take_schema(yaml_);
    refuse_meshes();
    const json preprocessing = take(root, "preprocessing"),
               limit = take(root, "time_limit_minutes");
    const bool predictions = root.value("kind", json()) == "predictions";
    json datasets = predictions ? json::array({take_dataset(root)}) : take(root, "datasets");
    read_head();
    const Experiment common = common_experiment(preprocessing, limit);
    if (!datasets.is_array() || datasets.empty())
      fault("datasets", "key 'datasets' must be a list of one or more, e.g. [fer2013]");
    std::vector<Experiment> experiments;
    for (std::size_t i = 0; i < datasets.size(); ++i)
      experiments.push_back(
          on_dataset(common, datasets[i], predictions ? "" : fmt::format("/datasets/{}", i)));
    return experiments;
  }

 private:
  std::string where(const std::string& key) const {
    return locator(yaml_.name, yaml_.locations, "")(pointer_of(key));
  }
  [[noreturn]] void fault(const std::string& key, const std::string& what) const {
    fail(Exit::kUsage, "{}: {}", key.empty() ? yaml_.name + ":1:1" : where(key), what);
  }
  void require(bool present, const char* key, const char* hint) const {
    if (!present) fault("", fmt::format("key '{}' is missing{}", key, hint));
  }

  void refuse_meshes() const {
    const json kind = yaml_.root.value("kind", json());
    const bool meshes = kind == "meshes" || yaml_.root.contains("meshes");
    if (meshes)
      fault(kind == "meshes" ? "kind" : "meshes",
            "a folder of meshes is not a predictions file; bench realy score --method NAME puts it "
            "on "
            "the board");
  }

  /// Moves the dataset's keys of a predictions card, which stand at its top, into one section.
  static json take_dataset(json& root) {
    json dataset = json::object();
    for (const char* key : {"dataset", "frames", "splits", "claim"})
      if (json value = take(root, key); !value.is_null()) dataset[key] = value;
    return dataset;
  }

  void read_head() {
    const json kind = yaml_.root.at("kind");
    constexpr ExternalKind kKinds[] = {
        ExternalKind::kTorchScript, ExternalKind::kWeights, ExternalKind::kPredictions};
    const auto known =
        std::find_if(std::begin(kKinds), std::end(kKinds), [&](ExternalKind candidate) {
          return kind == name_of(candidate);
        });
    if (known == std::end(kKinds))
      fault("kind",
            fmt::format("kind is {}, must be torchscript, weights or predictions", kind.dump()));
    card_.external.kind = *known;
    FieldReader reader(yaml_.root, locator(yaml_.name, yaml_.locations, ""));
    visit_head(reader, head_);
    visit_kind(reader, head_, card_.external);
    reader.finish();
    check_head();
    card_.file = fs::path(yaml_.name).parent_path() / head_.file;
    if (!head_.map.empty()) {
      card_.map = fs::path(yaml_.name).parent_path() / head_.map;
      card_.external.map_sha256 = sha256_file(card_.map);
    }
    card_.model = model_info(entry());
  }

  void check_head() const {
    const External& e = card_.external;
    require(!head_.name.empty(), "name", "");
    if (head_.name.find_first_not_of(kNameLetters) != std::string::npos)
      fault("name", fmt::format("name '{}' may hold letters, digits and . _ - only", head_.name));
    for (const ModelInfo& model : catalog_.models())
      if (model.name == head_.name)
        fault("name", fmt::format("'{}' is a model of Mien; choose another name", head_.name));
    require(!head_.file.empty(), "file", "");
    require(!e.sha256.empty(), "sha256", "; sha256sum FILE prints it");
    if (e.sha256.size() != 64 || e.sha256.find_first_not_of(kHexDigits) != std::string::npos)
      fault("sha256", "sha256 must be 64 digits 0-9 a-f, as sha256sum prints them");
    if (e.kind == ExternalKind::kPredictions) {
      if (e.images_per_second > 0 && e.timing_source.empty())
        fault("timings", "timings need a source: who measured, on what");
      return;
    }
    require(!e.classes.empty(), "classes", ": their names in the order of the outputs");
    if (e.kind == ExternalKind::kTorchScript && e.input.size() != 3)
      fault("input", "input must be [channels, height, width]");
    if (e.kind == ExternalKind::kWeights) require(!e.model.empty(), "model", "");
  }

  /// Returns an entry as models.json has it for a built-in model.
  json entry() const {
    const External& e = card_.external;
    json entry = {{"predicts", "classes"},
                  {"input", e.input.empty() ? json() : json(e.input)},
                  {"outputs", e.classes.empty() ? json() : json(e.classes.size())},
                  {"parameters", e.parameters > 0 ? json(e.parameters) : json()},
                  {"macs", head_.macs > 0 ? json(head_.macs) : json()},
                  {"rows", json::array()},
                  {"deviations", json::array()},
                  {"tensors", json::array()}};
    if (e.kind == ExternalKind::kWeights)
      if (catalog_.models_known())
        entry = *catalog_.model(e.model, e.variant, where("model")).document;
    entry["name"] = head_.name;
    entry["variant"] = name_of(e.kind);
    entry["title"] = head_.title;
    entry["paper"] = head_.paper;
    entry["arxiv"] = "";
    entry["note"] = head_.note;
    entry["external"] = {{"kind", name_of(e.kind)},
                         {"file", card_.file.string()},
                         {"sha256", e.sha256},
                         {"classes", e.classes}};
    return entry;
  }

  /// Reads what the card's experiments share. Splits and preprocessing become keys of the protocol;
  /// their errors name the line of the card.
  Experiment common_experiment(const json& preprocessing, const json& limit) {
    Experiment common;
    common.file = yaml_.name;
    common.title = head_.title;
    common.model = head_.name;
    common.variant = name_of(card_.external.kind);
    common.card = std::make_shared<ExternalCard>(card_);
    sections_.base = {{"protocol", json::object()}, {"variant", common.variant}};
    if (!limit.is_null()) sections_.base["time_limit_minutes"] = limit;
    const bool network = card_.external.kind != ExternalKind::kPredictions;
    if (network) {
      require(preprocessing.is_object(), "preprocessing", ", e.g. {normalize: {mean: 0, std: 1}}");
      for (const auto& [key, value] : preprocessing.items())
        if (std::find(kPreprocessing.begin(), kPreprocessing.end(), key) == kPreprocessing.end())
          fault("preprocessing." + key,
                fmt::format("preprocessing has no key '{}'{}",
                            key,
                            suggest(key, {kPreprocessing.begin(), kPreprocessing.end()})));
      sections_.base["protocol"] = preprocessing;
    } else if (!preprocessing.is_null()) {
      fault("preprocessing", "predictions are made already; remove preprocessing");
    }
    common.locations = yaml_.locations;
    alias(common, "/preprocessing", "/protocol");
    sections_.profiles["full"] = json::object();
    sections_.profiles["smoke"] = {
        {"protocol",
         {{"timing", {{"repetitions", 3}, {"seconds", 0.1}, {"warmup_seconds", 0.1}}}}}};
    return common;
  }

  /// Keys below `from` in the file are keys below `to` of the experiment.
  void alias(Experiment& experiment, const std::string& from, const std::string& to) const {
    for (const auto& [pointer, location] : yaml_.locations)
      if (pointer == from || pointer.starts_with(from + "/"))
        experiment.locations[to + pointer.substr(from.size())] = location;
  }

  Experiment on_dataset(const Experiment& common, const json& item, const std::string& prefix) {
    Experiment experiment = common;
    json source = item.is_string() ? json{{"dataset", item}} : item;
    const Locate locate = locator(yaml_.name, yaml_.locations, prefix);
    if (!source.is_object())
      fail(Exit::kUsage, "{}: expected a dataset's name or its keys", locate(json::json_pointer()));
    const json splits = take(source, "splits"), claim = take(source, "claim");
    FieldReader reader(source, locate);
    reader.text("dataset", experiment.dataset, "");
    reader.text("frames", experiment.frames, "");
    reader.finish();
    if (experiment.dataset.empty())
      fail(Exit::kUsage, "{}: key 'dataset' is missing", locate(json::json_pointer()));
    experiment.id = head_.name + "@" + experiment.dataset;
    experiment.claim = read_claim(claim, locator(yaml_.name, yaml_.locations, prefix + "/claim"));
    alias(experiment, prefix + "/splits", "/protocol/splits");
    ProtocolSections sections = sections_;
    sections.base["protocol"]["splits"] =
        splits.is_object() ? splits : named_splits(experiment.dataset, splits, locate);
    experiment.set_sections(std::move(sections));
    return experiment;
  }

  /// Returns the rule of the split `wanted` of the dataset, or of "official" if the card names
  /// none.
  json named_splits(const std::string& dataset, const json& wanted, const Locate& locate) const {
    if (!catalog_.models_known()) return json::object();  // a lite build plans nothing
    const std::string key = wanted.is_null() ? "dataset" : "splits";
    std::vector<std::string> names;
    for (const NamedSplitInfo& split :
         catalog_.dataset(dataset, locate(pointer_of("dataset"))).named_splits) {
      names.push_back(split.name);
      if (wanted.is_null() ? split.name != "official" : wanted != split.name) continue;
      FieldWriter rule;
      visit_splits(rule, split.rule, "");
      return rule.result;
    }
    const std::string named = wanted.is_null()     ? "official"
                              : wanted.is_string() ? wanted.get<std::string>()
                                                   : wanted.dump();
    fail(Exit::kUsage,
         "{}: {} has no split '{}'; give splits: one of {}, or a section as in an experiment",
         locate(pointer_of(key)),
         dataset,
         named,
         fmt::join(names, ", "));
  }

  YamlFile yaml_;
  const Catalog catalog_;
  Head head_;
  ExternalCard card_;
  ProtocolSections sections_;  // without splits
};

}  // namespace

std::vector<Experiment> read_card(YamlFile yaml) { return CardReader(std::move(yaml)).read(); }

}  // namespace mien
