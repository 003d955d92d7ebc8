// Asks an NVIDIA GPU about itself through NVML, the driver's library. It is opened by name at run
// time, so the build needs neither its header nor a GPU. If the library, a function or a permission
// is missing, the value is absent; that is never an error. Source: NVML API reference, R580.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace mien {

/// The functions that we call. They return 0 for success; a pointer is null if the library lacks
/// the function. Tests supply their own.
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

/// Returns the functions of libnvidia-ml.so.1, which stays open. All are null without the library.
const NvmlFunctions& nvml_functions();

/// Returns the reasons for a lowered clock that invalidate a measured time, in words: "hardware
/// thermal slowdown, ...". An idle clock, fixed clocks and the power cap are not among them,
/// because a loaded GPU normally runs at its power cap.
std::string throttle_words(unsigned long long reasons);

struct GpuIdentity {
  std::string name, uuid, driver, pci;
  std::string mig, ecc, persistence;  // "on" | "off"
  std::string power_limit;            // "700 W"
  std::int64_t memory_bytes = 0;
};

struct GpuState {
  std::optional<double> sm_clock_mhz = {};
  std::optional<double> highest_sm_clock_mhz = {};
  std::optional<double> temperature_c = {};
  std::string throttled;  // throttle_words
};

/// One GPU. The constructor starts NVML and the destructor stops it.
class NvmlGpu {
 public:
  /// Finds the GPU by its bus id `pci`, such as "0000:3b:00.0", or by NVML's own index if `pci` is
  /// empty. That index equals CUDA's only if all GPUs are visible.
  explicit NvmlGpu(int index,
                   const std::string& pci = "",
                   const NvmlFunctions& functions = nvml_functions());
  ~NvmlGpu();
  NvmlGpu(const NvmlGpu&) = delete;
  NvmlGpu& operator=(const NvmlGpu&) = delete;

  bool present() const { return device_ != nullptr; }
  GpuIdentity identity() const;
  GpuState state() const;
  /// Returns the memory in use by all processes, in bytes.
  std::optional<std::int64_t> used_memory() const;
  /// Returns the energy used since the driver was loaded, in joules.
  std::optional<double> energy() const;

 private:
  const NvmlFunctions& nvml_;
  bool started_ = false;
  void* device_ = nullptr;
};

}  // namespace mien
