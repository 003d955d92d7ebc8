// show: an experiment, a model or a task, whole.
#include <algorithm>
#include <cmath>

#include "harness/cards.h"
#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/progress.h"
#include "harness/show_task.h"
#include "harness/verbs.h"
#include "results/render.h"
#include "results/store.h"
#include "results/table.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

// --- a model
// --------------------------------------------------------------------------------------

std::string sizes(const json& list) {
  if (list.is_null()) return "-";
  return fmt::format("{}", fmt::join(list.get<std::vector<std::int64_t>>(), "x"));
}

json assumptions_json(const Experiment& experiment) {
  json assumptions = json::array();
  for (const Assumption& a : experiment.assumptions)
    assumptions.push_back({{"field", a.field}, {"choice", a.choice}, {"reason", a.reason}});
  return assumptions;
}

/// The card with the experiments of its model and variant, and what they assume.
json with_experiments(json card, const std::vector<Experiment>& known) {
  card["experiments"] = json::array();
  for (const Experiment& experiment : known)
    if (experiment.model == card.at("name") && experiment.variant == card.at("variant"))
      card["experiments"].push_back(
          {{"experiment", experiment.id}, {"assumptions", assumptions_json(experiment)}});
  return card;
}

std::string experiments_of(const json& card) {
  std::vector<std::string> names;
  for (const json& experiment : card.at("experiments"))
    names.push_back(experiment.at("experiment"));
  return names.empty() ? "-" : fmt::format("{}", fmt::join(names, ", "));
}

void show_departures(const json& card) {
  Table ledger{"Departures", {{"row"}, {"tag"}, {"paper says"}, {"we do"}, {"because"}}, {}};
  for (const json& d : card.at("departures"))
    ledger.rows.push_back(
        {d.at("row"), d.at("tag"), d.at("paper_says"), d.at("we_do"), d.at("because")});
  if (!ledger.rows.empty()) print_text(ledger);
}

void show_assumptions(const json& card) {
  Table table{"Assumptions of its experiments: what the paper leaves open",
              {{"experiment"}, {"field"}, {"our choice"}, {"reason"}},
              {}};
  for (const json& experiment : card.at("experiments"))
    for (const json& a : experiment.at("assumptions"))
      table.rows.push_back(
          {experiment.at("experiment"), a.at("field"), a.at("choice"), a.at("reason")});
  if (!table.rows.empty()) print_text(table);
}

void show_model(const json& card) {
  const auto number = [&](const char* key) {
    return card.at(key).is_null() ? "-" : card.at(key).dump();
  };
  const auto text = [&](const char* key) { return card.at(key).get<std::string>(); };
  std::vector<std::pair<std::string, std::string>> head = {
      {"variant", text("variant")},
      {"paper", text("paper")},
      {"arXiv", text("arxiv").empty() ? "-" : text("arxiv")},
      {"input", sizes(card.at("input"))},
      {"parameters", number("parameters")},
      {"MACs per image", number("macs")}};
  if (card.contains("predicts"))
    head.emplace_back("outputs", number("outputs") + " " + text("predicts"));
  if (!card.value("fine_tuned", json::array()).empty())
    head.emplace_back(
        "fine-tuned as published",
        fmt::format("{}", fmt::join(card.at("fine_tuned").get<std::vector<std::string>>(), ", ")));
  head.emplace_back("experiments", experiments_of(card));
  if (!text("note").empty()) head.emplace_back("note", text("note"));
  if (card.contains("external")) {
    const json& external = card.at("external");
    const auto classes = external.at("classes").get<std::vector<std::string>>();
    head.emplace_back("external",
                      "trained elsewhere; nothing of it is checked but what it answers");
    head.emplace_back("file", external.at("file"));
    head.emplace_back("sha256", external.at("sha256"));
    if (!classes.empty()) head.emplace_back("outputs", fmt::format("{}", fmt::join(classes, ", ")));
  }
  print_text(pairs(text("name") + ": " + text("title"), head));
  Table rows{"Rows, in the paper's order",
             {{"row"}, {"operation"}, {"members"}, {"output"}, {"parameters", Align::kRight}},
             {}};
  for (const json& row : card.at("rows"))
    rows.rows.push_back({row.at("id"),
                         row.at("operation"),
                         row.at("members"),
                         sizes(row.at("out")),
                         row.at("parameters").dump()});
  if (!rows.rows.empty()) print_text(rows);
  show_departures(card);
  show_assumptions(card);
}

