#include "harness/run/placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace mien {
namespace {

std::vector<std::size_t> tasks_of(const std::vector<Placement>& placed) {
  std::vector<std::size_t> tasks;
  for (const Placement& p : placed) tasks.push_back(p.task);
  return tasks;
}
using Tasks = std::vector<std::size_t>;

TEST(Placement, LongestFirstOnTheEmptiestDevice) {
  const std::vector<Demand> waiting = {{1}, {3}, {2}, {5}};
  const std::vector<Placement> placed = place_tasks(waiting, {{0, {{9}}}, {0, {}}}, 2);
  EXPECT_EQ(tasks_of(placed), (Tasks{3, 1, 2}));
  EXPECT_EQ(placed[0].device, 1u) << "the other one runs a task already";
  EXPECT_EQ(placed[1].device, 0u);
  EXPECT_EQ(placed[2].device, 1u);
}

TEST(Placement, EqualTasksComeAsTheyArePlanned) {
  EXPECT_EQ(tasks_of(place_tasks({{1}, {1}, {1}}, {{}}, 2)), (Tasks{0, 1}));
}

TEST(Placement, WhatIsNotReadyIsPassed) {
  Demand later{9};
  later.ready = false;
  EXPECT_EQ(tasks_of(place_tasks({later, {1}}, {{}}, 1)), Tasks{1});
}

TEST(Placement, MemoryIsSharedOutAndTheLongestIsNotPassedForEver) {
  const DeviceLoad busy{10, {{1, 6}}}, other{10, {{1, 6}, {1, 1}}};
  EXPECT_EQ(tasks_of(place_tasks({{5, 4}}, {busy}, 4)), Tasks{0});
  EXPECT_TRUE(place_tasks({{5, 5}, {1, 1}}, {busy}, 4).empty())
      << "a small one would keep it waiting";
  const std::vector<Placement> placed = place_tasks({{5, 5}, {1, 1}}, {busy, other}, 4);
  ASSERT_EQ(tasks_of(placed), Tasks{1});
  EXPECT_EQ(placed[0].device, 1u) << "only one device is kept free";
}

TEST(Placement, ATaskLargerThanTheDeviceHasItForItself) {
  EXPECT_EQ(tasks_of(place_tasks({{5, 50}, {1, 1}}, {{10, {}}}, 4)), Tasks{0});
}

TEST(Placement, AloneMeansAlone) {
  Demand alone{5};
  alone.alone = true;
  EXPECT_TRUE(place_tasks({alone, {1}}, {{0, {{1}}}}, 4).empty());
  EXPECT_EQ(tasks_of(place_tasks({alone, {1}}, {{0, {}}}, 4)), Tasks{0});
  EXPECT_TRUE(place_tasks({{1}}, {{0, {alone}}}, 4).empty());
  const std::vector<Placement> two = place_tasks({alone, {1}}, {{0, {}}, {0, {}}}, 4);
  ASSERT_EQ(two.size(), 2u);
  EXPECT_NE(two[0].device, two[1].device);
}

TEST(Placement, TimingComesLastAndHasTheMachine) {
  Demand timing{99};
  timing.timing = true;
  EXPECT_EQ(tasks_of(place_tasks({timing, {1}}, {{}, {}}, 2)), Tasks{1});
  EXPECT_TRUE(place_tasks({timing}, {{}, {0, {{1}}}}, 2).empty());
  EXPECT_TRUE(place_tasks({timing, {1}}, {{0, {timing}}, {}}, 2).empty());
  Demand later{1};
  later.ready = false;
  EXPECT_TRUE(place_tasks({timing, later}, {{}}, 2).empty());
  const std::vector<Placement> placed = place_tasks({timing, timing}, {{}, {}}, 2);
  ASSERT_EQ(tasks_of(placed), Tasks{0});
  EXPECT_EQ(placed[0].device, 0u);
}

TEST(Placement, ChainsCountWithWhatWaitsForThem) {
  // 0 is short, but 2 and 3 wait for it, one for the other.
  EXPECT_EQ(chain_seconds({1, 5, 10, 4}, {{}, {}, {0}, {2}}), (std::vector<double>{15, 5, 14, 4}));
}

/// A whole run, simulated: what is waiting, what runs where and until when.
class Simulation {
 public:
  Simulation(std::uint32_t seed) : random_(seed) {
    jobs_ = pick(1, 4);
    devices_.resize(static_cast<std::size_t>(pick(1, 3)));
    for (DeviceLoad& device : devices_) device.capacity = pick(0, 3) * 10;
    const std::size_t count = static_cast<std::size_t>(pick(1, 25));
    std::vector<double> seconds;
    for (std::size_t i = 0; i < count; ++i) {
      Demand task;
      task.bytes = pick(0, 15);
      task.alone = pick(0, 9) == 0;
      task.timing = i + 3 > count;
      std::vector<std::size_t> needs;
      if (!task.timing && i > 0 && pick(0, 3) == 0)
        needs.push_back(static_cast<std::size_t>(pick(0, static_cast<int>(i) - 1)));
      needs_.push_back(needs);
      seconds.push_back(pick(1, 20));
      tasks_.push_back(task);
    }
    duration_ = seconds;
    const std::vector<double> chains = chain_seconds(seconds, needs_);
    for (std::size_t i = 0; i < count; ++i) tasks_[i].seconds = chains[i];
    landed_.resize(count);
    for (std::size_t i = 0; i < count; ++i) waiting_.push_back(i);
  }

