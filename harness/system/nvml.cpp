#include "harness/system/nvml.h"

#include <dlfcn.h>
#include <fmt/ranges.h>

#include <vector>

namespace mien {
namespace {

constexpr int kSmClock = 1, kGpuSensor = 0;

template <typename Function>
void load(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(::dlsym(library, name));
}

NvmlFunctions open_library() {
  NvmlFunctions f;
  void* library = ::dlopen("libnvidia-ml.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (!library) return f;
  load(library, "nvmlInit_v2", f.init);
  load(library, "nvmlShutdown", f.shutdown);
  load(library, "nvmlDeviceGetHandleByIndex_v2", f.by_index);
  load(library, "nvmlDeviceGetHandleByPciBusId_v2", f.by_bus_id);
  load(library, "nvmlSystemGetDriverVersion", f.driver);
  load(library, "nvmlDeviceGetName", f.name);
  load(library, "nvmlDeviceGetUUID", f.uuid);
  load(library, "nvmlDeviceGetPciInfo_v3", f.pci);
  load(library, "nvmlDeviceGetMemoryInfo", f.memory);
  load(library, "nvmlDeviceGetClockInfo", f.clock);
  load(library, "nvmlDeviceGetMaxClockInfo", f.highest_clock);
  load(library, "nvmlDeviceGetCurrentClocksThrottleReasons", f.throttle_reasons);
  load(library, "nvmlDeviceGetTemperature", f.temperature);
  load(library, "nvmlDeviceGetTotalEnergyConsumption", f.energy);
  load(library, "nvmlDeviceGetPowerManagementLimit", f.power_limit);
  load(library, "nvmlDeviceGetEccMode", f.ecc);
  load(library, "nvmlDeviceGetMigMode", f.mig);
  load(library, "nvmlDeviceGetPersistenceMode", f.persistence);
  return f;
}

/// Whether the function is there and succeeds.
template <typename Function, typename... Arguments>
bool ask(Function function, Arguments... arguments) {
  return function && function(arguments...) == 0;
}

template <typename Function>
std::string text_of(Function function, void* device) {
  char text[128] = "";
  return ask(function, device, text, unsigned{sizeof text}) ? text : "";
}

template <typename Function>
std::string switch_of(Function function, void* device) {
  unsigned now = 0, pending = 0;
  if (!ask(function, device, &now, &pending)) return "";
  return now ? "on" : "off";
}

template <typename Function>
std::optional<double> number_of(Function function, void* device, int kind) {
  unsigned value = 0;
  if (!ask(function, device, kind, &value)) return std::nullopt;
  return value;
}

}  // namespace

const NvmlFunctions& nvml_functions() {
  static const NvmlFunctions functions = open_library();
  return functions;
}

std::string throttle_words(unsigned long long reasons) {
  constexpr struct {
    unsigned long long bit;
    const char* words;
  } kReasons[] = {{0x08, "hardware slowdown"},
                  {0x20, "software thermal slowdown"},
                  {0x40, "hardware thermal slowdown"},
                  {0x80, "power brake"}};
  std::vector<std::string> found;
  for (const auto& reason : kReasons)
    if (reasons & reason.bit) found.push_back(reason.words);
  return fmt::format("{}", fmt::join(found, ", "));
}

NvmlGpu::NvmlGpu(int index, const std::string& pci, const NvmlFunctions& functions)
    : nvml_(functions) {
  started_ = ask(nvml_.init);
  if (!started_) return;
  const bool found = pci.empty() ? ask(nvml_.by_index, static_cast<unsigned>(index), &device_)
                                 : ask(nvml_.by_bus_id, pci.c_str(), &device_);
  if (!found) device_ = nullptr;
}

NvmlGpu::~NvmlGpu() {
  if (started_) ask(nvml_.shutdown);
}

GpuIdentity NvmlGpu::identity() const {
  GpuIdentity identity;
  if (!present()) return identity;
  identity.name = text_of(nvml_.name, device_);
  identity.uuid = text_of(nvml_.uuid, device_);
  char driver[96] = "";
  if (ask(nvml_.driver, driver, unsigned{sizeof driver})) identity.driver = driver;
  NvmlFunctions::Pci pci{};
  if (ask(nvml_.pci, device_, &pci)) identity.pci = pci.bus_id;
  identity.mig = switch_of(nvml_.mig, device_);
  identity.ecc = switch_of(nvml_.ecc, device_);
  unsigned persistence = 0, milliwatts = 0;
  if (ask(nvml_.persistence, device_, &persistence))
    identity.persistence = persistence ? "on" : "off";
  if (ask(nvml_.power_limit, device_, &milliwatts))
    identity.power_limit = fmt::format("{:g} W", milliwatts / 1000.0);
  NvmlFunctions::Memory memory{};
  if (ask(nvml_.memory, device_, &memory))
    identity.memory_bytes = static_cast<std::int64_t>(memory.total);
  return identity;
}

GpuState NvmlGpu::state() const {
  GpuState state;
  if (!present()) return state;
  state.sm_clock_mhz = number_of(nvml_.clock, device_, kSmClock);
  state.highest_sm_clock_mhz = number_of(nvml_.highest_clock, device_, kSmClock);
  state.temperature_c = number_of(nvml_.temperature, device_, kGpuSensor);
  unsigned long long reasons = 0;
  if (ask(nvml_.throttle_reasons, device_, &reasons)) state.throttled = throttle_words(reasons);
  return state;
}

std::optional<std::int64_t> NvmlGpu::used_memory() const {
  NvmlFunctions::Memory memory{};
  if (!present() || !ask(nvml_.memory, device_, &memory)) return std::nullopt;
  return static_cast<std::int64_t>(memory.used);
}

std::optional<double> NvmlGpu::energy() const {
  unsigned long long millijoules = 0;
  if (!present() || !ask(nvml_.energy, device_, &millijoules)) return std::nullopt;
  return static_cast<double>(millijoules) / 1000;
}

}  // namespace mien
