// Model x split -> logits, and what they say.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <string>
#include <vector>

#include "harness/core/record.h"
#include "harness/core/statistics.h"
#include "harness/engine/augment.h"
#include "harness/engine/batches.h"
#include "models/model.h"

namespace mien {

struct Evaluation {
  torch::Tensor logits;  // float [N, classes] on the CPU, mean over test crops
  double loss = 0;       // mean cross-entropy; NaN is not stored
  Confusion confusion;
  ClassScores scores;
};

/// What logits, float [N, classes], say of labels [N]; both on the CPU.
Evaluation evaluate_logits(const torch::Tensor& logits, const torch::Tensor& labels);

/// Outputs of every image, float [N, outputs] on the CPU, mean over test crops: without gradients,
/// in the protocol's precision, in eval mode, which it leaves as it found it. `progress` is called
/// with the share done.
torch::Tensor outputs_of(Model& model,
                         const Split& split,
                         const Augmenter& augmenter,
                         const std::function<void(double)>& progress = {});

/// Mean square difference between targets [N, K] and the first K outputs [N, outputs], weighted
/// [K] where weights are given.
torch::Tensor mean_square(const torch::Tensor& outputs,
                          const torch::Tensor& targets,
                          const torch::Tensor& weights = {});

/// What the outputs say of the split's labels.
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

/// Parameters with four dimensions in that order; the one that the images have is fastest.
void use_memory_format(Model& model, MemoryFormat format);

}  // namespace mien
