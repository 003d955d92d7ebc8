// Tasks of kind accuracy: a network that classifies images is trained and scored on a fold, or the
// stored answers of a model from outside are scored.
#pragma once

#include "harness/engine/context/task_context.h"

namespace mien {

/// Trains the task's network, or takes it trained from outside, and scores it on the validation and
/// the test images.
/// Errors: Exit::kUsage: the model predicts coefficients, or the images are smaller than its input;
/// Exit::kTaskFailed: the training diverged; and those of the steps of TaskContext.
void run_accuracy(TaskContext& context);

/// Scores the predictions file of a model from outside (external kind "predictions"). Joins its
/// rows with the test images by sample id. Errors: those of read_predictions; Exit::kIntegrity: the
/// file is not the one of the task.
void run_predictions(TaskContext& context);

}  // namespace mien