  void run() {
    for (std::size_t round = 0; !waiting_.empty() || !flying_.empty(); ++round) {
      ASSERT_LE(round, tasks_.size()) << "each round one lands: nothing may starve";
      start();
      ASSERT_FALSE(flying_.empty()) << "something can always run";
      check();
      land_next();
    }
  }

 private:
  struct Flying {
    std::size_t task, device;
    double until;
  };
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }

  std::vector<DeviceLoad> loads() const {
    std::vector<DeviceLoad> all = devices_;
    for (const Flying& f : flying_) all[f.device].running.push_back(tasks_[f.task]);
    return all;
  }

  void start() {
    std::vector<Demand> demands;
    for (const std::size_t i : waiting_) {
      Demand demand = tasks_[i];
      demand.ready =
          std::ranges::all_of(needs_[i], [&](std::size_t needed) { return landed_[needed]; });
      demands.push_back(demand);
    }
    std::vector<std::size_t> started;
    for (const Placement& p : place_tasks(demands, loads(), jobs_)) {
      EXPECT_TRUE(demands[p.task].ready) << "networks come before what takes them";
      started.push_back(waiting_[p.task]);
      flying_.push_back({started.back(), p.device, now_ + duration_[started.back()]});
    }
    std::erase_if(waiting_, [&](std::size_t i) { return std::ranges::count(started, i) > 0; });
  }

  void check() const {
    for (const DeviceLoad& device : loads()) {
      EXPECT_LE(device.running.size(), static_cast<std::size_t>(jobs_));
      std::int64_t bytes = 0;
      for (const Demand& task : device.running) {
        bytes += task.bytes;
        EXPECT_TRUE(!task.alone || device.running.size() == 1);
        EXPECT_TRUE(!task.timing || flying_.size() == 1);
      }
      EXPECT_TRUE(device.capacity == 0 || bytes <= device.capacity || device.running.size() == 1);
    }
  }

  void land_next() {
    const auto next = std::ranges::min_element(flying_, {}, &Flying::until);
    now_ = next->until;
    landed_[next->task] = true;
    flying_.erase(next);
  }

  std::mt19937 random_;
  int jobs_ = 1;
  double now_ = 0;
  std::vector<DeviceLoad> devices_;
  std::vector<Demand> tasks_;
  std::vector<double> duration_;
  std::vector<std::vector<std::size_t>> needs_;
  std::vector<std::size_t> waiting_;
  std::vector<Flying> flying_;
  std::vector<bool> landed_;
};

TEST(Placement, HoldsItsRulesInWholeRuns) {
  for (std::uint32_t seed = 0; seed < 2000 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Simulation(seed).run();
  }
}

}  // namespace
}  // namespace mien
