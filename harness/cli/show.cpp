// list, board, show, help config: what is known, and what is stored.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.h"
#include "harness/base/fields.h"
#include "harness/base/files.h"
#include "harness/cli/command.h"
#include "harness/cli/print.h"
#include "harness/cli/show_task.h"
#include "harness/config/config.h"
#include "harness/config/external_card.h"
#include "harness/system/progress.h"
#include "results/render.h"
#include "results/store.h"
#include "results/table.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

struct ListOptions : PrintedOptions {
  std::string what = "experiments";  // or models, datasets
  ConfigOptions configs;
};

struct BoardPrintOptions : PrintedOptions {
  bool all = false;  // also rows that a newer protocol replaced
  std::string database;
};

struct ShowOptions : StoredOptions {
  static constexpr const char* kFormats = TextOptions::kFormats;
  std::string id;  // of an experiment, a model or a task
  std::string profile = "smoke";
};

struct HelpOptions : PrintedOptions {
  std::string topic;
};

/// Returns "1x48x48", or "-" if nothing is known.
std::string sizes(const std::vector<std::int64_t>& list) {
  return list.empty() ? "-" : fmt::format("{}", fmt::join(list, "x"));
}

std::string number_or_dash(const std::optional<std::int64_t>& value) {
  return value ? std::to_string(*value) : "-";
}

// --- list

void list_experiments(const ListOptions& options, Table& table, json& items) {
  table.columns = {{"experiment"},
                   {"claim", Align::kRight},
                   {"variant", Align::kLeft, 2},
                   {"title", Align::kLeft, 1}};
  for (const Experiment& experiment : options.configs.load()) {
    table.rows.push_back({experiment.id,
                          experiment.claim ? printed_with_unit(*experiment.claim) : "-",
                          experiment.variant,
                          experiment.title});
    items.push_back({{"experiment", experiment.id},
                     {"model", experiment.model},
                     {"variant", experiment.variant},
                     {"dataset", experiment.dataset},
                     {"title", experiment.title},
                     {"claim", experiment.claim ? number_json(experiment.claim->value) : json()},
                     {"assumptions", experiment.assumptions.size()}});
  }
}

/// Returns the models of the catalog, then those of cards.
std::vector<ModelInfo> all_models(const ListOptions& options) {
  std::vector<ModelInfo> models = Catalog().models();
  const std::size_t built_in = models.size();
  for (const Experiment& experiment : options.configs.load())
    if (experiment.card &&
        (models.size() == built_in || models.back().name != experiment.card->model.name))
      models.push_back(experiment.card->model);
  return models;
}

/// Returns "classes", whose number the dataset decides, or "29 coefficients".
std::string outputs_of(const ModelInfo& model) {
  if (model.predicts == "classes") return model.predicts;
  return number_or_dash(model.outputs) + " " + model.predicts;
}

void list_models(const ListOptions& options, Table& table, json& items) {
  table.columns = {{"model"},
                   {"variant"},
                   {"parameters", Align::kRight},
                   {"MACs (M)", Align::kRight},
                   {"input", Align::kRight},
                   {"outputs"},
                   {"deviations", Align::kRight, 2},
                   {"title", Align::kLeft, 1}};
  for (const ModelInfo& model : all_models(options)) {
    table.rows.push_back({model.name,
                          model.variant,
                          number_or_dash(model.parameters),
                          model.macs ? fmt::format("{:.1f}", double(*model.macs) / 1e6) : "-",
                          sizes(model.input),
                          outputs_of(model),
                          std::to_string(model.deviations.size()),
                          model.title});
    json& item = items.emplace_back(*model.document);
    item.erase("tensors");
  }
}

void list_datasets(Table& table, json& items) {
  table.columns = {{"dataset"}, {"classes", Align::kRight}, {"title"}};
  const Catalog catalog;
  for (const DatasetInfo& dataset : catalog.datasets()) {
    table.rows.push_back({dataset.name, std::to_string(dataset.classes.size()), dataset.title});
    items.push_back(*dataset.document);
  }
}

int list(const ListOptions& options) {
  Table table;
  json items = json::array();
  if (options.what == "models")
    list_models(options, table, items);
  else if (options.what == "datasets")
    list_datasets(table, items);
  else
    list_experiments(options, table, items);
  if (options.format == "json")
    print_json({{"schema", 1}, {options.what, items}});
  else
    print_table(table, options.format);
  return 0;
}

// --- a model

