// Tasks that classify emotions from coefficients: a pretrained network computes coefficients of
// every image, and a k-nearest-neighbour classifier and a linear SVM are trained on them. This is
// the evaluation of ExpNet (Chang et al., FG 2018). The paper does not state its classifier, k and
// folds, so these are Mien's choice.
#pragma once

#include "harness/engine/context/task_context.h"

namespace mien {

/// Computes the coefficients by the network of task.networks ("expression"), then standardises and
/// classifies them fold by fold, for all folds of the protocol in one task. Records the scores of
/// the chosen classifier and accuracies of both, and curves over k and over the size of the test
/// images. Errors: those of load_pretrained; Exit::kPrecondition: the weights belong to another
/// model than the task's, or a fold has no training images; Exit::kTaskFailed: a coefficient is not
/// finite.
void run_coefficient_classifier(TaskContext& context);

}  // namespace mien
