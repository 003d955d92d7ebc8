// show: an experiment, a model or a task, whole.
#include <algorithm>
#include <cmath>
#include <set>

#include "harness/cards.h"
#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/statistics.h"
#include "harness/progress.h"
#include "harness/verbs.h"
#include "results/render.h"
#include "results/store.h"
#include "results/table.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

void print_text(const Table& table) { fmt::print("{}\n", to_text(table, stdout_style())); }

Table pairs(const std::string& title,
            const std::vector<std::pair<std::string, std::string>>& rows) {
  Table table{title, {{"what"}, {"value"}}, {}};
  for (const auto& [what, value] : rows) table.rows.push_back({what, value});
  return table;
}

// --- a task
// ---------------------------------------------------------------------------------------

std::string interval_text(const Metric& metric) {
  if (std::isnan(metric.lower)) return "-";
  return fmt::format("{} .. {} ({})", figure(metric.lower), figure(metric.upper), metric.method);
}

Table metrics_table(const TaskRecord& record) {
  Table table{"Metrics",
              {{"metric"},
               {"split"},
               {"value", Align::kRight},
               {"unit"},
               {"95 % or range"},
               {"n", Align::kRight}},
              {}};
  for (const Metric& metric : record.metrics)
    table.rows.push_back({metric.name,
                          metric.split.empty() ? "-" : metric.split,
                          figure(metric.value),
                          metric.unit,
                          interval_text(metric),
                          std::to_string(metric.n)});
  return table;
}

Table curve_table(const TaskRecord& record) {
  Table table{"Curve (accuracies in %, training on augmented images)",
              {{"epoch", Align::kRight},
               {"rate", Align::kRight},
               {"train loss", Align::kRight},
               {"train acc", Align::kRight},
               {"val loss", Align::kRight},
               {"val acc", Align::kRight},
               {"s", Align::kRight},
               {"overhead %", Align::kRight}},
              {}};
  for (const EpochPoint& point : record.curve)
    table.rows.push_back({std::to_string(point.epoch),
                          figure(point.learning_rate),
                          figure(point.train_loss),
                          figure(point.train_accuracy),
                          figure(point.validation_loss),
                          figure(point.validation_accuracy),
                          figure(point.seconds),
                          figure(100 * point.other_seconds / point.seconds)});
  return table;
}

Table confusion_table(const TaskRecord& record) {
  Table table{"Confusion on the test split (rows: truth)", {{""}}, {}};
  for (const std::string& name : record.class_names) {
    table.columns.push_back({name, Align::kRight});
    table.rows.push_back({name});
  }
  for (auto& row : table.rows) row.resize(table.columns.size(), "0");
  for (const ConfusionCell& cell : record.confusion)
    if (cell.split == "test")
      table.rows[static_cast<std::size_t>(cell.truth)]
                [static_cast<std::size_t>(cell.predicted + 1)] = std::to_string(cell.count);
  return table;
}

Table fold_table(const TaskRecord& record) {
  const FoldSize& fold = record.fold.front();
  Table table = pairs(
      "Split and what its sides share",
      {{"rule", record.task.split},
       {"images",
        fmt::format("{} train, {} validation, {} test", fold.train, fold.validation, fold.test)},
       {"sha256", fold.sha256}});
  for (const Leak& leak : record.leaks)
    table.rows.push_back(
        {leak.side + ": " + leak.kind, fmt::format("{} of {}", leak.rows, leak.of)});
  return table;
}

Table sweep_table(const TaskRecord& record, const std::string& parameter) {
  Table table{"With other settings of " + parameter,
              {{parameter, Align::kRight},
               {"metric"},
               {"value", Align::kRight},
               {"unit"},
               {"95 %"},
               {"n", Align::kRight}},
              {}};
  for (const SweepPoint& p : record.sweep)
    if (p.parameter == parameter)
      table.rows.push_back(
          {figure(p.setting),
           p.metric,
           figure(p.value),
           p.unit,
           std::isnan(p.lower) ? "-" : fmt::format("{} .. {}", figure(p.lower), figure(p.upper)),
           std::to_string(p.n)});
  return table;
}

/// Root mean square of predicted - true, of single coefficients; those of samples without a truth
/// are left out.
struct CoefficientErrors {
  std::vector<double> squares;  // sums, per coefficient
  std::int64_t samples = 0;
  double rmse_of(std::size_t i) const {
    return std::sqrt(squares[i] / static_cast<double>(samples));
  }
};

CoefficientErrors coefficient_errors(const TaskRecord& record, const std::string& target) {
  CoefficientErrors errors;
  for (const Coefficients& row : record.coefficients) {
    if (row.target != target || row.split != "test" || row.truth.size() != row.predicted.size())
      continue;
    errors.squares.resize(std::max(errors.squares.size(), row.truth.size()));
    ++errors.samples;
    for (std::size_t i = 0; i < row.truth.size(); ++i) {
      const double difference = double{row.predicted[i]} - double{row.truth[i]};
      errors.squares[i] += difference * difference;
    }
  }
  return errors;
}

