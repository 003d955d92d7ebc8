// explain: what the weights of a task look at. The worker computes maps, bench-prepare draws them.
#include <algorithm>
#include <thread>

#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/safetensors.h"
#include "harness/done_task.h"
#include "harness/explain_coefficients.h"
#include "harness/verbs.h"
#include "results/store.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

void check_experiment(const Options& options) {
  std::vector<std::string> names;
  for (const Experiment& experiment : load_experiments(options.configs)) {
    if (experiment.id == options.subject) return;
    names.push_back(experiment.id);
  }
  fail(Exit::kUsage, "no experiment '{}'{}", options.subject, suggest(options.subject, names));
}

bool holds_sample(const TaskRecord& record, const std::string& split, const std::string& sample) {
  return holds_coefficients(record, split, sample) ||
         std::ranges::any_of(record.predictions, [&](const Prediction& p) {
           return p.split == split && p.sample_id == sample;
         });
}

/// Done tasks of the experiment that left weights or coefficients, newest first; one of them by
/// --task.
std::vector<DoneTask> explainable(const Store& store, const Options& options) {
  std::vector<DoneTask> tasks;
  bool weightless = false;
  for (const std::string& id : store.matching_ids(options.subject)) {
    if (!id.starts_with(options.task)) continue;
    std::optional<TaskRecord> record = store.load(id);
    if (!record || record->task.kind == TaskKind::kThroughput) continue;
    const bool can_be = !record->coefficients.empty() || left_weights(*record);
    weightless = weightless || !can_be;
    if (can_be) tasks.push_back({id, std::move(*record)});
  }
  if (tasks.empty() && weightless)
    fail(Exit::kPrecondition,
         "{}: its tasks left no weights; there is nothing to explain",
         options.subject);
  if (tasks.empty() && !options.task.empty())
    fail(Exit::kUsage,
         "--task {}: no done task of {} begins so; bench show {} lists them",
         options.task,
         options.subject,
         options.subject);
  if (tasks.empty())
    fail(Exit::kPrecondition,
         "{}: no weights; run bench run {} first",
         options.subject,
         options.subject);
  std::ranges::stable_sort(
      tasks, std::greater(), [](const DoneTask& task) { return task.record.attempt.ended_ns; });
  return tasks;
}

/// The newest task, for a sample the newest that scored it: a fold scores only its own part.
DoneTask chosen(std::vector<DoneTask> tasks, const Options& options) {
  if (options.sample.empty()) return std::move(tasks.front());
  for (DoneTask& task : tasks)
    if (holds_sample(task.record, options.split, options.sample)) return std::move(task);
  std::vector<std::string> ids;
  for (const Prediction& p : tasks.front().record.predictions)
    if (p.split == options.split) ids.push_back(p.sample_id);
  for (const Coefficients& c : tasks.front().record.coefficients)
    if (c.split == options.split) ids.push_back(c.sample_id);
  fail(Exit::kUsage,
       "--sample {}: not among the {} images of {}{}",
       options.sample,
       options.split,
       options.subject,
       suggest(options.sample, ids));
}

void run_worker(const DoneTask& task, const Options& options, const WorkFolder& folder) {
  write_text(folder / "task.json", to_json(task.record.task).dump());
  const unsigned threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::string> arguments = {"explain",
                                        (folder / "task.json").string(),
                                        "--pack",
                                        pack_of(task.record.task),
                                        "--weights",
                                        weights_of(task, options.database).string(),
                                        "--task-id",
                                        task.id,
                                        "--split",
                                        options.split,
                                        "--threads",
                                        std::to_string(threads),
                                        "--out",
                                        (folder / "maps.safetensors").string()};
  const auto pass = [&](const char* name, const std::string& value) {
    arguments.insert(arguments.end(), {name, value});
  };
  if (!options.sample.empty()) pass("--sample", options.sample);
  if (!options.class_name.empty()) pass("--class", options.class_name);
  if (options.square_px > 0) pass("--size", std::to_string(options.square_px));
  if (options.stride_px > 0) pass("--stride", std::to_string(options.stride_px));
  call_worker(arguments);
}

/// What the picture says must be what the task stored.
void check_prediction(const DoneTask& task, const json& facts, const Options& options) {
  if (options.sample.empty()) return;
  for (const Prediction& p : task.record.predictions) {
    if (p.split != options.split || p.sample_id != options.sample) continue;
    const std::string stored = task.record.class_names.at(static_cast<std::size_t>(p.predicted));
    if (facts.at("predicted") != stored)
      fail(Exit::kIntegrity,
           "{}: the weights say {}, task {} stored {}; was it run by another build or machine?",
           options.sample,
           facts.at("predicted").get<std::string>(),
           task.id.substr(0, 12),
           stored);
  }
}

