// Batch sweeps of a throughput that saturates, until memory ends.
#include "harness/measure/batch_sweep.h"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/measure/sampling.h"

namespace mien {
namespace {

/// Images per second that saturate: batch / (batch + 8), until memory ends.
SweepPoint saturating(std::int64_t batch, std::int64_t too_large) {
  if (batch >= too_large) throw OutOfMemory("no memory");
  SweepPoint point;
  point.value = 1000.0 * static_cast<double>(batch) / static_cast<double>(batch + 8);
  point.n = 7;
  return point;
}

TEST(BatchSweep, EndsAtTheKnee) {
  const BatchSweep sweep =
      batch_sweep([](std::int64_t batch) { return saturating(batch, 1 << 20); });
  EXPECT_EQ(sweep.knee, 256);  // 512 gains 1.5 %
  EXPECT_EQ(sweep.out_of_memory, 0);
  ASSERT_EQ(sweep.points.size(), 10u);
  for (std::size_t i = 0; i < sweep.points.size(); ++i) {
    EXPECT_EQ(sweep.points[i].setting, std::ldexp(1, static_cast<int>(i)));
    EXPECT_EQ(sweep.points[i].metric, "images_per_second");
    EXPECT_EQ(sweep.points[i].n, 7);
  }
}

TEST(BatchSweep, RecordsWhereMemoryEnds) {
  const BatchSweep sweep = batch_sweep([](std::int64_t batch) { return saturating(batch, 64); });
  EXPECT_EQ(sweep.out_of_memory, 64);
  EXPECT_EQ(sweep.knee, 0);
  ASSERT_EQ(sweep.points.size(), 7u);
  EXPECT_EQ(sweep.points.back().setting, 64);
  EXPECT_EQ(sweep.points.back().value, std::nullopt);
  EXPECT_TRUE(sweep.points[5].value);
}

TEST(BatchSweep, NoMemoryForOneImageIsAFailure) {
  EXPECT_THROW(batch_sweep([](std::int64_t batch) { return saturating(batch, 1); }), OutOfMemory);
}

TEST(BatchSweep, IsBounded) {
  const auto linear = [](std::int64_t batch) {
    SweepPoint point;
    point.value = static_cast<double>(batch);
    return point;
  };
  EXPECT_EQ(batch_sweep(linear, 0.02, 32).points.size(), 6u);
}

}  // namespace
}  // namespace mien
