#include "harness/measure/interference.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "harness/base/statistics.h"

namespace mien {
namespace {

constexpr int kProbes = 50;
constexpr double kOverheadNoted = 0.1, kMemoryNoted = 0.05;
constexpr double kMebibyte = 1 << 20;

}  // namespace

std::optional<ProbeTimes> run_probes(const std::function<double()>& probe_ns) {
  std::vector<double> times;
  for (int i = 0; i < kProbes; ++i)
    if (const double ns = probe_ns(); std::isfinite(ns) && ns > 0) times.push_back(ns);
  if (times.empty()) return std::nullopt;
  std::ranges::sort(times);
  const double least = times.front();
  const std::size_t kept = times.size() - times.size() / 10;
  return ProbeTimes{least, mean(std::span(times).first(kept)) / least - 1};
}

Interference probe_interference(const std::optional<ProbeTimes>& before,
                                const std::optional<ProbeTimes>& after) {
  Interference found;
  const auto add = [&](const char* when, const std::optional<ProbeTimes>& probe) {
    if (!probe) return;
    const double percent = 100 * probe->overhead;
    found.metrics.push_back(
        {.name = fmt::format("foreign_work_{}", when), .value = percent, .unit = "%", .n = 1});
    if (probe->overhead >= kOverheadNoted)
      found.notes.push_back(
          fmt::format("other processes used the device {} timing: a fixed piece of work took "
                      "{:.0f} % longer on average than at its fastest",
                      when,
                      percent));
  };
  add("before", before);
  add("after", after);
  if (!before || !after) return found;
  const double change = after->least_ns / before->least_ns - 1;
  if (std::abs(change) >= kOverheadNoted)
    found.notes.push_back(
        fmt::format("a fixed piece of work took {:+.0f} % after timing: other processes used the "
                    "device, or its clock changed",
                    100 * change));
  return found;
}

Interference memory_interference(std::int64_t before, std::int64_t after, std::int64_t total) {
  Interference found;
  const auto add = [&](const char* name, std::int64_t bytes, const char* when) {
    const double mebibytes = static_cast<double>(std::max<std::int64_t>(0, bytes)) / kMebibyte;
    found.metrics.push_back({.name = name, .value = mebibytes, .unit = "MiB", .n = 1});
    if (total > 0 && static_cast<double>(bytes) > kMemoryNoted * static_cast<double>(total))
      found.notes.push_back(fmt::format(
          "{:.0f} MiB of the GPU were in use {}: other processes may use it", mebibytes, when));
  };
  add("gpu_memory_others", before, "before the task started");
  add("gpu_memory_others_after", after, "at the end, the task's own memory not counted");
  return found;
}

}  // namespace mien
