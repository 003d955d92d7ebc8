// Parallel loops go by the processors that the process may use.
#include "harness/base/parallel.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace mien {
namespace {

TEST(UsableProcessors, AreThoseOfTheAffinityMask) {
  cpu_set_t before, one;
  CPU_ZERO(&before);
  ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_EQ(usable_processors(), CPU_COUNT(&before));
  int first = 0;
  while (!CPU_ISSET(first, &before)) ++first;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_processors(), 1);
  std::set<int> workers;
  parallel_for(8, [&](std::size_t, int worker) { workers.insert(worker); });
  EXPECT_EQ(workers, std::set<int>{0}) << "no second thread";
  ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
}

TEST(ParallelFor, CallsEveryIndexOnce) {
  std::vector<std::atomic<int>> calls(1000);
  parallel_for(calls.size(), 4, [&](std::size_t index, int worker) {
    EXPECT_TRUE(worker >= 0 && worker < 4);
    ++calls[index];
  });
  for (const std::atomic<int>& count : calls) EXPECT_EQ(count, 1);
  parallel_for(0, [](std::size_t, int) { FAIL(); });
}

TEST(ParallelFor, ThrowsTheErrorOfTheLowestIndex) {
  for (const int workers : {1, 4}) {
    try {
      parallel_for(100, workers, [](std::size_t index, int) {
        if (index % 10 == 7) throw std::runtime_error(std::to_string(index));
      });
      FAIL();
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "7");
    }
  }
}

}  // namespace
}  // namespace mien