/// The model of the coefficients: it comes with the pack that their network was trained on.
fs::path face_model_of(const Task& task, const Store& store) {
  Task trained = task;
  if (const auto network = task.networks.find("expression"); network != task.networks.end()) {
    const std::optional<TaskRecord> record = store.load(network->second);
    if (!record)
      fail(Exit::kPrecondition,
           "task {}, which trained its network, is not in this database",
           network->second.substr(0, 12));
    trained = record->task;
  }
  const Located located = locate_dataset(trained.dataset, trained.frames);
  if (located.face_model.empty())
    fail(Exit::kPrecondition,
         "{}: no face model beside its pack; run bench data prepare {} first",
         trained.dataset,
         trained.dataset);
  return located.face_model;
}

/// Picture, head and numbers of a sample, from what the task stored.
int explain_coefficients(const DoneTask& task, const Store& store, const Options& options) {
  if (options.sample.empty())
    fail(Exit::kUsage, "{} predicts coefficients: give --sample", options.subject);
  if (!holds_coefficients(task.record, options.split, options.sample))
    fail(Exit::kUsage, "{} predicts no expression; explain the network that does", options.subject);
  const WorkFolder folder;
  const fs::path model = face_model_of(task.record.task, store);
  const std::string line = write_coefficients(task.record,
                                              options.split,
                                              options.sample,
                                              pack_of(task.record.task),
                                              load_packed_model(model),
                                              folder / "numbers.safetensors");
  if (fs::path(options.out).extension() == ".safetensors")
    write_text(options.out, read_text(folder / "numbers.safetensors"));
  else
    call_prepare({"coefficients",
                  (folder / "numbers.safetensors").string(),
                  "--face-model",
                  model.string(),
                  "--out",
                  options.out});
  if (options.format == "json")
    print_json({{"schema", 1}, {"out", options.out}, {"task", task.id}, {"summary", line}});
  else
    fmt::print("{}\ntask {}\nwrote {}\n", line, task.id, options.out);
  return 0;
}

void check_request(const Options& options) {
  const std::string kind = fs::path(options.out).extension().string();
  const std::vector<std::string> known = {".png", ".jpg", ".html", ".safetensors"};
  if (std::ranges::find(known, kind) == known.end())
    fail(Exit::kUsage, "-o {}: must end in .png, .jpg, .html or .safetensors", options.out);
  if (options.sample.empty() == options.class_name.empty())
    fail(Exit::kUsage, "give one of --sample and --class");
}

void check_class(const TaskRecord& record, const Options& options) {
  const std::vector<std::string>& names = record.class_names;
  if (!options.class_name.empty() && std::ranges::find(names, options.class_name) == names.end())
    fail(Exit::kUsage,
         "--class {}: {} has no such class{}",
         options.class_name,
         record.task.dataset,
         suggest(options.class_name, names));
}

}  // namespace

int verb_explain(const Options& given) {
  Options options = given;
  if (options.split.empty()) options.split = "test";
  check_request(options);
  check_experiment(options);
  const Store store = Store::open_existing(options.database);
  const DoneTask task = chosen(explainable(store, options), options);
  if (!task.record.coefficients.empty()) return explain_coefficients(task, store, options);
  check_class(task.record, options);
  const WorkFolder folder;
  run_worker(task, options, folder);
  const fs::path maps = folder / "maps.safetensors";
  const json facts = json::parse(SafetensorsFile(maps).meta("explanation"));
  check_prediction(task, facts, options);
  if (fs::path(options.out).extension() == ".safetensors")
    write_text(options.out, read_text(maps));
  else
    call_prepare({"explain", maps.string(), "--out", options.out});
  if (options.format == "json") {
    print_json({{"schema", 1}, {"out", options.out}, {"explanation", facts}});
    return 0;
  }
  const std::string what =
      options.sample.empty()
          ? fmt::format("class {}, {} images", options.class_name, facts.at("images").dump())
          : fmt::format("{}: truth {}, predicted {}",
                        options.sample,
                        facts.at("truth").get<std::string>(),
                        facts.at("predicted").get<std::string>());
  fmt::print("{}\ntask {}\nwrote {}\n", what, task.id, options.out);
  return 0;
}

}  // namespace mien
