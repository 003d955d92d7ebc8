#include "harness/engine/context/task_context.h"

#include <algorithm>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/engine/context/external.h"
#include "harness/engine/train/evaluate.h"
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
  return {.name = name, .value = value, .unit = unit, .n = 1};
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

Fold TaskContext::open_fold(const Pack& pack) {
  const Fold fold = make_fold(pack, task.protocol.splits, task.fold);
  record.fold = {{.sha256 = digest(pack, fold),
                  .train = std::ssize(fold.train),
                  .validation = std::ssize(fold.validation),
                  .test = std::ssize(fold.test)}};
  progress(0, "leak audit");
  record.leaks = audit(pack, fold);
  options.say("audit: " + summary(record.leaks));
  record.class_names = pack.class_names();
  return fold;
}

FoldImages TaskContext::load_images(const Pack& pack, const Fold& fold) const {
  const Protocol& protocol = task.protocol;
  const ImageForm form = image_form(protocol, entry.card.input[0]);
  const auto load = [&](const std::vector<std::int64_t>& rows, std::int64_t limit) {
    return load_split(pack, rows, limit, form, device);
  };
  const std::vector<std::int64_t> trained_on =
      task.external ? std::vector<std::int64_t>{} : fold.train;
  return {.training = load(trained_on, protocol.limit.train),
          .validation = load(fold.validation, protocol.limit.validation),
          .test = load(fold.test, protocol.limit.test)};
}

Network TaskContext::make_network(const std::vector<std::string>& class_names) const {
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

Training TaskContext::train_network(Model& model,
                                    const FoldImages& images,
                                    std::int64_t classes) const {
  const auto share_of_all = [&](double share, const std::string& what) {
    progress(kTrainingShare * share, what);
  };
  return train(model,
               {.entry = entry,
                .protocol = task.protocol,
                .seed = seed(),
                .images = images,
                .classes = classes},
               share_of_all);
}

void TaskContext::add_parameters(const Network& network) {
  record.metrics.push_back(plain("parameters", static_cast<double>(network.parameters), "count"));
}

void TaskContext::add_training(const Training& training, std::int64_t images) {
  const auto add = [&](const char* name, double value, const char* unit) {
    record.metrics.push_back(plain(name, value, unit));
  };
  record.curve = training.curve;
  add("training_images", static_cast<double>(images), "count");
  if (training.selected_epoch == 0) return;
  add("selected_epoch", static_cast<double>(training.selected_epoch), "count");
  add("train_seconds", training.seconds, "s");
  if (training.other_seconds)
    add("loop_overhead", 100 * *training.other_seconds / training.seconds, "%");
  if (training.skipped_steps > 0)
    warn(fmt::format("{} steps were skipped: a gradient exceeded the range of fp16",
                     training.skipped_steps));
  if (!training.why_not_captured.empty())
    warn("the training step was not captured as a CUDA graph: " + training.why_not_captured);
}

void TaskContext::add_notes() {
  if (task.protocol.select == Select::kBestTest)
    record.notes.push_back({"taint", "the scored epoch was chosen on the test split"});
  if (task.external) warn("trained outside Mien; its training data are unknown");
  const SplitRule& splits = task.protocol.splits;
  if (splits.scheme != SplitScheme::kOfficial) return;
  for (const std::string& split : splits.test)
    for (const std::string& trained : splits.train)
      if (split == trained)
        record.notes.push_back({"taint", "split " + split + " was trained on and scored"});
}

void TaskContext::save(const Model& model) {
  if (options.weights.empty() || task.external || parameter_count(model) == 0) return;
  const std::string sha256 =
      save_weights(model,
                   options.weights,
                   {{"model", task.model}, {"variant", task.variant}, {"task", task_id(task)}});
  record.artifacts.push_back(
      {.kind = "weights",
       .path = options.weights.string(),
       .sha256 = sha256,
       .bytes = static_cast<std::int64_t>(std::filesystem::file_size(options.weights))});
}

}  // namespace mien
