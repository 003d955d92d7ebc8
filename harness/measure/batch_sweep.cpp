#include "harness/measure/batch_sweep.h"

#include "harness/measure/sampling.h"

namespace mien {

BatchSweep batch_sweep(const std::function<SweepPoint(std::int64_t)>& rate,
                       double least_gain,
                       std::int64_t most) {
  BatchSweep sweep;
  for (std::int64_t batch = 1; batch <= most; batch *= 2) {
    SweepPoint point;
    try {
      point = rate(batch);
    } catch (const OutOfMemory&) {
      if (batch == 1) throw;
      sweep.out_of_memory = batch;
    }
    point.parameter = "batch";
    point.setting = static_cast<double>(batch);
    point.metric = "images_per_second";
    point.unit = "img/s";
    const double before = sweep.points.empty() ? 0 : sweep.points.back().value.value_or(0);
    sweep.points.push_back(point);
    if (sweep.out_of_memory > 0) return sweep;
    if (before > 0 && point.value < (1 + least_gain) * before) {
      sweep.knee = batch / 2;
      return sweep;
    }
  }
  return sweep;
}

}  // namespace mien
