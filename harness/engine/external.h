// Models from outside: a TorchScript file, or weights for a row of the model table, behind the same
// interface as every other model. They were trained elsewhere, and are only scored and timed.
//
// A TorchScript file is a program. It runs with the rights of the worker.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "harness/core/task.h"
#include "models/model.h"

namespace mien {

/// Stands in for a row of the model table; its texts are the task's, which must live as long.
/// REQUIRES: task.external.
ModelEntry external_entry(const Task& task);

struct ExternalModel {
  std::shared_ptr<Model> model;  // on `device`, in evaluation mode
  std::int64_t parameters = 0;   // counted; 0 for a frozen TorchScript file, whose are constants
};

/// Loads `file` and tries it on two random images. `classes` is the dataset's order, into which the
/// outputs are permuted; where it is empty (timing) they stay as they are.
/// Errors, each one line that begins with the file: Exit::kIntegrity (not the SHA-256 of the task),
/// Exit::kUsage (other classes than the dataset's), Exit::kPrecondition (no such file; no
/// TorchScript that this LibTorch reads; another number of parameters; whatever it throws; an
/// output that is no finite float tensor [N, classes]).
ExternalModel load_external(const Task& task,
                            const std::filesystem::path& file,
                            const std::filesystem::path& map,
                            const std::vector<std::string>& classes,
                            torch::Device device);

/// Error (Exit::kIntegrity): the bytes of `file` are not those that the task was planned with.
void check_digest(const std::filesystem::path& file, const std::string& sha256);

}  // namespace mien