json assumptions_json(const Experiment& experiment) {
  json assumptions = json::array();
  for (const Assumption& a : experiment.assumptions)
    assumptions.push_back({{"field", a.field}, {"choice", a.choice}, {"reason", a.reason}});
  return assumptions;
}

/// Returns the experiments of a model and variant.
std::vector<const Experiment*> experiments_of(const ModelInfo& model,
                                              const std::vector<Experiment>& known) {
  std::vector<const Experiment*> found;
  for (const Experiment& experiment : known)
    if (experiment.model == model.name && experiment.variant == model.variant)
      found.push_back(&experiment);
  return found;
}

json model_json(const ModelInfo& model, const std::vector<Experiment>& known) {
  json document = *model.document;
  document["experiments"] = json::array();
  for (const Experiment* experiment : experiments_of(model, known))
    document["experiments"].push_back(
        {{"experiment", experiment->id}, {"assumptions", assumptions_json(*experiment)}});
  return document;
}

void show_rows(const ModelInfo& model) {
  Table table{"Rows, in the paper's order",
              {{"row"}, {"operation"}, {"members"}, {"output"}, {"parameters", Align::kRight}},
              {}};
  for (const ModelRow& row : model.rows)
    table.rows.push_back(
        {row.id, row.operation, row.members, sizes(row.out), std::to_string(row.parameters)});
  if (!table.rows.empty()) print_text(table);
}

void show_deviations(const ModelInfo& model) {
  Table table{
      "Deviations from the paper", {{"row"}, {"tag"}, {"paper says"}, {"we do"}, {"because"}}, {}};
  for (const ModelDeviation& d : model.deviations)
    table.rows.push_back({d.row, d.tag, d.paper_says, d.we_do, d.because});
  if (!table.rows.empty()) print_text(table);
}

void show_assumptions(const std::vector<const Experiment*>& experiments) {
  Table table{"Assumptions of its experiments, where the paper is silent",
              {{"experiment"}, {"field"}, {"our choice"}, {"reason"}},
              {}};
  for (const Experiment* experiment : experiments)
    for (const Assumption& a : experiment->assumptions)
      table.rows.push_back({experiment->id, a.field, a.choice, a.reason});
  if (!table.rows.empty()) print_text(table);
}

/// Prints a model of the catalog, or of a card.
void show_model(const ModelInfo& model,
                const std::vector<Experiment>& known,
                const ExternalCard* card) {
  const std::vector<const Experiment*> experiments = experiments_of(model, known);
  std::vector<std::string> ids;
  for (const Experiment* experiment : experiments) ids.push_back(experiment->id);
  const auto joined = [](const std::vector<std::string>& words) {
    return words.empty() ? std::string("-") : fmt::format("{}", fmt::join(words, ", "));
  };
  std::vector<std::pair<std::string, std::string>> head = {
      {"variant", model.variant},
      {"paper", model.paper},
      {"arXiv", model.arxiv.empty() ? "-" : model.arxiv},
      {"input", sizes(model.input)},
      {"parameters", number_or_dash(model.parameters)},
      {"MACs per image", number_or_dash(model.macs)},
      {"outputs", number_or_dash(model.outputs) + " " + model.predicts}};
  if (!model.fine_tuned.empty())
    head.emplace_back("fine-tuned as published", joined(model.fine_tuned));
  head.emplace_back("experiments", joined(ids));
  if (!model.note.empty()) head.emplace_back("note", model.note);
  if (card) {
    head.emplace_back("external", "trained outside Mien; its training data are unknown");
    head.emplace_back("file", card->file.string());
    head.emplace_back("sha256", card->external.sha256);
    if (!card->external.classes.empty())
      head.emplace_back("outputs", joined(card->external.classes));
  }
  print_text(pairs(model.name + ": " + model.title, head));
  show_rows(model);
  show_deviations(model);
  show_assumptions(experiments);
}

/// Prints all variants of a model, or the card of that name. Returns false if there is neither.
bool show_models(const std::string& name,
                 const std::vector<Experiment>& known,
                 const std::string& format) {
  const Catalog catalog;
  std::vector<const ModelInfo*> found;
  const ExternalCard* card = nullptr;
  for (const ModelInfo& model : catalog.models())
    if (model.name == name) found.push_back(&model);
  for (const Experiment& experiment : known)
    if (experiment.card && experiment.model == name && found.empty())
      found = {&(card = experiment.card.get())->model};
  json documents = json::array();
  for (const ModelInfo* model : found) {
    if (format == "json")
      documents.push_back(model_json(*model, known));
    else
      show_model(*model, known, card);
  }
  if (format == "json" && !found.empty()) print_json({{"schema", 1}, {"models", documents}});
  return !found.empty();
}