Table coefficients_table(const TaskRecord& record) {
  Table table{"Coefficients on the test split, in units of the pack",
              {{"target"},
               {"samples", Align::kRight},
               {"coefficients", Align::kRight},
               {"RMSE", Align::kRight},
               {"least", Align::kRight},
               {"most", Align::kRight},
               {"most of"}},
              {}};
  std::set<std::string> targets;
  for (const Coefficients& row : record.coefficients) targets.insert(row.target);
  for (const std::string& target : targets) {
    const CoefficientErrors errors = coefficient_errors(record, target);
    if (errors.squares.empty()) continue;
    const auto [least, most] = std::ranges::minmax_element(errors.squares);
    const auto at = [&](auto place) {
      return static_cast<std::size_t>(place - errors.squares.begin());
    };
    table.rows.push_back({target,
                          std::to_string(errors.samples),
                          std::to_string(errors.squares.size()),
                          figure(std::sqrt(mean(errors.squares) / double(errors.samples))),
                          figure(errors.rmse_of(at(least))),
                          figure(errors.rmse_of(at(most))),
                          fmt::format("coefficient {}", at(most))});
  }
  return table;
}

constexpr const char* kRegions[] = {"nose", "mouth", "forehead", "cheek"};

Table mesh_table(const TaskRecord& record) {
  Table table{"REALY error in mm, of meshes that have one",
              {{"mode"},
               {"region"},
               {"mean", Align::kRight},
               {"median", Align::kRight},
               {"std", Align::kRight},
               {"scored", Align::kRight},
               {"failed", Align::kRight},
               {"reflected", Align::kRight}},
              {}};
  for (const char* mode : {"compat", "strict"})
    for (const char* region : kRegions) {
      std::vector<double> errors;
      std::int64_t failed = 0, reflected = 0;
      for (const MeshError& row : record.mesh_errors) {
        if (row.mode != mode || row.region != region) continue;
        if (std::isfinite(row.error_mm)) errors.push_back(row.error_mm);
        failed += !row.failure.empty();
        reflected += row.reflected;
      }
      if (errors.empty() && failed == 0) continue;
      table.rows.push_back(
          {mode,
           region,
           errors.empty() ? "-" : fmt::format("{:.3f}", mean(errors)),
           errors.empty() ? "-" : fmt::format("{:.3f}", median(errors)),
           errors.size() < 2 ? "-" : fmt::format("{:.3f}", standard_deviation(errors)),
           std::to_string(errors.size()),
           std::to_string(failed),
           std::to_string(reflected)});
    }
  return table;
}

/// The five meshes with the largest mean of four regions; those that failed come first.
Table worst_table(const TaskRecord& record) {
  constexpr std::size_t kWorst = 5;
  Table table{"Worst meshes", {{"mesh"}}, {}};
  for (const char* region : kRegions) table.columns.push_back({region, Align::kRight});
  table.columns.push_back({"all", Align::kRight});
  table.columns.push_back({"failure"});
  std::map<std::string, std::vector<const MeshError*>> meshes;
  const std::string mode = record.mesh_errors.empty() ? "" : record.mesh_errors.front().mode;
  for (const MeshError& row : record.mesh_errors)
    if (row.mode == mode) meshes[row.mesh].push_back(&row);
  std::vector<std::pair<double, std::vector<std::string>>> order;
  for (const auto& [name, regions] : meshes) {
    std::vector<std::string> cells = {name};
    double sum = 0;
    std::string failure;
    for (const MeshError* row : regions) {
      cells.push_back(std::isnan(row->error_mm) ? "-" : fmt::format("{:.3f}", row->error_mm));
      sum += row->failure.empty() ? row->error_mm : INFINITY;
      if (failure.empty()) failure = row->failure;
    }
    const double all = sum / static_cast<double>(regions.size());
    cells.insert(cells.end(), {std::isfinite(all) ? fmt::format("{:.3f}", all) : "-", failure});
    cells.resize(table.columns.size());
    order.emplace_back(all, std::move(cells));
  }
  std::ranges::stable_sort(order, std::greater<>(), [](const auto& item) { return item.first; });
  for (std::size_t i = 0; i < std::min(kWorst, order.size()); ++i)
    table.rows.push_back(order[i].second);
  table.title += mode.empty() ? "" : ", mode " + mode;
  return table;
}

Table environment_table(const Environment& e) {
  return pairs("Where it ran",
               {{"mien", fmt::format("{}, commit {} ({})", e.mien_version, e.commit, e.dirty)},
                {"build", e.compiler + ", " + e.build_type},
                {"LibTorch", e.libtorch},
                {"BLAS", e.blas},
                {"system", e.os},
                {"CPU", fmt::format("{}, {} cores, {} threads", e.cpu, e.cores, e.threads)},
                {"GPU", e.gpu.empty() ? "none used" : e.gpu}});
}

