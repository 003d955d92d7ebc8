// What an NVIDIA GPU says of itself, by NVML: the driver's library, opened by name at run time, so
// that we need neither its header nor a GPU. What is missing (library, function, permission) is an
// absent value, never an error. Source: NVML API reference, R580.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace mien {

/// The functions that we call; nullptr where the library has not got one. 0 is success. A device is
/// opaque. Tests fill in their own.
struct NvmlFunctions {
  struct Memory {
    unsigned long long total, free, used;
  };
  struct Pci {
    char bus_id_legacy[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
  };
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*by_index)(unsigned, void**) = nullptr;
  int (*by_bus_id)(const char*, void**) = nullptr;
  int (*driver)(char*, unsigned) = nullptr;
  int (*name)(void*, char*, unsigned) = nullptr;
  int (*uuid)(void*, char*, unsigned) = nullptr;
  int (*pci)(void*, Pci*) = nullptr;
  int (*memory)(void*, Memory*) = nullptr;
  int (*clock)(void*, int kind, unsigned* mhz) = nullptr;
  int (*highest_clock)(void*, int kind, unsigned* mhz) = nullptr;
  int (*throttle_reasons)(void*, unsigned long long* bits) = nullptr;
  int (*temperature)(void*, int sensor, unsigned* celsius) = nullptr;
  int (*energy)(void*, unsigned long long* millijoules) = nullptr;
  int (*power_limit)(void*, unsigned* milliwatts) = nullptr;
  int (*ecc)(void*, unsigned* current, unsigned* pending) = nullptr;
  int (*mig)(void*, unsigned* current, unsigned* pending) = nullptr;
  int (*persistence)(void*, unsigned* mode) = nullptr;
};

/// Those of libnvidia-ml.so.1, which stays open; all nullptr where there is none.
const NvmlFunctions& nvml_functions();

/// Reasons for a lowered clock that make a time worthless, in words: "hardware thermal slowdown,
/// ...". An idle clock, set clocks and the power cap are none: under load a GPU may well run at its
/// cap.
std::string throttle_words(unsigned long long reasons);

struct GpuIdentity {
  std::string name, uuid, driver, pci;
  std::string mig, ecc, persistence;  // "on" | "off"
  std::string power_limit;            // "700 W"
  std::int64_t memory_bytes = 0;
};

struct GpuState {
  double sm_clock_mhz = std::numeric_limits<double>::quiet_NaN();
  double highest_sm_clock_mhz = std::numeric_limits<double>::quiet_NaN();
  double temperature_c = std::numeric_limits<double>::quiet_NaN();
  std::string throttled;  // throttle_words
};

/// One GPU. NVML starts with the object and stops with it.
class NvmlGpu {
 public:
  /// `pci`: bus id, "0000:3b:00.0"; where it is empty, NVML's own index counts, which is CUDA's
  /// only where all GPUs are visible.
  explicit NvmlGpu(int index,
                   const std::string& pci = "",
                   const NvmlFunctions& functions = nvml_functions());
  ~NvmlGpu();
  NvmlGpu(const NvmlGpu&) = delete;
  NvmlGpu& operator=(const NvmlGpu&) = delete;

  bool present() const { return device_ != nullptr; }
  GpuIdentity identity() const;
  GpuState state() const;
  /// Of all processes, in bytes.
  std::optional<std::int64_t> used_memory() const;
  /// Since the driver was loaded, in joules.
  std::optional<double> energy() const;

 private:
  const NvmlFunctions& nvml_;
  bool started_ = false;
  void* device_ = nullptr;
};

}  // namespace mien
