#include "harness/measure/interleaved.h"

#include <cmath>

#include "harness/base/error.h"
#include "harness/measure/sampling.h"

namespace mien {

std::vector<std::vector<double>> interleaved(const std::vector<std::function<double()>>& sample_ns,
                                             double seconds,
                                             const std::function<double()>& now) {
  constexpr std::size_t kLeastRounds = 7, kMostRounds = 501;
  std::vector<std::vector<double>> times(sample_ns.size());
  const double start = now();
  for (std::size_t round = 0;
       round < kLeastRounds || (round < kMostRounds && now() - start < seconds);
       ++round)
    for (std::size_t turn = 0; turn < sample_ns.size(); ++turn) {
      const std::size_t thing = (round + turn) % sample_ns.size();
      times[thing].push_back(sample_ns[thing]());
    }
  return times;
}

std::optional<SpeedUp> speed_up(std::span<const double> reference, std::span<const double> times) {
  MIEN_ASSERT(reference.size() == times.size());
  std::vector<double> ratios;
  for (std::size_t i = 0; i < times.size(); ++i)
    if (const double ratio = reference[i] / times[i]; std::isfinite(ratio) && ratio > 0)
      ratios.push_back(ratio);
  if (ratios.empty()) return std::nullopt;
  return SpeedUp{median(ratios), median_interval(ratios)};
}

}  // namespace mien
