// Times in alternation, and speed-ups.
#include "harness/measure/interleaved.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace mien {
namespace {

/// Two things, the second twice as fast, on a machine that becomes three times as slow on the way.
TEST(Interleaved, DriftDoesNotTouchARatio) {
  double seconds = 0;
  std::string order;
  const auto thing = [&](char name, double ns) -> std::function<double()> {
    return [&, name, ns] {
      order += name;
      const double took = ns * (1 + seconds);
      seconds += took / 1e9;
      return took;
    };
  };
  const auto times = interleaved({thing('a', 20e6), thing('b', 10e6)}, 2, [&] { return seconds; });
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times[0].size(), times[1].size());
  EXPECT_GT(times[0].back(), 2.5 * times[0].front());
  EXPECT_TRUE(order.starts_with("abbaabba")) << order;
  const std::optional<SpeedUp> found = speed_up(times[0], times[1]);
  ASSERT_TRUE(found && found->interval);
  EXPECT_NEAR(found->value, 2, 0.05);
  EXPECT_LE(found->interval->lower, found->value);
  EXPECT_GE(found->interval->upper, found->value);
  EXPECT_LT(found->interval->upper - found->interval->lower, 0.2);
}

TEST(Interleaved, IsBounded) {
  const std::function<double()> thing = [] { return 1.0; };
  EXPECT_EQ(interleaved({thing}, 0, [] { return 0.0; })[0].size(), 7u);
  EXPECT_EQ(interleaved({thing}, 1e9, [] { return 0.0; })[0].size(), 501u);
}

TEST(SpeedUp, SkipsInvalidTimes) {
  const std::vector<double> reference = {2, 2, std::nan(""), 2, 0, 2, 2, 2},
                            times = {1, 1, 1, -1, 1, 1, 1, 1};
  const std::optional<SpeedUp> found = speed_up(reference, times);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->value, 2);
  EXPECT_FALSE(found->interval) << "five are too few";
  EXPECT_FALSE(speed_up({}, {}));
}

}  // namespace
}  // namespace mien
