// Protocol x split -> trained model and its curve.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/core/record.h"
#include "harness/engine/augment.h"
#include "harness/engine/batches.h"
#include "models/model.h"

namespace mien {

/// Share of the whole training that is done, and what is happening.
using Progress = std::function<void(double fraction, const std::string& what)>;

struct Training {
  std::vector<EpochPoint> curve;
  std::int64_t selected_epoch = 0;  // from 1; 0 where nothing was trained
  double seconds = 0;               // training loops only
  double other_seconds = 0;         // of those, outside forward, backward and update; NaN on CUDA
  std::int64_t skipped_steps = 0;   // whose gradients fp16 could not hold
  std::string why_not_captured;     // the step as a CUDA graph, where that was tried and failed
};

/// Trains `model` in place and leaves it with the weights of the selected epoch: by cross-entropy,
/// or where the splits have targets by their mean square error, weighted as they say, of which the
/// smallest is the best. `trained_layers: fine_tuned` changes entry.fine_tuned only; all else,
/// statistics of batch-norm included, keeps its bits. `test` is looked at only for `select:
/// best_test`, which the caller must mark as a taint. Errors: Exit::kTaskFailed: the loss is no
/// longer finite; Exit::kUsage: the model has no list of fine-tuned layers, there is nothing to
/// select by, or the device cannot work in the protocol's precision.
Training train(Model& model,
               const ModelEntry& entry,
               const Protocol& protocol,
               std::uint64_t seed,
               const Split& training,
               const Split& validation,
               const Split& test,
               std::int64_t classes,
               const Progress& progress);

}  // namespace mien