/// All variants of a model, or the card of that name; false where there is no such model.
bool show_models(const std::string& name,
                 const std::vector<Experiment>& known,
                 const std::string& format) {
  const Tables tables;
  json found = json::array();
  for (const json& card : tables.models())
    if (card.at("name") == name) found.push_back(with_experiments(card, known));
  for (const Experiment& experiment : known)
    if (experiment.card && experiment.model == name && found.empty())
      found.push_back(with_experiments(experiment.card->entry, known));
  if (found.empty()) return false;
  if (format == "json")
    print_json({{"schema", 1}, {"models", found}});
  else
    for (const json& card : found) show_model(card);
  return true;
}

// --- an experiment
// --------------------------------------------------------------------------------

json claim_json(const Claim& claim) {
  return {{"id", claim.id},
          {"source", claim.source},
          {"locator", claim.locator},
          {"metric", claim.metric},
          {"value", claim.value},
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

/// As the board chooses it where no claim says otherwise.
std::string main_metric(TaskKind kind) {
  if (kind == TaskKind::kRegression) return "coefficient_error";
  return kind == TaskKind::kReconstruction ? "realy_error" : "accuracy";
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
      if (metric.name == main_metric(record->task.kind) && metric.split == "test") {
        const int digits = metric.unit == "%" ? 2 : 3;
        row[5] = fmt::format("{:.{}f} {}", metric.value, digits, metric.unit);
        if (!std::isnan(metric.lower))
          row[6] = fmt::format("{:.2f} .. {:.2f}", metric.lower, metric.upper);
        row[7] = std::to_string(metric.n);
      }
      if (metric.name == "loop_overhead") row[8] = figure(metric.value);
    }
    table.rows.push_back(row);
  }
  if (!table.rows.empty()) print_text(table);
}

/// The results of an experiment that has no config.
void show_stored(const Store& store, const std::string& experiment, const std::string& format) {
  if (format != "json") return show_tasks(store, experiment);
  json tasks = json::array();
  for (const std::string& id : store.matching_ids(experiment))
    if (const std::optional<TaskRecord> record = store.load(id))
      tasks.push_back(record_json(*record));
  print_json({{"schema", 1}, {"experiment", experiment}, {"tasks", tasks}});
}

void show_experiment(const Experiment& experiment, const Options& options) {
  const std::string& profile = options.request.profile;
  if (options.format == "json") return print_json(experiment_json(experiment, profile));
  std::vector<std::pair<std::string, std::string>> head = {
      {"model", experiment.model + ", variant " + experiment.variant},
      {"dataset", experiment.dataset},
      {"file", experiment.file.string()}};
  if (const auto& claim = experiment.claim) {
    head.emplace_back("claim",
                      fmt::format("{:.{}f} {} {} (n {}, evidence grade {})",
                                  claim->value,
                                  claim->decimals,
                                  claim->unit,
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

}  // namespace

int verb_show(const Options& options) {
  const std::vector<Experiment> known = load_experiments(options.configs, options.cards);
  for (const Experiment& experiment : known) {
    if (experiment.id != options.subject) continue;
    show_experiment(experiment, options);
    return 0;
  }
  if (show_models(options.subject, known, options.format)) return 0;
  // Meshes that somebody handed in have an experiment in the database alone.
  if (options.subject.find('@') != std::string::npos && fs::exists(options.database)) {
    const Store store = Store::open_existing(options.database);
    if (!store.matching_ids(options.subject).empty()) {
      show_stored(store, options.subject, options.format);
      return 0;
    }
  }
  if (looks_like_id(options.subject)) {
    const Store store = Store::open_existing(options.database);
    const std::vector<std::string> ids = store.matching_ids(options.subject);
    if (ids.size() > 1)
      fail(Exit::kUsage, "{}: {} tasks begin so; give more digits", options.subject, ids.size());
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
  for (const json& card : Tables().models()) names.push_back(card.at("name"));
  fail(Exit::kUsage,
       "no experiment, model or task '{}'{}",
       options.subject,
       suggest(options.subject, names));
}

}  // namespace mien
