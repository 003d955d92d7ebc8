// The shared steps of all task runners: open the pack, select the fold, load the images, build and
// train the network, and record what every kind of task records.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/engine/context/worker_options.h"
#include "harness/engine/train/augment.h"
#include "harness/engine/train/batches.h"
#include "harness/engine/train/train.h"
#include "harness/task/pack.h"
#include "harness/task/record.h"
#include "harness/task/splits.h"
#include "models/model.h"

namespace mien {

/// Opens the pack of a task. Error (Exit::kIntegrity): the file at `path` is not the pack that the
/// task was planned on.
Pack open_planned_pack(const Task& task, const std::filesystem::path& path);

/// Checks that the images of the pack, scaled to `resize_px` (0: as they are), are at least as
/// large as the model's input. Crops may cut an image down to that input, but never add pixels.
/// Error (Exit::kUsage): they are smaller.
void check_shapes(const Card& card, const Pack& pack, std::int64_t resize_px);

/// Returns a metric that belongs to no split and has no interval.
Metric plain(const std::string& name, double value, const std::string& unit);

/// A model on the device and its number of parameters.
struct Network {
  std::shared_ptr<Model> model;
  std::int64_t parameters = 0;
};

/// One task while it runs. A runner is a function `void run_...(TaskContext&)` that fills `record`.
struct TaskContext {
  static constexpr double kTrainingShare = 0.9;  // of the progress bar, for tasks that train

  const Task& task;
  const ModelEntry& entry;  // the task's row of the model table
  const WorkerOptions& options;
  torch::Device device;
  const Progress& progress;
  TaskRecord& record;

  std::uint64_t seed() const { return static_cast<std::uint64_t>(task.seed); }

  /// Returns what augments and normalises images for the task's own model.
  Augmenter augmenter() const { return Augmenter(task.protocol, entry.card.input, seed()); }

  /// Opens the planned pack. Error: as open_planned_pack().
  Pack open_pack() const { return open_planned_pack(task, options.pack); }

  /// Selects the rows of the task's fold by the rule of the protocol. Records the sizes of the
  /// fold, the leaks between its sides and the names of the classes.
  Fold open_fold(const Pack& pack);

  /// Loads the images of the fold for the task's own model, within the limits of the protocol.
  FoldImages load_images(const Pack& pack, const Fold& fold) const;

  /// Builds the task's network: with fresh weights, or trained, if it comes from outside. If
  /// `class_names` is empty, the network has the outputs of its card.
  Network make_network(const std::vector<std::string>& class_names) const;

  /// Trains `model` as train() does, and shows progress from 0 to kTrainingShare.
  Training train_network(Model& model, const FoldImages& images, std::int64_t classes) const;

  void add_parameters(const Network& network);

  /// Records the curve and the metrics of a training on `images` images.
  void add_training(const Training& training, std::int64_t images);

  /// Records the taints and warnings that follow from the plan of the task.
  void add_notes();

  void warn(const std::string& text) { record.notes.push_back({"warning", text}); }

  /// Writes the weights to options.weights and records the file as an artifact. Does nothing if no
  /// such path is given, if the model has no parameters, or if it comes from outside.
  void save(const Model& model);
};

}  // namespace mien
