// The ways in which a forward pass can run, beside each other on the test split of a trained
// network: what each answers otherwise, and how much faster it is. Every way changes one thing of
// the first.
//
//   fp32           as LibTorch launches it, exact fp32, rows innermost: the reference
//   channels_last  images and weights with the channels innermost
//   tf32           products of 10-bit mantissas in convolutions and linear layers (CUDA)
//   bf16, fp16     LibTorch's casting to 16 bits
//   graph          the pass captured once as a CUDA graph, and replayed
//   inference      models/inference (CPU)
//
// Times are taken by turns (harness/core/measure), passes of the same images, the end of each
// sample awaited; wall clock.
#pragma once

#include <torch/torch.h>

#include <filesystem>
#include <string>
#include <vector>

#include "harness/core/record.h"
#include "harness/engine/train.h"

namespace mien {

struct ModeOptions {
  std::filesystem::path pack, weights;
  std::string device = "cpu";  // "cpu" | "cuda:N"
  int threads = 1;
  std::int64_t batch = 32;  // images of a pass, each crop being one; scored and timed
  double seconds = 3;       // of timing, per mode
};

struct ModeReport {
  std::vector<ModeRow> rows;       // one per mode, fp32 first
  std::vector<std::string> notes;  // whether the device was shared (core/measure)
};

/// A mode that the device has not, or that fails, says why in its row.
/// Errors: Exit::kUsage (the task has no network of its own; a device this build has not),
/// Exit::kIntegrity (pack or weights are not the task's), Exit::kTaskFailed (fp32 itself fails).
ModeReport compare_modes(const Task& task, const ModeOptions& options, const Progress& progress);

/// What `outputs` [N, classes] of a mode say of labels [N] beside the `reference`: n, value, flips,
/// p, largest and relative error. Where outputs are not finite that is the row's problem.
void compare_classes(const torch::Tensor& reference,
                     const torch::Tensor& outputs,
                     const torch::Tensor& labels,
                     ModeRow& row);
/// Likewise of numbers in standard deviations: targets [N, K] beside the first K outputs.
void compare_numbers(const torch::Tensor& reference,
                     const torch::Tensor& outputs,
                     const torch::Tensor& targets,
                     ModeRow& row);

}  // namespace mien
