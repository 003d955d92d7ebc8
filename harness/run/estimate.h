// First guesses of a task's time and memory. Once a task like it has run, plan.cpp uses that
// task's own figures.
#pragma once

#include <cstdint>
#include <string>

#include "harness/config/catalog.h"
#include "harness/task/splits.h"
#include "harness/task/task.h"

namespace mien {

/// Guesses the seconds of `task` from the model's arithmetic and the sizes of the fold.
double estimate_seconds(const Task& task, const ModelInfo& model, const Fold& fold);

/// Guesses the memory in bytes that the task needs on its device: weights and what training keeps
/// of them, the pack twice, and the activations of a batch with their gradients.
std::int64_t estimate_bytes(const Task& task, const ModelInfo& model, const std::string& pack);

/// Returns the GPU memory in bytes of a process whose tensors held `allocated` bytes at most.
std::int64_t gpu_process_bytes(std::int64_t allocated);

}  // namespace mien
