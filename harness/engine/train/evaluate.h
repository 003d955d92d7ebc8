// The evaluation of a model on a split: outputs, loss, confusion and metrics.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <string>
#include <vector>

#include "harness/base/statistics.h"
#include "harness/engine/train/augment.h"
#include "harness/engine/train/batches.h"
#include "harness/task/record.h"
#include "models/model.h"

namespace mien {

struct Evaluation {
  torch::Tensor logits;        // float [N, classes] on the CPU, mean over test crops
  std::optional<double> loss;  // mean cross-entropy; none if the scores are not logits
  Confusion confusion;
  ClassScores scores;
};

/// Compares logits, float [N, classes], with labels [N]. Both are on the CPU.
Evaluation evaluate_logits(const torch::Tensor& logits, const torch::Tensor& labels);

/// Computes the outputs of every image, averaged over its test crops, in the protocol's precision,
/// in evaluation mode and without gradients. Restores the model's mode afterwards. Calls `progress`
/// with the share that is done. Returns float [N, outputs] on the CPU.
torch::Tensor outputs_of(Model& model,
                         const Split& split,
                         const Augmenter& augmenter,
                         const std::function<void(double)>& progress = {});

/// Returns the mean square difference between targets [N, K] and the first K of the outputs
/// [N, outputs], weighted by `weights` [K] if they are given.
torch::Tensor mean_square(const torch::Tensor& outputs,
                          const torch::Tensor& targets,
                          const torch::Tensor& weights = {});

/// Computes the model's outputs and compares them with the labels of the split.
Evaluation evaluate(Model& model,
                    const Split& split,
                    const Augmenter& augmenter,
                    const std::function<void(double)>& progress = {});

/// Appends metrics, predictions and confusion cells of `evaluation` to the record.
void store_evaluation(TaskRecord& record,
                      const std::string& split_name,
                      const Split& split,
                      const Pack& pack,
                      const Evaluation& evaluation);

/// Reorders the parameters with four dimensions. The model is fastest in the format of its images.
void use_memory_format(Model& model, MemoryFormat format);

}  // namespace mien
