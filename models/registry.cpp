#include "models/registry.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"

namespace mien {

const ModelEntry& deepemotion_fig();
const ModelEntry& deepemotion_loc1000();
const ModelEntry& deepemotion_tutorial640();
const ModelEntry& dexpression_fc();
const ModelEntry& dexpression_fc11();
const ModelEntry& expnet();
const ModelEntry& expnet_narrow();
const ModelEntry& expnet_shapenet();
const ModelEntry& expnet_shapenet_narrow();
const ModelEntry& facepose();
const ModelEntry& fer2013cnn();
const ModelEntry& linear();
const ModelEntry& null();

const std::vector<const ModelEntry*>& models() {
  static const std::vector<const ModelEntry*> table = {
      &deepemotion_fig(),
      &deepemotion_loc1000(),
      &deepemotion_tutorial640(),
      &dexpression_fc(),
      &dexpression_fc11(),
      &expnet(),
      &expnet_narrow(),
      &expnet_shapenet(),
      &expnet_shapenet_narrow(),
      &facepose(),
      &fer2013cnn(),
      &linear(),
      &null(),
  };
  return table;
}

const ModelEntry& find_model(const std::string& name, const std::string& variant) {
  std::vector<std::string> names, variants;
  for (const ModelEntry* entry : models()) {
    if (entry->card.name == name && entry->card.variant == variant) return *entry;
    if (names.empty() || names.back() != entry->card.name) names.push_back(entry->card.name);
    if (entry->card.name == name) variants.push_back(entry->card.variant);
  }
  if (variants.empty()) fail(Exit::kUsage, "no model '{}'{}", name, suggest(name, names));
  fail(Exit::kUsage, "model {} has no variant '{}'{}", name, variant, suggest(variant, variants));
}

std::vector<std::int64_t> Row::sizes(std::int64_t classes) const {
  std::vector<std::int64_t> present;
  for (const std::int64_t size : out)
    if (size != 0) present.push_back(size == kClasses ? classes : size);
  return present;
}

bool Model::fit(const torch::Tensor&, std::int64_t) { return false; }

torch::Tensor Model::tap(const char* id, torch::Tensor x) {
  const auto row = std::find_if(
      rows_.begin(), rows_.end(), [&](const Row& r) { return std::string_view(r.id) == id; });
  MIEN_ASSERT(row != rows_.end());
  const std::vector<std::int64_t> expected = row->sizes(classes_);
  const auto sizes = x.sizes().slice(1);
  if (!sizes.equals(expected))
    fail(Exit::kUsage,
         "row {} ({}): output is {}, the table says {}; is the input of the size on "
         "the card?",
         id,
         row->operation,
         fmt::join(sizes, "x"),
         fmt::join(expected, "x"));
  if (trace_) trace_->seen.emplace_back(id, x);
  return x;
}

std::int64_t parameter_count(const torch::nn::Module& model) {
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : model.parameters()) count += parameter.numel();
  return count;
}

namespace {

using nlohmann::json;

json rows_json(const ModelEntry& entry) {
  json rows = json::array();
  for (const Row& row : entry.rows) {
    rows.push_back({{"id", row.id},
                    {"operation", row.operation},
                    {"members", row.members},
                    {"out", row.sizes(entry.card.outputs)},
                    {"parameters", row.parameters}});
  }
  return rows;
}

json deviations_json(const ModelEntry& entry) {
  json list = json::array();
  for (const Deviation& deviation : entry.deviations)
    list.push_back({{"row", deviation.row},
                    {"tag", deviation.tag},
                    {"paper_says", deviation.paper_says},
                    {"we_do", deviation.we_do},
                    {"because", deviation.because}});
  return list;
}

json tensors_json(const ModelEntry& entry) {
  json tensors = json::array();
  ModelOptions options;
  options.classes = entry.card.outputs;
  const std::shared_ptr<Model> model = entry.make(options);
  for (const auto& parameter : model->named_parameters())
    tensors.push_back({{"name", parameter.key()}, {"shape", parameter.value().sizes().vec()}});
  return tensors;
}

json entry_json(const ModelEntry& entry) {
  const Card& card = entry.card;
  return {{"name", card.name},
          {"variant", card.variant},
          {"title", card.title},
          {"paper", card.paper},
          {"arxiv", card.arxiv},
          {"input", card.input},
          {"predicts", name_of(card.predicts)},
          {"target", card.target},
          {"outputs", card.outputs},
          {"parameters", card.parameters},
          {"macs", card.macs},
          {"note", card.note},
          {"fine_tuned", entry.fine_tuned},
          {"rows", rows_json(entry)},
          {"deviations", deviations_json(entry)},
          {"tensors", tensors_json(entry)}};
}

}  // namespace

std::string models_json() {
  json table = json::array();
  for (const ModelEntry* entry : models()) table.push_back(entry_json(*entry));
  const json document = {{"schema", 1},
                         {"libtorch", TORCH_VERSION},
                         {"cuda", bool(MIEN_LIBTORCH_CUDA)},
                         {"models", table}};
  return document.dump(1);
}

}  // namespace mien
