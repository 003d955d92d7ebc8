// A network that predicts coefficients of a face model, trained and scored.
//
//   coefficient_error  root of the mean square of (predicted - truth) over samples and
//                      coefficients, in their standard deviations; what stands on the board
//   coefficient_mae    mean of the absolute differences
//   correlation        Pearson's r of predicted and true, mean over the coefficients whose truth
//                      varies; 0 for one whose prediction does not
//   floor_error        coefficient_error of saying the mean of the training samples every time
//   mesh_error         mm between corresponding vertices of the faces that both make, all else
//                      being equal; mesh_floor likewise of the training mean. Where the face
//                      model is given
//   loss               mean square difference
//
// 95 % intervals draw people, not images, with replacement. Training minimises plain L2 on the
// coefficients (Chang et al., ExpNet, FG 2018), or with `coefficient_loss: vertices` the same
// weighted by what each moves. Where a network and the face model have different numbers of
// coefficients, those that both have are trained and compared, and a note says so.
#pragma once

#include "harness/engine/run_task.h"

namespace mien {

/// Errors (Exit::kUsage): the model predicts no coefficients, or the pack has none of them, or not
/// in standard deviations; the protocol mirrors faces, which changes coefficients, or weights
/// classes.
void run_regression(const Task& task,
                    const ModelEntry& entry,
                    const WorkerOptions& options,
                    torch::Device device,
                    const Progress& progress,
                    TaskRecord& record);

}  // namespace mien
