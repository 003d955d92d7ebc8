// How well the coefficients that a network says of faces tell emotions apart: the evaluation of
// ExpNet (Chang et al., FG 2018). Classifiers, k and folds are ours; the paper's are not
// established.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <span>
#include <vector>

#include "harness/core/neighbours.h"
#include "harness/engine/run_task.h"
#include "models/model.h"

namespace mien {

/// Decision values [queries, classes] of a linear SVM, each class against the rest, with squared
/// hinge loss, L2 penalty and a bias (LIBLINEAR's solver of the primal problem: no random numbers).
/// A class that the training rows do not show is 1 below the lowest of the others; where they show
/// one class only, that one has 1 and the others 0.
/// REQUIRES: a label in [0, classes) for every training row, one at least; equal widths; cost > 0.
std::vector<float> svm_scores(const NumberRows& training,
                              std::span<const std::int64_t> labels,
                              std::size_t classes,
                              double cost,
                              const NumberRows& queries);

/// All folds of the protocol in one task: coefficients by the network of task.networks
/// ("expression"), standardised and classified fold by fold; with curves over k and over the size
/// of the test images. `entry` is the task's row of the model table.
/// Errors: those of load_trained; Exit::kPrecondition: weights of another model than the task's,
/// nothing to train on; Exit::kTaskFailed: a coefficient that is not finite.
void run_emotion(const Task& task,
                 const ModelEntry& entry,
                 const WorkerOptions& options,
                 torch::Device device,
                 const Progress& progress,
                 TaskRecord& record);

}  // namespace mien