void show_attempts(const Store& store, const std::string& id) {
  Table table{
      "Attempts",
      {{"ended"}, {"state"}, {"seconds", Align::kRight}, {"peak MiB", Align::kRight}, {"message"}},
      {}};
  for (const Attempt& attempt : store.attempts(id))
    table.rows.push_back({utc_date(attempt.ended_ns),
                          name_of(attempt.state),
                          figure(static_cast<double>(attempt.ended_ns - attempt.started_ns) / 1e9),
                          std::to_string(attempt.peak_rss_bytes >> 20),
                          attempt.message});
  print_text(table);
}

void show_record(const TaskRecord& record) {
  print_text(metrics_table(record));
  if (!record.curve.empty()) print_text(curve_table(record));
  if (!record.class_names.empty()) print_text(confusion_table(record));
  if (const Table table = coefficients_table(record); !table.rows.empty()) print_text(table);
  if (!record.mesh_errors.empty()) {
    print_text(mesh_table(record));
    print_text(worst_table(record));
  }
  std::set<std::string> parameters;
  for (const SweepPoint& point : record.sweep) parameters.insert(point.parameter);
  for (const std::string& parameter : parameters) print_text(sweep_table(record, parameter));
  print_text(environment_table(record.environment));
  if (!record.fold.empty()) print_text(fold_table(record));
  Table notes{"Notes and files", {{"kind"}, {"what"}}, {}};
  for (const Note& note : record.notes) notes.rows.push_back({note.kind, note.text});
  for (const Artifact& artifact : record.artifacts)
    notes.rows.push_back(
        {artifact.kind,
         fmt::format("{} ({} bytes, sha256 {})", artifact.path, artifact.bytes, artifact.sha256)});
  if (!notes.rows.empty()) print_text(notes);
}

json record_json(const TaskRecord& record) {
  json metrics = json::array(), curve = json::array();
  const auto number = [](double value) { return std::isnan(value) ? json() : json(value); };
  for (const Metric& m : record.metrics)
    metrics.push_back({{"name", m.name},
                       {"split", m.split},
                       {"value", number(m.value)},
                       {"unit", m.unit},
                       {"lower", number(m.lower)},
                       {"upper", number(m.upper)},
                       {"method", m.method},
                       {"n", m.n}});
  for (const EpochPoint& p : record.curve)
    curve.push_back({{"epoch", p.epoch},
                     {"learning_rate", p.learning_rate},
                     {"train_loss", p.train_loss},
                     {"train_accuracy", p.train_accuracy},
                     {"validation_loss", p.validation_loss},
                     {"validation_accuracy", p.validation_accuracy},
                     {"seconds", p.seconds},
                     {"other_seconds", p.other_seconds}});
  json sweep = json::array(), meshes = json::array();
  for (const SweepPoint& p : record.sweep)
    sweep.push_back({{"parameter", p.parameter},
                     {"setting", p.setting},
                     {"metric", p.metric},
                     {"unit", p.unit},
                     {"value", number(p.value)},
                     {"lower", number(p.lower)},
                     {"upper", number(p.upper)},
                     {"n", p.n}});
  for (const MeshError& m : record.mesh_errors)
    meshes.push_back({{"mode", m.mode},
                      {"mesh", m.mesh},
                      {"region", m.region},
                      {"subject", m.subject},
                      {"error_mm", number(m.error_mm)},
                      {"scan_to_mesh_mm", number(m.scan_to_mesh_mm)},
                      {"failure", m.failure},
                      {"reflected", m.reflected}});
  json leaks = json::array(), fold;
  for (const Leak& leak : record.leaks)
    leaks.push_back(
        {{"side", leak.side}, {"kind", leak.kind}, {"rows", leak.rows}, {"of", leak.of}});
  for (const FoldSize& size : record.fold)
    fold = {{"sha256", size.sha256},
            {"train", size.train},
            {"validation", size.validation},
            {"test", size.test}};
  return {{"schema", 1},
          {"fold", fold},
          {"leaks", leaks},
          {"id", task_id(record.task)},
          {"task", to_json(record.task)},
          {"metrics", metrics},
          {"curve", curve},
          {"sweep", sweep},
          {"mesh_errors", meshes},
          {"environment",
           {{"commit", record.environment.commit},
            {"dirty", record.environment.dirty},
            {"libtorch", record.environment.libtorch},
            {"cpu", record.environment.cpu},
            {"gpu", record.environment.gpu},
            {"threads", record.environment.threads}}}};
}

void show_task(const Store& store, const std::string& id, const std::string& format) {
  const std::optional<TaskRecord> record = store.load(id);
  if (format == "json") {
    print_json(record ? record_json(*record) : json{{"schema", 1}, {"id", id}});
    return;
  }
  fmt::print("task {}\n\n", id);
  if (record) {
    fmt::print("{}\n\n", to_json(record->task).dump(2));
    show_record(*record);
  }
  show_attempts(store, id);
}

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
