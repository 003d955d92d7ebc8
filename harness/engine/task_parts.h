// What tasks of every kind are made of: their data, their network, what all of them record.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/core/pack.h"
#include "harness/core/record.h"
#include "harness/core/splits.h"
#include "harness/engine/run_task.h"
#include "harness/engine/train.h"
#include "models/model.h"

namespace mien {

/// Error (Exit::kIntegrity): the file is not the pack that the task was planned on.
Pack open_planned_pack(const Task& task, const std::filesystem::path& path);

/// Crops may cut an image down to the model's input, but never invent pixels: Exit::kUsage.
void check_shapes(const Card& card, const Pack& pack, std::int64_t resize_px);

/// Rows by the rule of the protocol; their sizes, leaks and classes go into the record.
Fold open_fold(const Task& task,
               const Pack& pack,
               const WorkerOptions& options,
               const Progress& progress,
               TaskRecord& record);

/// A model and how many parameters it has.
struct Network {
  std::shared_ptr<Model> model;
  std::int64_t parameters = 0;
};

/// With fresh weights, or from outside and trained. `class_names` is empty where the outputs are
/// those of the card.
Network make_network(const Task& task,
                     const ModelEntry& entry,
                     const WorkerOptions& options,
                     const std::vector<std::string>& class_names,
                     torch::Device device);

/// A metric of no split and without an interval.
Metric plain(const std::string& name, double value, const std::string& unit);

void add_parameters(const Network& network, TaskRecord& record);
void add_training(const Training& trained, std::int64_t images, TaskRecord& record);
/// Taints and warnings that the task itself shows.
void add_notes(const Task& task, TaskRecord& record);

/// Writes the weights to options.weights, where that is given, and says so in the record.
void save(const Task& task, const Model& model, const WorkerOptions& options, TaskRecord& record);

}  // namespace mien