// --- an experiment

json claim_json(const Claim& claim) {
  return {{"id", claim.id},
          {"source", claim.source},
          {"locator", claim.locator},
          {"metric", claim.metric},
          {"value", number_json(claim.value)},
          {"unit", claim.unit},
          {"decimals", claim.decimals},
          {"n", claim.n},
          {"protocol", claim.protocol},
          {"grade", claim.grade},
          {"differs", claim.differs}};
}

json experiment_json(const Experiment& experiment, const std::string& profile) {
  FieldWriter protocol;
  const Experiment::Resolved resolved = experiment.resolve(profile, {});
  visit(protocol, resolved.protocol);
  return {{"schema", 1},
          {"experiment", experiment.id},
          {"title", experiment.title},
          {"model", experiment.model},
          {"variant", experiment.variant},
          {"dataset", experiment.dataset},
          {"file", experiment.file.string()},
          {"profile", profile},
          {"protocol", protocol.result},
          {"assumptions", assumptions_json(experiment)},
          {"claim", experiment.claim ? claim_json(*experiment.claim) : json()}};
}

void show_tasks(const Store& store, const std::string& experiment) {
  Table table{"Results",
              {{"task"},
               {"data"},
               {"profile"},
               {"device"},
               {"seed", Align::kRight},
               {"measured", Align::kRight},
               {"95 %"},
               {"n", Align::kRight},
               {"overhead %", Align::kRight}},
              {}};
  for (const std::string& id : store.matching_ids(experiment)) {
    const std::optional<TaskRecord> record = store.load(id);
    if (!record) continue;
    std::vector<std::string> row = {id.substr(0, 12),
                                    name_of(record->task.data),
                                    record->task.profile,
                                    record->task.device_class,
                                    std::to_string(record->task.seed),
                                    "-",
                                    "-",
                                    "-",
                                    "-"};
    for (const Metric& metric : record->metrics) {
      if (metric.split == "test" && metric.name == main_metric(record->task.kind)) {
        const int digits = metric.unit == "%" ? 2 : 3;
        if (metric.value) row[5] = fmt::format("{:.{}f} {}", *metric.value, digits, metric.unit);
        if (metric.interval)
          row[6] = fmt::format("{:.2f} .. {:.2f}", metric.interval->lower, metric.interval->upper);
        row[7] = std::to_string(metric.n);
      }
      if (metric.name == "loop_overhead") row[8] = figure(metric.value);
    }
    table.rows.push_back(row);
  }
  if (!table.rows.empty()) print_text(table);
}

/// Prints the results of an experiment that has no file.
void show_stored(const Store& store, const std::string& experiment, const std::string& format) {
  if (format != "json") return show_tasks(store, experiment);
  json tasks = json::array();
  for (const std::string& id : store.matching_ids(experiment))
    if (const std::optional<TaskRecord> record = store.load(id))
      tasks.push_back(record_json(*record));
  print_json({{"schema", 1}, {"experiment", experiment}, {"tasks", tasks}});
}

void show_experiment(const Experiment& experiment, const ShowOptions& options) {
  const std::string& profile = options.profile;
  if (options.format == "json") return print_json(experiment_json(experiment, profile));
  std::vector<std::pair<std::string, std::string>> head = {
      {"model", experiment.model + ", variant " + experiment.variant},
      {"dataset", experiment.dataset},
      {"file", experiment.file.string()}};
  if (const auto& claim = experiment.claim) {
    head.emplace_back("claim",
                      fmt::format("{} {} (n {}, evidence grade {})",
                                  printed_with_unit(*claim),
                                  claim->metric,
                                  claim->n,
                                  claim->grade));
    head.emplace_back("claimed by", fmt::format("{} (place: {})", claim->source, claim->locator));
    head.emplace_back("its protocol", claim->protocol);
    for (const std::string& difference : claim->differs)
      head.emplace_back("ours differs", difference);
  }
  print_text(pairs(experiment.id + ": " + experiment.title, head));
  Table assumptions{
      "Assumptions: what the paper leaves open", {{"field"}, {"our choice"}, {"reason"}}, {}};
  for (const Assumption& a : experiment.assumptions)
    assumptions.rows.push_back({a.field, a.choice, a.reason});
  if (!assumptions.rows.empty()) print_text(assumptions);
  FieldDocs docs;
  const Experiment::Resolved resolved = experiment.resolve(profile, {});
  visit(docs, resolved.protocol);
  Table protocol{"Protocol, profile " + profile, {{"key"}, {"value"}, {"meaning"}}, {}};
  for (const FieldDoc& doc : docs.rows)
    protocol.rows.push_back({doc.key, doc.default_value, doc.meaning});
  print_text(protocol);
  if (fs::exists(options.database))
    show_tasks(Store::open_existing(options.database), experiment.id);
}

