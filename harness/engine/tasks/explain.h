// `bench-worker explain`: maps that show which parts of an image a trained model depends on, for
// one image or averaged over the images of a class (occlusion.h, gradient_maps.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "harness/engine/train/train.h"
#include "harness/task/task.h"

namespace mien {

struct ExplainOptions {
  std::filesystem::path pack, weights;
  std::filesystem::path out;  // .safetensors: float maps, and the facts as JSON ("explanation")
  // Exactly one of the two is given:
  std::string sample;                 // the id of an image of the split
  std::string class_name;             // a class of the dataset
  std::string split = "test";         // "test" | "validation"
  std::int64_t size = 0, stride = 0;  // of the occluding square, in px; 0: the default
  int threads = 1;
  std::string task;  // the task's id in the database; "": task_id(), which differs for older plans
};

/// Explains the weights of an accuracy task by images that the task scored, and writes the maps.
/// A sample is explained for the class that the task predicts, a class for itself. If the protocol
/// averages ten crops, the prediction is that of the ten, and the maps show the centre crop.
/// Errors: Exit::kUsage: the sample, class or split is unknown, or a size does not fit;
/// Exit::kIntegrity: the pack or the weights are not the task's.
void explain(const Task& task, const ExplainOptions& options, const Progress& progress);

}  // namespace mien
