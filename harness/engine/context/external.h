// Models from outside: a TorchScript file, or a weight file for a row of the model table, behind
// the interface of every other model. Mien did not train them; it only scores and times them.
//
// A TorchScript file is a program. It runs with the rights of the worker.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/task/task.h"
#include "models/model.h"

namespace mien {

/// Returns a row like those of the model table. Its texts point into `task`, which must live as
/// long. REQUIRES: task.external.
ModelEntry external_entry(const Task& task);

struct ExternalModel {
  std::shared_ptr<Model> model;  // on `device`, in evaluation mode
  std::int64_t parameters =
      0;  // counted; 0 for a frozen TorchScript file, which has only constants
};

/// Loads `file` and runs it on two random images. `map` is the name map of a weight file, or empty.
/// `classes` is the dataset's order of classes: the model's outputs are permuted into it. If it is
/// empty (timing), the outputs keep their order.
/// Errors, each one line that begins with the file: Exit::kIntegrity: the SHA-256 is not the
/// task's; Exit::kUsage: the classes are not the dataset's; Exit::kPrecondition: the file does not
/// exist or this LibTorch cannot read it, its number of parameters is not the declared one, it
/// throws, or its output is no finite float tensor [N, classes].
ExternalModel load_external(const Task& task,
                            const std::filesystem::path& file,
                            const std::filesystem::path& map,
                            const std::vector<std::string>& classes,
                            torch::Device device);

/// Checks the content of `file`. Error (Exit::kIntegrity): its SHA-256 is not the one that the task
/// was planned with.
void check_digest(const std::filesystem::path& file, const std::string& sha256);

}  // namespace mien
