// The learning rate over a run: pure arithmetic, without LibTorch.
#pragma once

#include <cstdint>
#include <limits>

#include "harness/task/protocol.h"

namespace mien {

/// Computes the rate of every step by the protocol's schedule.
class LearningRate {
 public:
  LearningRate(const Protocol& protocol, std::int64_t steps_per_epoch);

  /// Returns the rate of a step. `step` counts from 0 over the whole run, `epoch` from 0.
  double at(std::int64_t epoch, std::int64_t step) const;
  /// Tells the schedule `plateau` the validation accuracy of the epoch that ended, or another score
  /// of which more is better. It lowers the rate after `patience` epochs without a new best score.
  void end_epoch(double score);

 private:
  double one_cycle(double progress) const;

  Protocol protocol_;
  std::int64_t steps_;
  double plateau_rate_, best_ = -std::numeric_limits<double>::infinity();
  std::int64_t stale_ = 0;
};

}  // namespace mien
