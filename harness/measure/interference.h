// Interference by other processes on the device. Inside a container they cannot be listed, so two
// effects of theirs are measured before and after a timing: how much longer a probe takes, a fixed
// piece of work of about a millisecond, and how much GPU memory is in use that is not the task's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/task/record.h"

namespace mien {

struct ProbeTimes {
  double least_ns;  // the fastest probe, which nothing delayed
  double overhead;  // mean / least_ns - 1; the mean is without the longest tenth
};

/// Runs the probe 50 times. A single hiccup lies in the longest tenth and does not count.
/// `probe_ns` runs it once and returns its nanoseconds. Returns nothing if no time is valid.
std::optional<ProbeTimes> run_probes(const std::function<double()>& probe_ns);

/// Metrics for a record, and notes for its reader.
struct Interference {
  std::vector<Metric> metrics;
  std::vector<std::string> notes;
};

/// Returns the overhead of the probe in % as the metrics foreign_work_before and
/// foreign_work_after. Adds a note for an overhead of 10 % or more, and one if the fastest probe
/// changed by 10 % or more.
Interference probe_interference(const std::optional<ProbeTimes>& before,
                                const std::optional<ProbeTimes>& after);

/// Returns the metrics gpu_memory_others, memory in use before the task started, and
/// gpu_memory_others_after, memory in use at the end that is not the task's, in MiB. Adds a note
/// from 5 % of the memory of the GPU on. Arguments in bytes; `total` is 0 if it is not known.
Interference memory_interference(std::int64_t before, std::int64_t after, std::int64_t total);

}  // namespace mien
