// Networks that other tasks have trained, and what they say of images.
#pragma once

#include <memory>
#include <string>

#include "harness/core/record.h"
#include "harness/engine/batches.h"
#include "harness/engine/run_task.h"
#include "models/model.h"

namespace mien {

struct TrainedNetwork {
  const ModelEntry* entry = nullptr;
  std::shared_ptr<Model> model;  // in evaluation mode, on the device
};

/// The network of task.networks[role]; its file becomes an artifact "network-<role>".
/// Errors: Exit::kUsage: no file was given for the role, or its network predicts something else;
/// Exit::kPrecondition: the file is no weights of a row of the model table.
TrainedNetwork load_trained(const std::string& role,
                            const WorkerOptions& options,
                            torch::Device device,
                            TaskRecord& record);

/// What it says of every image of the split: float [N, outputs] on the CPU.
/// Error (Exit::kTaskFailed): a number that is not finite.
torch::Tensor coefficients_of(const TrainedNetwork& network,
                              const Split& split,
                              const Protocol& protocol,
                              const std::function<void(double)>& progress = {});

/// One row per image of the split into the record; the truth is not known.
void store_coefficients(const torch::Tensor& coefficients,
                        const std::string& target,
                        const std::string& split_name,
                        const Split& split,
                        const Pack& pack,
                        TaskRecord& record);

}  // namespace mien
