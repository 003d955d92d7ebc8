#include "harness/config/catalog.h"

#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/base/fields.h"
#include "harness/base/files.h"

namespace mien {
namespace {

using nlohmann::json;

/// Copies `object[key]` where it is there and not null.
template <typename T>
void read(const json& object, const char* key, T& value) {
  if (const auto found = object.find(key); found != object.end() && !found->is_null())
    found->get_to(value);
}
template <typename T>
void read(const json& object, const char* key, std::optional<T>& value) {
  if (const auto found = object.find(key); found != object.end() && !found->is_null())
    value = found->get<T>();
}

json list(const json& object, const char* key) { return object.value(key, json::array()); }

DatasetInfo dataset_info(const json& entry) {
  DatasetInfo info;
  read(entry, "name", info.name);
  read(entry, "title", info.title);
  read(entry, "licence", info.licence);
  read(entry, "obtain", info.obtain);
  read(entry, "tree", info.tree);
  read(entry, "classes", info.classes);
  read(entry, "errata", info.errata);
  for (const json& rule : list(entry, "frame_rules"))
    info.frame_rules.push_back({rule.at("name"), rule.at("meaning")});
  for (const json& item : list(entry, "named_splits")) {
    NamedSplitInfo& split = info.named_splits.emplace_back();
    split.name = item.at("name");
    split.source = item.at("source");
    json rule = item;
    for (const char* key : {"name", "source"}) rule.erase(key);
    FieldReader reader(rule, [](const json::json_pointer&) { return "datasets.json"; });
    visit_splits(reader, split.rule, "");
    reader.finish();
  }
  info.document = std::make_shared<const json>(entry);
  return info;
}

/// Reads a table with `use`. What it throws means that the table is of another build.
template <typename Use>
void read_table(const char* name, Use use) {
  const std::filesystem::path path = paths::share() / name;
  if (!std::filesystem::exists(path)) return;
  try {
    use(json::parse(read_text(path)));
  } catch (const json::parse_error&) {
    fail(Exit::kPrecondition, "{}: not JSON; install Mien again", path.string());
  } catch (const json::exception& error) {
    fail(Exit::kPrecondition,
         "{}: not a table of this build ({}); install Mien again",
         path.string(),
         error.what());
  }
}

}  // namespace

ModelInfo model_info(json entry) {
  ModelInfo info;
  read(entry, "name", info.name);
  read(entry, "variant", info.variant);
  read(entry, "title", info.title);
  read(entry, "paper", info.paper);
  read(entry, "arxiv", info.arxiv);
  read(entry, "note", info.note);
  read(entry, "predicts", info.predicts);
  read(entry, "input", info.input);
  read(entry, "outputs", info.outputs);
  read(entry, "parameters", info.parameters);
  read(entry, "macs", info.macs);
  read(entry, "fine_tuned", info.fine_tuned);
  for (const json& row : list(entry, "rows"))
    info.rows.push_back({.id = row.at("id"),
                         .operation = row.at("operation"),
                         .members = row.at("members"),
                         .out = row.at("out"),
                         .parameters = row.at("parameters")});
  for (const json& deviation : list(entry, "deviations"))
    info.deviations.push_back({.row = deviation.at("row"),
                               .tag = deviation.at("tag"),
                               .paper_says = deviation.at("paper_says"),
                               .we_do = deviation.at("we_do"),
                               .because = deviation.at("because")});
  info.document = std::make_shared<const json>(std::move(entry));
  return info;
}

Catalog::Catalog() {
  read_table("models.json", [this](const json& table) {
    models_known_ = true;
    read(table, "cuda", cuda_);
    read(table, "libtorch", libtorch_);
    for (const json& entry : table.at("models")) models_.push_back(model_info(entry));
  });
  read_table("datasets.json", [this](const json& table) {
    for (const json& entry : table) datasets_.push_back(dataset_info(entry));
  });
}

const ModelInfo& Catalog::model(const std::string& name,
                                const std::string& variant,
                                const std::string& where) const {
  std::set<std::string> names, variants;
  for (const ModelInfo& model : models_) {
    names.insert(model.name);
    if (model.name != name) continue;
    variants.insert(model.variant);
    if (model.variant == variant) return model;
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

const DatasetInfo& Catalog::dataset(const std::string& name, const std::string& where) const {
  std::vector<std::string> names;
  for (const DatasetInfo& dataset : datasets_) {
    if (dataset.name == name) return dataset;
    names.push_back(dataset.name);
  }
  fail(Exit::kUsage, "{}: no dataset '{}'{}", where, name, suggest(name, names));
}

}  // namespace mien
