#include "harness/engine/train/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mien {
namespace {

// One-cycle starts at peak / 25 and ends at that / 10^4 (Smith & Topin 2018, as implemented by the
// common frameworks).
constexpr double kOneCycleStart = 25, kOneCycleEnd = 1e4;

/// Half a cosine from `from` at 0 to `to` at 1.
double cosine(double from, double to, double progress) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * progress)) / 2;
}

}  // namespace

LearningRate::LearningRate(const Protocol& protocol, std::int64_t steps_per_epoch)
    : protocol_(protocol),
      steps_(std::max<std::int64_t>(1, steps_per_epoch * protocol.epochs)),
      plateau_rate_(protocol.optimizer.learning_rate) {}

double LearningRate::one_cycle(double progress) const {
  const double peak = protocol_.optimizer.learning_rate, start = peak / kOneCycleStart;
  if (progress < protocol_.schedule.rise)
    return cosine(start, peak, progress / protocol_.schedule.rise);
  const double fall = protocol_.schedule.rise < 1
                          ? (progress - protocol_.schedule.rise) / (1 - protocol_.schedule.rise)
                          : 0;
  return cosine(peak, start / kOneCycleEnd, fall);
}

double LearningRate::at(std::int64_t epoch, std::int64_t step) const {
  const double progress = static_cast<double>(step) / static_cast<double>(steps_);
  switch (protocol_.schedule.name) {
    case Schedule::kConstant:
      return protocol_.optimizer.learning_rate;
    case Schedule::kStep:
      return protocol_.optimizer.learning_rate *
             std::pow(protocol_.schedule.factor,
                      static_cast<double>(epoch / protocol_.schedule.step_epochs));
    case Schedule::kCosine:
      return cosine(protocol_.optimizer.learning_rate, protocol_.schedule.minimum_rate, progress);
    case Schedule::kOneCycle:
      return one_cycle(progress);
    case Schedule::kPlateau:
      return plateau_rate_;
  }
  return protocol_.optimizer.learning_rate;
}

void LearningRate::end_epoch(double score) {
  if (score > best_) {
    best_ = score;
    stale_ = 0;
  } else if (++stale_ > protocol_.schedule.patience) {
    plateau_rate_ =
        std::max(protocol_.schedule.minimum_rate, plateau_rate_ * protocol_.schedule.factor);
    stale_ = 0;
  }
}

}  // namespace mien
