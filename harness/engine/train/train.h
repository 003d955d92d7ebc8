// The training loop: a protocol and a split to a trained model and its curve.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/engine/train/augment.h"
#include "harness/engine/train/batches.h"
#include "harness/task/record.h"
#include "models/model.h"

namespace mien {

/// Receives the share of a task that is done, and a word for the current step.
using Progress = std::function<void(double fraction, const std::string& what)>;

struct Training {
  std::vector<EpochPoint> curve;
  std::int64_t selected_epoch = 0;      // from 1; 0 if nothing was trained
  double seconds = 0;                   // training loops only
  std::optional<double> other_seconds;  // of them, outside forward, backward and step; CPU only
  std::int64_t skipped_steps = 0;       // steps whose gradients were too large for fp16
  std::string why_not_captured;         // why the CUDA graph of a step failed; "" if it did not
};

/// What is trained, how, and on which images.
struct TrainingSetup {
  const ModelEntry& entry;
  const Protocol& protocol;
  std::uint64_t seed;
  const FoldImages& images;
  std::int64_t classes;
};

/// Trains `model` in place and leaves it with the weights of the selected epoch. The loss is the
/// cross-entropy, or the weighted mean square error if the splits have targets. With
/// `trained_layers: fine_tuned`, only entry.fine_tuned changes; all else, the statistics of
/// batch-norm included, keeps its bits. The test images are used only for `select: best_test`,
/// which the caller must record as a taint. Errors: Exit::kTaskFailed (the loss is not finite);
/// Exit::kUsage (the model has no list of fine-tuned layers, there are no validation images to
/// select by, or the device does not support the protocol's precision).
Training train(Model& model, const TrainingSetup& setup, const Progress& progress);

}  // namespace mien
