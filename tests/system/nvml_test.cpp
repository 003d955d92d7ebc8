// A table of functions that answers as a GPU would, or does not.
#include "harness/system/nvml.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "harness/system/environment.h"

namespace mien {
namespace {

int started = 0;
std::string bus_asked_for;
int gpu = 0;

template <std::size_t N>
int answer(const char (&text)[N], char* out, unsigned size) {
  std::snprintf(out, size, "%s", text);
  return 0;
}

/// A GPU whose every question is answered.
NvmlFunctions whole() {
  NvmlFunctions f;
  f.init = [] { return ++started, 0; };
  f.shutdown = [] { return --started, 0; };
  f.by_index = [](unsigned index, void** device) {
    *device = &gpu;
    return index == 0 ? 0 : 2;
  };
  f.by_bus_id = [](const char* pci, void** device) {
    bus_asked_for = pci;
    *device = &gpu;
    return 0;
  };
  f.driver = [](char* out, unsigned size) { return answer("580.1", out, size); };
  f.name = [](void*, char* out, unsigned size) { return answer("GPU X", out, size); };
  f.uuid = [](void*, char* out, unsigned size) { return answer("GPU-12", out, size); };
  f.pci = [](void*, NvmlFunctions::Pci* pci) {
    std::strcpy(pci->bus_id, "00000000:3B:00.0");
    return 0;
  };
  f.memory = [](void*, NvmlFunctions::Memory* memory) {
    *memory = {80, 50, 30};
    return 0;
  };
  f.clock = [](void*, int kind, unsigned* mhz) { return *mhz = kind == 1 ? 1400 : 1, 0; };
  f.highest_clock = [](void*, int kind, unsigned* mhz) { return *mhz = kind == 1 ? 1980 : 1, 0; };
  f.throttle_reasons = [](void*, unsigned long long* bits) { return *bits = 0x1 | 0x4 | 0x40, 0; };
  f.temperature = [](void*, int sensor, unsigned* celsius) { return *celsius = 71, sensor; };
  f.energy = [](void*, unsigned long long* millijoules) { return *millijoules = 2500, 0; };
  f.power_limit = [](void*, unsigned* milliwatts) { return *milliwatts = 700000, 0; };
  f.ecc = [](void*, unsigned* now, unsigned*) { return *now = 1, 0; };
  f.mig = [](void*, unsigned* now, unsigned*) { return *now = 0, 0; };
  f.persistence = [](void*, unsigned* mode) { return *mode = 1, 0; };
  return f;
}

TEST(Nvml, SaysWhatTheGpuIs) {
  const NvmlFunctions functions = whole();
  const NvmlGpu device(0, "", functions);
  ASSERT_TRUE(device.present());
  const GpuIdentity identity = device.identity();
  EXPECT_EQ(identity.name, "GPU X");
  EXPECT_EQ(identity.uuid, "GPU-12");
  EXPECT_EQ(identity.driver, "580.1");
  EXPECT_EQ(identity.pci, "00000000:3B:00.0");
  EXPECT_EQ(identity.mig, "off");
  EXPECT_EQ(identity.ecc, "on");
  EXPECT_EQ(identity.persistence, "on");
  EXPECT_EQ(identity.power_limit, "700 W");
  EXPECT_EQ(identity.memory_bytes, 80);
}

TEST(Nvml, SaysHowItIs) {
  const NvmlFunctions functions = whole();
  const NvmlGpu device(0, "", functions);
  const GpuState state = device.state();
  EXPECT_EQ(state.sm_clock_mhz, 1400);
  EXPECT_EQ(state.highest_sm_clock_mhz, 1980);
  EXPECT_EQ(state.temperature_c, 71);
  EXPECT_EQ(state.throttled, "hardware thermal slowdown");  // idle and the power cap are no fault
  EXPECT_EQ(device.used_memory(), 30);
  EXPECT_DOUBLE_EQ(*device.energy(), 2.5);
}

TEST(Nvml, IsOpenedByBusIdAndClosedAgain) {
  started = 0;
  const NvmlFunctions functions = whole();
  {
    const NvmlGpu device(5, "0000:3b:00.0", functions);
    EXPECT_TRUE(device.present());
    EXPECT_EQ(bus_asked_for, "0000:3b:00.0");
    EXPECT_EQ(started, 1);
  }
  EXPECT_EQ(started, 0);
}

void expect_absent(const NvmlGpu& device) {
  EXPECT_EQ(device.identity().uuid, "");
  EXPECT_EQ(device.identity().mig, "");
  EXPECT_EQ(device.identity().power_limit, "");
  EXPECT_EQ(device.state().sm_clock_mhz, std::nullopt);
  EXPECT_EQ(device.state().throttled, "");
  EXPECT_EQ(device.used_memory(), std::nullopt);
  EXPECT_EQ(device.energy(), std::nullopt);
}

TEST(Nvml, MissingLibraryGpuOrFunctionsAreAbsentValues) {
  const NvmlFunctions none;
  const NvmlGpu no_library(0, "", none);
  EXPECT_FALSE(no_library.present());
  expect_absent(no_library);
  const NvmlFunctions functions = whole();
  const NvmlGpu no_gpu(3, "", functions);
  EXPECT_FALSE(no_gpu.present());
  expect_absent(no_gpu);
  NvmlFunctions old;
  old.init = functions.init;
  old.by_index = functions.by_index;
  const NvmlGpu no_functions(0, "", old);
  EXPECT_TRUE(no_functions.present());
  expect_absent(no_functions);
}

TEST(Nvml, RefusedQuestionsAreAbsentValues) {  // as in a MIG slice without rights
  NvmlFunctions functions = whole();
  functions.memory = [](void*, NvmlFunctions::Memory*) { return 4; };
  functions.energy = [](void*, unsigned long long*) { return 3; };
  functions.clock = [](void*, int, unsigned*) { return 4; };
  const NvmlGpu device(0, "", functions);
  EXPECT_EQ(device.used_memory(), std::nullopt);
  EXPECT_EQ(device.energy(), std::nullopt);
  EXPECT_EQ(device.state().sm_clock_mhz, std::nullopt);
  EXPECT_EQ(device.identity().memory_bytes, 0);
  EXPECT_EQ(device.identity().name, "GPU X");
}

TEST(Nvml, ThrottleWords) {
  EXPECT_EQ(throttle_words(0), "");
  EXPECT_EQ(throttle_words(0x1 | 0x2 | 0x4 | 0x10 | 0x100), "");
  EXPECT_EQ(throttle_words(0x8 | 0x80), "hardware slowdown, power brake");
}

TEST(Environment, IsFilledFromNvml) {
  const NvmlFunctions functions = whole();
  Environment environment;
  describe_gpu(0, NvmlGpu(0, "", functions), environment);
  EXPECT_EQ(environment.gpu, "GPU X");
  EXPECT_EQ(environment.gpu_pci, "00000000:3B:00.0");
  EXPECT_EQ(environment.gpu_power_limit, "700 W");
  EXPECT_EQ(environment.gpu_memory_bytes, 80);
  const NvmlFunctions none;
  Environment unknown;
  describe_gpu(2, NvmlGpu(2, "", none), unknown);
  EXPECT_EQ(unknown.gpu, "CUDA device 2");
  EXPECT_EQ(unknown.gpu_mig, "");
}

}  // namespace
}  // namespace mien
