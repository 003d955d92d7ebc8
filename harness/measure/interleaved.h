// Several things timed in alternation, and how much faster one is than another.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "harness/base/statistics.h"

namespace mien {

/// Times several things in rounds, one sample of each per round, so that a change of the machine
/// affects all of them alike. Each thing starts a round in its turn. There are at least 7 rounds,
/// then as many as fit into `seconds`, at most 501. `sample_ns` take one sample each, `now` returns
/// seconds. Returns nanoseconds by [thing][round].
std::vector<std::vector<double>> interleaved(const std::vector<std::function<double()>>& sample_ns,
                                             double seconds,
                                             const std::function<double()>& now);

struct SpeedUp {
  double value;                      // the median of the ratios of all rounds
  std::optional<Interval> interval;  // 95 %, by order statistics; none below six rounds
};

/// Returns how much faster `times` are than `reference` in the same rounds; nothing if no round has
/// two valid times. REQUIRES: both have the same rounds.
std::optional<SpeedUp> speed_up(std::span<const double> reference, std::span<const double> times);

}  // namespace mien
