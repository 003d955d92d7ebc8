#include "harness/run/placement.h"

#include <algorithm>
#include <numeric>
#include <optional>

namespace mien {
namespace {

bool fits(const Demand& task, const DeviceLoad& device, int jobs) {
  if (device.running.empty()) return true;
  if (task.alone || device.running.size() >= static_cast<std::size_t>(jobs)) return false;
  std::int64_t bytes = task.bytes;
  for (const Demand& other : device.running) {
    if (other.alone) return false;
    bytes += other.bytes;
  }
  return device.capacity == 0 || bytes <= device.capacity;
}

/// Returns the device with the fewest tasks among those that `allowed` accepts.
template <typename Allowed>
std::optional<std::size_t> emptiest(const std::vector<DeviceLoad>& devices, Allowed allowed) {
  std::optional<std::size_t> found;
  for (std::size_t d = 0; d < devices.size(); ++d)
    if (allowed(d) && (!found || devices[d].running.size() < devices[*found].running.size()))
      found = d;
  return found;
}

/// Returns the ready tasks except timings, longest first; equal ones keep their order.
std::vector<std::size_t> start_order(const std::vector<Demand>& waiting) {
  std::vector<std::size_t> order(waiting.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return !waiting[i].ready || waiting[i].timing; });
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return waiting[a].seconds > waiting[b].seconds; });
  return order;
}

}  // namespace

std::vector<Placement> place_tasks(const std::vector<Demand>& waiting,
                                   std::vector<DeviceLoad> devices,
                                   int jobs) {
  const bool idle =
      std::ranges::all_of(devices, [](const DeviceLoad& device) { return device.running.empty(); });
  for (const DeviceLoad& device : devices)
    if (std::ranges::any_of(device.running, &Demand::timing)) return {};
  const auto timing = std::ranges::find_if(waiting, &Demand::timing);
  if (idle && timing != waiting.end() && std::ranges::all_of(waiting, &Demand::timing))
    return {{static_cast<std::size_t>(timing - waiting.begin()), 0}};
  std::vector<Placement> placed;
  std::optional<std::size_t> reserved;
  for (const std::size_t task : start_order(waiting)) {
    const auto device = emptiest(devices, [&](std::size_t d) {
      return d != reserved && fits(waiting[task], devices[d], jobs);
    });
    if (device) {
      devices[*device].running.push_back(waiting[task]);
      placed.push_back({task, *device});
    } else if (!reserved) {
      // Nothing more starts on the device with the fewest tasks, so it becomes idle and takes it.
      reserved = emptiest(devices, [](std::size_t) { return true; });
    }
  }
  return placed;
}

std::vector<double> chain_seconds(std::vector<double> seconds,
                                  const std::vector<std::vector<std::size_t>>& needs) {
  std::vector<double> behind(seconds.size(), 0);
  for (std::size_t i = seconds.size(); i-- > 0;) {
    seconds[i] += behind[i];
    for (const std::size_t needed : needs[i]) behind[needed] = std::max(behind[needed], seconds[i]);
  }
  return seconds;
}

}  // namespace mien
