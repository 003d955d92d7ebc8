// The execution paths of a trained network, compared on its test split: which outputs each changes,
// and how much faster each is. Every path changes one thing of the first.
//
//   fp32           LibTorch's eager execution, exact fp32, rows innermost: the reference
//   channels_last  images and weights with the channels innermost
//   tf32           products of 10-bit mantissas in convolutions and linear layers (CUDA)
//   bf16, fp16     LibTorch's autocast to 16 bits
//   graph          the pass captured once as a CUDA graph, and replayed
//   inference      the pass compiled by models/inference (CPU)
//
// All paths are timed by the wall clock on the same images, in alternation (see
// harness/measure/interleaved.h). Every sample waits for the end of its passes. `bench modes`
// prints the comparison, and the table `mode` keeps it.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <vector>

#include "harness/engine/train/train.h"
#include "harness/task/record.h"

namespace mien {

struct PathOptions {
  std::filesystem::path pack, weights;
  std::string device = "cpu";  // "cpu" | "cuda:N"
  int threads = 1;
  std::int64_t batch = 32;  // images per pass; every crop counts as one
  double seconds = 3;       // of timing, per path
};

struct PathReport {
  std::vector<ExecutionPathRow> rows;  // one per path, fp32 first
  std::vector<std::string> notes;      // about interference of other processes
};

/// Compares all execution paths. If the device does not support a path, or the path fails, its row
/// has the reason.
/// Errors: Exit::kUsage (the task trains no network of its own, or the device is not in this
/// build); Exit::kIntegrity (pack or weights are not the task's); Exit::kTaskFailed (fp32 fails).
PathReport compare_execution_paths(const Task& task,
                                   const PathOptions& options,
                                   const Progress& progress);

/// Compares `outputs` [N, classes] of a path with those of the `reference` and with the labels [N].
/// Fills in n, value, flipped, lost, gained, p, largest and relative of the row, or its problem if
/// outputs are not finite.
void compare_classes(const torch::Tensor& reference,
                     const torch::Tensor& outputs,
                     const torch::Tensor& labels,
                     ExecutionPathRow& row);
/// Compares the first K outputs of a regression with those of the `reference` and with the targets
/// [N, K], in standard deviations. Fills in the row as above, without flips.
void compare_numbers(const torch::Tensor& reference,
                     const torch::Tensor& outputs,
                     const torch::Tensor& targets,
                     ExecutionPathRow& row);

}  // namespace mien