bool looks_like_id(const std::string& text) {
  return text.size() >= 6 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

int show(const ShowOptions& options) {
  const std::vector<Experiment> known = options.configs.load();
  for (const Experiment& experiment : known) {
    if (experiment.id != options.id) continue;
    show_experiment(experiment, options);
    return 0;
  }
  if (show_models(options.id, known, options.format)) return 0;
  // The experiment of submitted meshes is in the database only.
  if (options.id.find('@') != std::string::npos && fs::exists(options.database)) {
    const Store store = Store::open_existing(options.database);
    if (!store.matching_ids(options.id).empty()) {
      show_stored(store, options.id, options.format);
      return 0;
    }
  }
  if (looks_like_id(options.id)) {
    const Store store = Store::open_existing(options.database);
    const std::vector<std::string> ids = store.matching_ids(options.id);
    if (ids.size() > 1)
      fail(Exit::kUsage, "{}: {} tasks begin so; give more digits", options.id, ids.size());
    if (ids.size() == 1) {
      show_task(store, ids[0], options.format);
      return 0;
    }
  }
  std::vector<std::string> names;
  for (const Experiment& experiment : known) {
    names.push_back(experiment.id);
    if (experiment.card) names.push_back(experiment.model);
  }
  const Catalog catalog;
  for (const ModelInfo& model : catalog.models()) names.push_back(model.name);
  fail(Exit::kUsage, "no experiment, model or task '{}'{}", options.id, suggest(options.id, names));
}

// --- the board, and the protocol's keys

int show_board(const BoardPrintOptions& options) {
  const Store store = Store::open_existing(options.database);
  const Board board = make_board(store.board_input(), {options.all});
  fmt::print("{}", render(board, board_format(options.format), stdout_style()));
  return 0;
}

int help(const HelpOptions& options) {
  if (options.topic.empty()) throw HelpWanted();
  FieldDocs docs;
  const Protocol defaults;
  visit(docs, defaults);
  Table table{"Keys of an experiment's protocol",
              {{"key"}, {"values"}, {"default"}, {"meaning", Align::kLeft, 1}},
              {}};
  json items = json::array();
  for (const FieldDoc& doc : docs.rows) {
    table.rows.push_back({doc.key, doc.type, doc.default_value, doc.meaning});
    items.push_back({{"key", doc.key},
                     {"values", doc.type},
                     {"default", doc.default_value},
                     {"meaning", doc.meaning}});
  }
  if (options.format == "json")
    print_json({{"schema", 1}, {"keys", items}});
  else
    print_table(table, options.format);
  return 0;
}

}  // namespace

void declare_list(CliCommand& bench) {
  auto [command, options] =
      bench.add<ListOptions>("list", "list experiments, models or datasets", list);
  command.option("what", options.what, "experiments, models or datasets")
      .one_of({"experiments", "models", "datasets"})
      .show_default();
  command.configs(options.configs);
}

void declare_board(CliCommand& bench) {
  auto [command, options] =
      bench.add<BoardPrintOptions>("board", "show claims and measurements", show_board);
  command.flag("--all", options.all, "also rows that a newer protocol replaced");
  command.database(options.database);
}

void declare_show(CliCommand& bench) {
  auto [command, options] = bench.add<ShowOptions>(
      "show", "show everything about an experiment, a model or a task", show);
  command.option("id", options.id, "model@dataset, model, or first digits of a task id").required();
  command.option("--profile", options.profile, "profile whose protocol is shown");
  command.stored(options);
}

void declare_help(CliCommand& bench) {
  auto [command, options] = bench.add<HelpOptions>("help", "explain a topic", help);
  command.option("topic", options.topic, "config: every key of an experiment's protocol")
      .one_of({"config"});
}

}  // namespace mien
