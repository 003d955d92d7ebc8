// Decides which waiting task starts on which device. Pure: starts nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mien {

/// What the decision needs to know of a task.
struct Demand {
  double seconds = 0;      // expected, with the longest chain of tasks that wait for it
  std::int64_t bytes = 0;  // expected memory on its device; 0 = unknown
  bool ready = true;       // it waits for no other task
  bool alone = false;      // nothing may run beside it on its device: it ran out of memory once
  bool timing = false;  // nothing may run beside it on the machine; after all others, first device
};

struct DeviceLoad {
  std::int64_t capacity = 0;  // bytes that our tasks may use together; 0 = unknown
  std::vector<Demand> running;
};

struct Placement {
  std::size_t task = 0, device = 0;
};

/// Returns what starts now, in this order. Long tasks go first, each to the device that runs the
/// fewest tasks. A device runs at most `jobs` tasks, and together they fit its capacity; a task
/// that has a device to itself may exceed it. If the longest task fits nowhere, one device is
/// reserved for it, so that smaller tasks cannot overtake it for ever.
std::vector<Placement> place_tasks(const std::vector<Demand>& waiting,
                                   std::vector<DeviceLoad> devices,
                                   int jobs);

/// Returns the seconds of each task plus those of the longest chain of tasks that wait for it.
/// `needs[i]` lists the tasks that task i waits for; they come before it.
std::vector<double> chain_seconds(std::vector<double> seconds,
                                  const std::vector<std::vector<std::size_t>>& needs);

}  // namespace mien
