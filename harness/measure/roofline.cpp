#include "harness/measure/roofline.h"

#include <algorithm>

#include "harness/measure/timing_cases.h"

namespace mien {

std::vector<Metric> roofline_metrics(const std::vector<TimingSample>& samples,
                                     const PassWork& work,
                                     const Roofline& peak) {
  std::vector<Metric> metrics;
  const auto add = [&](const std::string& name, double value, const char* unit) {
    metrics.push_back({.name = name, .value = value, .unit = unit, .n = 1});
  };
  add("peak_gflop_per_second", peak.flop_per_second / 1e9, "GFLOP/s");
  add("peak_gbyte_per_second", peak.bytes_per_second / 1e9, "GB/s");
  for (const TimingCase& timed : timing_cases(samples)) {
    if (timed.scope != "compute" || timed.cache != "hot") continue;
    const double images = static_cast<double>(timed.batch);
    const double allowed =
        std::max(images * work.flop_per_image / peak.flop_per_second,
                 (work.bytes_per_pass + images * work.bytes_per_image) / peak.bytes_per_second);
    add(fmt::format("roofline_b{}{}", timed.batch, timed.suffix()),
        100 * allowed / (timed.median_ns / 1e9),
        "%");
  }
  return metrics;
}

}  // namespace mien
