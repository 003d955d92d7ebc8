// The devices that --device names.
#pragma once

#include <string>
#include <vector>

#include "harness/config/catalog.h"

namespace mien {

struct Device {
  std::string name;      // "cpu" or "cuda:N"
  std::string pci = {};  // bus id of a GPU; "" if it is not known
};

/// Returns every GPU that the worker can use, or else the CPU, for "auto"; every GPU for "cuda";
/// these GPUs for "cuda:0,cuda:2". Errors: Exit::kUsage: not a device, or one twice;
/// Exit::kPrecondition: CUDA without a CUDA build, or a GPU that is not there.
std::vector<Device> resolve_devices(const std::string& wanted, const Catalog& catalog);

/// Returns the name of the first of these. Error (Exit::kUsage): `wanted` is a list.
std::string resolve_device(const std::string& wanted, const Catalog& catalog);

}  // namespace mien
