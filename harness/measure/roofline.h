// The roofline: which share of the device's peak a timing reaches (Williams, Waterman & Patterson
// 2009, CACM 52(4)).
#pragma once

#include <vector>

#include "harness/task/record.h"

namespace mien {

/// The peak of a device, as measured on it.
struct Roofline {
  double flop_per_second = 0, bytes_per_second = 0;
};

/// What a forward pass demands: two operations per multiply-accumulate, and the least bytes that
/// move, which are the weights once per pass and every image and its outputs once.
struct PassWork {
  double flop_per_image = 0, bytes_per_image = 0, bytes_per_pass = 0;
};

/// Returns peak_gflop_per_second, peak_gbyte_per_second, and for every case of compute with hot
/// caches roofline_b<batch><suffix>: the time that the roofline allows, in % of the measured time.
/// It exceeds 100 if an algorithm needs fewer operations than are counted, as Winograd's does, or
/// if caches hold the weights.
std::vector<Metric> roofline_metrics(const std::vector<TimingSample>& samples,
                                     const PassWork& work,
                                     const Roofline& peak);

}  // namespace mien
