// Tasks of kind regression: a network that predicts coefficients of a face model is trained and
// scored on a fold.
//
//   coefficient_error  root of the mean of (predicted - true) squared over samples and
//                      coefficients, in standard deviations; the figure on the board
//   coefficient_mae    mean of the absolute differences, in standard deviations
//   correlation        Pearson's r of predicted and true values, averaged over the coefficients
//                      whose true value varies; 0 for one whose prediction does not vary
//   floor_error        coefficient_error of predicting the mean of the training samples
//   mesh_error         mean distance in mm between corresponding vertices of the predicted and the
//                      true face, all else being equal; only if the face model is given
//   mesh_floor         mesh_error of predicting the mean of the training samples
//   loss               mean square difference
//
// The 95 % intervals come from a bootstrap that draws people, not images. Training minimises the
// plain L2 distance of the coefficients (Chang et al., ExpNet, FG 2018). With `coefficient_loss:
// vertices` each coefficient is weighted by how far it moves the vertices. If a network and the
// face model have different numbers of coefficients, only those that both have are trained and
// compared, and a note says so.
#pragma once

#include "harness/engine/context/task_context.h"

namespace mien {

/// Trains the task's network, or takes it trained from outside, and records the metrics above for
/// the validation and the test images, a curve over image sizes, and the comparison with fitted
/// landmarks.
/// Errors (Exit::kUsage): the model predicts no coefficients; the pack has none, or has them in
/// another unit than standard deviations; the protocol mirrors faces, which changes their
/// coefficients, or it weights classes.
void run_regression(TaskContext& context);

}  // namespace mien
