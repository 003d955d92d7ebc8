// How much memory our tasks may use together on each device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <vector>

#include "harness/run/devices.h"

namespace mien {

class DeviceMemory {
 public:
  /// Reads the free memory of every device. REQUIRES: none of our tasks runs.
  explicit DeviceMemory(const std::vector<Device>& devices);

  /// Returns the capacity of each device in bytes; 0 = unknown, so not limited.
  const std::vector<std::int64_t>& capacity() const { return capacity_; }

  /// Records that a task on this device has ended.
  void freed(std::size_t device) { freed_.insert(device); }

  /// Reads the free memory again of devices where a task has ended and none runs now, because other
  /// programs may have taken or released some meanwhile.
  void update(const std::function<bool(std::size_t device)>& is_idle);

 private:
  const std::vector<Device>& devices_;
  std::vector<std::int64_t> capacity_;
  std::set<std::size_t> freed_;
};

}  // namespace mien
