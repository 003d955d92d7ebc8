// Learning rate over a run. Pure arithmetic; no LibTorch.
#pragma once

#include <cstdint>
#include <limits>

#include "harness/core/protocol.h"

namespace mien {

/// Rate of every step of a run, by the protocol's schedule. Plateau listens to `end_epoch`.
class LearningRate {
 public:
  LearningRate(const Protocol& protocol, std::int64_t steps_per_epoch);

  /// `step` counts from 0 over the whole run; `epoch` from 0.
  double at(std::int64_t epoch, std::int64_t step) const;
  /// Validation accuracy of the epoch that ended, or anything of which more is better; plateau
  /// drops the rate after `patience` epochs without a new best.
  void end_epoch(double merit);

 private:
  double one_cycle(double progress) const;

  Protocol protocol_;
  std::int64_t steps_;
  double plateau_rate_, best_ = -std::numeric_limits<double>::infinity();
  std::int64_t stale_ = 0;
};

}  // namespace mien
