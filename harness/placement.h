// Which waiting task starts where. Pure: says what should start now, starts nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mien {

/// A task, as far as its place and its turn go.
struct Demand {
  double seconds = 0;      // expected, of it and of the longest chain of tasks that wait for it
  std::int64_t bytes = 0;  // memory of its device that it is expected to need; 0 = not known
  bool ready = true;       // nothing that it waits for is left
  bool alone = false;      // nothing beside it on its device: it ran out of memory beside others
  bool timing = false;  // nothing beside it on the machine, after all others, on the first device
};

struct DeviceLoad {
  std::int64_t capacity = 0;  // bytes that our tasks may need together; 0 = not known
  std::vector<Demand> running;
};

struct Placement {
  std::size_t task = 0, device = 0;
};

/// What starts now, in this order: the longest first, each on the device that runs the fewest; at
/// most `jobs` tasks on a device, and together within its capacity, which a task that has the
/// device for itself may exceed. The longest that fits nowhere keeps one device from being filled
/// further, so that smaller tasks cannot pass it for ever.
std::vector<Placement> place(const std::vector<Demand>& waiting,
                             std::vector<DeviceLoad> devices,
                             int jobs);

/// Seconds of each task and of the longest chain of tasks behind it. `needs[i]`: the tasks that
/// task i waits for, all before it.
std::vector<double> chain_seconds(std::vector<double> seconds,
                                  const std::vector<std::vector<std::size_t>>& needs);

}  // namespace mien
