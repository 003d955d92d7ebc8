// Networks that other tasks have trained: loading them, and the numbers that they return for
// images.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "harness/engine/context/worker_options.h"
#include "harness/engine/train/batches.h"
#include "harness/task/record.h"
#include "models/model.h"

namespace mien {

struct PretrainedNetwork {
  const ModelEntry* entry = nullptr;
  std::shared_ptr<Model> model;  // in evaluation mode, on the device
};

/// Loads the network of task.networks[role] from the file that the options name for it. Records the
/// file as an artifact "network-<role>".
/// Errors: Exit::kUsage: the options name no file for the role, or its network predicts something
/// else; Exit::kPrecondition: the file holds no weights of a row of the model table.
PretrainedNetwork load_pretrained(const std::string& role,
                                  const WorkerOptions& options,
                                  torch::Device device,
                                  TaskRecord& record);

/// Returns the outputs of the network for every image of the split: float [N, outputs] on the CPU.
/// Error (Exit::kTaskFailed): an output is not finite.
torch::Tensor coefficients_of(const PretrainedNetwork& network,
                              const Split& split,
                              const Protocol& protocol,
                              const std::function<void(double)>& progress = {});

/// Predicted numbers of one target, and the true ones where the pack has them.
struct CoefficientTable {
  std::string target;        // the pack's name: coefficients, identity, pose
  torch::Tensor predicted;   // float [N, K] on the CPU, contiguous
  torch::Tensor truth = {};  // float [N, K] likewise; undefined where it is not known
};

/// Appends one row per image of the split to record.coefficients.
void store_coefficients(TaskRecord& record,
                        const std::string& split_name,
                        const Split& split,
                        const Pack& pack,
                        const CoefficientTable& table);

}  // namespace mien
