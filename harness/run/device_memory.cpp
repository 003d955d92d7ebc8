#include "harness/run/device_memory.h"

#include <algorithm>
#include <fstream>

#include "harness/system/nvml.h"

namespace mien {
namespace {

/// Returns MemAvailable of /proc/meminfo, or a GPU's free memory by NVML; 0 if neither is known.
std::int64_t free_bytes(const Device& device) {
  if (device.name.starts_with("cuda")) {
    const NvmlGpu gpu(std::stoi(device.name.substr(5)), device.pci);
    const GpuIdentity identity = gpu.identity();
    // With MIG, NVML reports the whole GPU instead of our part.
    if (identity.memory_bytes == 0 || identity.mig == "on") return 0;
    return std::max<std::int64_t>(1, identity.memory_bytes - gpu.used_memory().value_or(0));
  }
  std::ifstream file("/proc/meminfo");
  for (std::string key; file >> key; file.ignore(100, '\n')) {
    std::int64_t kibibytes = 0;
    if (key == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

}  // namespace

DeviceMemory::DeviceMemory(const std::vector<Device>& devices) : devices_(devices) {
  for (const Device& device : devices) capacity_.push_back(free_bytes(device));
}

void DeviceMemory::update(const std::function<bool(std::size_t device)>& is_idle) {
  for (const std::size_t device : freed_)
    if (is_idle(device)) capacity_[device] = free_bytes(devices_[device]);
  freed_.clear();
}

}  // namespace mien
