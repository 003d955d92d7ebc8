// explain: which parts of an image a trained network uses. The worker computes maps, and
// bench-prepare draws them.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"
#include "harness/base/safetensors.h"
#include "harness/base/temp_folder.h"
#include "harness/cli/command.h"
#include "harness/cli/explain_coefficients.h"
#include "harness/cli/print.h"
#include "harness/config/config.h"
#include "harness/run/dataset_location.h"
#include "harness/run/done_task.h"
#include "harness/system/siblings.h"
#include "results/store.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

using nlohmann::json;

struct ExplainOptions : StoredOptions {
  static constexpr const char* kFormats = TextOptions::kFormats;
  std::string experiment;
  std::string sample, class_name;             // exactly one of them
  std::string out;                            // file to write
  std::int64_t square_px = 0, stride_px = 0;  // of the occluding square; 0 = the worker's default
  std::string split = "test";
  std::string task;  // first digits of a task id
};

void check_experiment(const ExplainOptions& options) {
  std::vector<std::string> names;
  for (const Experiment& experiment : load_experiments(options.configs.folder)) {
    if (experiment.id == options.experiment) return;
    names.push_back(experiment.id);
  }
  fail(
      Exit::kUsage, "no experiment '{}'{}", options.experiment, suggest(options.experiment, names));
}

bool holds_sample(const TaskRecord& record, const std::string& split, const std::string& sample) {
  return holds_coefficients(record, split, sample) ||
         std::ranges::any_of(record.predictions, [&](const Prediction& p) {
           return p.split == split && p.sample_id == sample;
         });
}

/// Returns the done tasks of the experiment that left weights or coefficients, newest first. With
/// --task it returns that one only.
std::vector<DoneTask> explainable(const Store& store, const ExplainOptions& options) {
  std::vector<DoneTask> tasks;
  bool weightless = false;
  for (const std::string& id : store.matching_ids(options.experiment)) {
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
         options.experiment);
  if (tasks.empty() && !options.task.empty())
    fail(Exit::kUsage,
         "--task {}: no done task of {} begins so; bench show {} lists them",
         options.task,
         options.experiment,
         options.experiment);
  if (tasks.empty())
    fail(Exit::kPrecondition,
         "{}: no weights; run bench run {} first",
         options.experiment,
         options.experiment);
  std::ranges::stable_sort(
      tasks, std::greater(), [](const DoneTask& task) { return task.record.attempt.ended_ns; });
  return tasks;
}

/// Returns the newest task. With --sample it is the newest that scored this sample, because a fold
/// scores only its own part.
DoneTask chosen(std::vector<DoneTask> tasks, const ExplainOptions& options) {
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
       options.experiment,
       suggest(options.sample, ids));
}

void run_worker(const DoneTask& task, const ExplainOptions& options, const TempFolder& folder) {
  write_text(folder / "task.json", to_json(task.record.task).dump());
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
                                        std::to_string(usable_processors()),
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

/// Checks that the weights predict what the task stored.
void check_prediction(const DoneTask& task, const json& facts, const ExplainOptions& options) {
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

/// Returns the model of the coefficients. It lies beside the pack that their network was trained
/// on.
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
  const DatasetLocation located = locate_dataset(trained.dataset, trained.frames);
  if (located.face_model.empty())
    fail(Exit::kPrecondition,
         "{}: no face model beside its pack; run bench data prepare {} first",
         trained.dataset,
         trained.dataset);
  return located.face_model;
}

/// Draws the picture, the head and the numbers of a sample from what the task stored.
int explain_coefficients(const DoneTask& task, const Store& store, const ExplainOptions& options) {
  if (options.sample.empty())
    fail(Exit::kUsage, "{} predicts coefficients: give --sample", options.experiment);
  if (!holds_coefficients(task.record, options.split, options.sample))
    fail(Exit::kUsage,
         "{} predicts no expression; explain the network that does",
         options.experiment);
  const TempFolder folder;
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

void check_request(const ExplainOptions& options) {
  const std::string kind = fs::path(options.out).extension().string();
  const std::vector<std::string> known = {".png", ".jpg", ".html", ".safetensors"};
  if (std::ranges::find(known, kind) == known.end())
    fail(Exit::kUsage, "-o {}: must end in .png, .jpg, .html or .safetensors", options.out);
  if (options.sample.empty() == options.class_name.empty())
    fail(Exit::kUsage, "give one of --sample and --class");
}

void check_class(const TaskRecord& record, const ExplainOptions& options) {
  const std::vector<std::string>& names = record.class_names;
  if (!options.class_name.empty() && std::ranges::find(names, options.class_name) == names.end())
    fail(Exit::kUsage,
         "--class {}: {} has no such class{}",
         options.class_name,
         record.task.dataset,
         suggest(options.class_name, names));
}

int explain(const ExplainOptions& options) {
  check_request(options);
  check_experiment(options);
  const Store store = Store::open_existing(options.database);
  const DoneTask task = chosen(explainable(store, options), options);
  if (!task.record.coefficients.empty()) return explain_coefficients(task, store, options);
  check_class(task.record, options);
  const TempFolder folder;
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

}  // namespace

void declare_explain(CliCommand& bench) {
  auto [command, options] = bench.add<ExplainOptions>(
      "explain", "draw what a trained model looks at: occlusion, gradients, features", explain);
  command.option("experiment", options.experiment, "model@dataset that was run").required();
  command.option("--sample", options.sample, "id of a scored image");
  command.option("--class", options.class_name, "mean over a class's scored images");
  command.option("-o,--out", options.out, "file to write: .png, .jpg, .html or .safetensors")
      .required();
  command.option("--size", options.square_px, "side of the occluding square in px").range(1, 4096);
  command.option("--stride", options.stride_px, "px between two squares").range(1, 4096);
  command.option("--split", options.split, "test (the default) or validation")
      .one_of({"test", "validation"});
  command.option("--task", options.task, "first digits of a task id, instead of the newest");
  command.stored(options);
}

}  // namespace mien
