// The throughput over growing batches.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "harness/task/record.h"

namespace mien {

struct BatchSweep {
  std::vector<SweepPoint> points;  // by batch; the last one has no value if memory ended there
  std::int64_t knee = 0;           // the batch whose doubling gains too little; 0: not reached
  std::int64_t out_of_memory = 0;  // the batch that does not fit; 0: all fit
};

/// Measures images per second at batches 1, 2, 4 ... `most`, until a doubling gains less than the
/// share `least_gain` or memory ends. `rate` fills in value, interval and n of a point.
/// Error (OutOfMemory): batch 1 does not fit.
BatchSweep batch_sweep(const std::function<SweepPoint(std::int64_t batch)>& rate,
                       double least_gain = 0.02,
                       std::int64_t most = 65536);

}  // namespace mien
