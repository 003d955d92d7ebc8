#include "harness/engine/task_parts.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/core/error.h"
#include "harness/core/sha256.h"
#include "harness/engine/evaluate.h"
#include "harness/engine/external.h"
#include "models/registry.h"
#include "models/weights.h"

namespace mien {

Pack open_planned_pack(const Task& task, const std::filesystem::path& path) {
  const std::string found = sha256_file(path);
  if (found != task.pack_sha256)
    fail(Exit::kIntegrity,
         "{}: SHA-256 is {}, the task was planned on {}; run bench data prepare {}",
         path.string(),
         found.substr(0, 16),
         task.pack_sha256.substr(0, 16),
         task.dataset);
  return Pack(path);
}

Metric plain(const std::string& name, double value, const std::string& unit) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  return {name, "", value, unit, none, none, "", 1};
}

void check_shapes(const Card& card, const Pack& pack, std::int64_t resize_px) {
  const auto shape = pack.image_shape();
  const std::int64_t height = resize_px > 0 ? resize_px : shape[1];
  const std::int64_t width = resize_px > 0 ? resize_px : shape[2];
  if (height < card.input[1] || width < card.input[2])
    fail(Exit::kUsage,
         "{} takes {} images, {} has {}x{}; set resize_px to {} or more",
         card.name,
         fmt::join(card.input, "x"),
         pack.dataset(),
         height,
         width,
         std::max(card.input[1], card.input[2]));
}

Fold open_fold(const Task& task,
               const Pack& pack,
               const WorkerOptions& options,
               const Progress& progress,
               TaskRecord& record) {
  const Fold fold = make_fold(pack, task.protocol.splits, task.fold);
  record.fold = {{digest(pack, fold),
                  std::ssize(fold.train),
                  std::ssize(fold.validation),
                  std::ssize(fold.test)}};
  progress(0, "leak audit");
  record.leaks = audit(pack, fold);
  options.say("audit: " + summary(record.leaks));
  record.class_names = pack.class_names();
  return fold;
}

Network make_network(const Task& task,
                     const ModelEntry& entry,
                     const WorkerOptions& options,
                     const std::vector<std::string>& class_names,
                     torch::Device device) {
  if (task.external) {
    const ExternalModel loaded =
        load_external(task, options.model, options.map, class_names, device);
    return {loaded.model, loaded.parameters};
  }
  const std::int64_t outputs = class_names.empty() ? entry.card.outputs : std::ssize(class_names);
  const std::shared_ptr<Model> model = entry.make({outputs, task.protocol.dropout});
  model->to(device);
  use_memory_format(*model, task.protocol.memory_format);
  return {model, entry.card.parameters};
}

void add_parameters(const Network& network, TaskRecord& record) {
  record.metrics.push_back(plain("parameters", static_cast<double>(network.parameters), "count"));
}

void add_training(const Training& trained, std::int64_t images, TaskRecord& record) {
  record.curve = trained.curve;
  record.metrics.push_back(plain("training_images", static_cast<double>(images), "count"));
  if (trained.selected_epoch == 0) return;
  record.metrics.push_back(
      plain("selected_epoch", static_cast<double>(trained.selected_epoch), "count"));
  record.metrics.push_back(plain("train_seconds", trained.seconds, "s"));
  if (!std::isnan(trained.other_seconds))
    record.metrics.push_back(
        plain("loop_overhead", 100 * trained.other_seconds / trained.seconds, "%"));
  if (trained.skipped_steps > 0)
    record.notes.push_back(
        {"warning",
         fmt::format("{} steps were left out: a gradient was beyond fp16", trained.skipped_steps)});
  if (!trained.why_not_captured.empty())
    record.notes.push_back(
        {"warning", "the training step was not captured: " + trained.why_not_captured});
}

void add_notes(const Task& task, TaskRecord& record) {
  if (task.protocol.select == Select::kBestTest)
    record.notes.push_back({"taint", "the scored epoch was chosen on the test split"});
  if (task.external)
    record.notes.push_back({"warning", "trained elsewhere; on what is not checked"});
  const SplitRule& splits = task.protocol.splits;
  if (splits.scheme != SplitScheme::kOfficial) return;
  for (const std::string& split : splits.test)
    for (const std::string& trained : splits.train)
      if (split == trained)
        record.notes.push_back({"taint", "split " + split + " was trained on and scored"});
}

void save(const Task& task, const Model& model, const WorkerOptions& options, TaskRecord& record) {
  if (options.weights.empty() || parameter_count(model) == 0) return;
  const std::string sha256 =
      save_weights(model,
                   options.weights,
                   {{"model", task.model}, {"variant", task.variant}, {"task", task_id(task)}});
  record.artifacts.push_back(
      {"weights",
       options.weights.string(),
       sha256,
       static_cast<std::int64_t>(std::filesystem::file_size(options.weights))});
}

}  // namespace mien
