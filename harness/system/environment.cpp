#include "harness/system/environment.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <chrono>
#include <fstream>

#include "build_info.h"
#include "harness/base/error.h"
#include "harness/base/parallel.h"

namespace mien {
namespace {

/// Returns the value of the first line "key<separator>value" of a text file, or "".
std::string first_value(const char* path, const std::string& key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t at = line.find(separator);
    if (at == std::string::npos) continue;
    std::string value = line.substr(at + 1);
    std::erase(value, '"');
    value.erase(0, value.find_first_not_of(" \t"));
    return value;
  }
  return "";
}

std::string operating_system() {
  struct utsname names {};
  ::uname(&names);
  const std::string pretty = first_value("/etc/os-release", "PRETTY_NAME", '=');
  return fmt::format(
      "{}, {} {}", pretty.empty() ? "unknown" : pretty, names.sysname, names.release);
}

}  // namespace

Environment host_environment() {
  Environment environment;
  environment.mien_version = MIEN_VERSION;
  environment.commit = MIEN_COMMIT;
  environment.dirty = MIEN_DIRTY;
  environment.compiler = MIEN_COMPILER;
  environment.build_type = MIEN_BUILD_TYPE;
  environment.os = operating_system();
  environment.cpu = first_value("/proc/cpuinfo", "model name", ':');
  if (environment.cpu.empty()) environment.cpu = "unknown";
  environment.cores = usable_processors();
  struct sysinfo memory {};
  if (::sysinfo(&memory) == 0)
    environment.memory_bytes = static_cast<std::int64_t>(memory.totalram) * memory.mem_unit;
  return environment;
}

std::string loaded_blas() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t at = line.find('/');
    if (at == std::string::npos) continue;
    const std::string path = line.substr(at);
    const std::string name = path.substr(path.rfind('/') + 1);
    if (name.starts_with("libopenblas") || name.starts_with("libblas") ||
        name.starts_with("libblis") || name.starts_with("libmkl"))
      return path;
  }
  return "unknown";
}

namespace {

/// Returns the kernels that OpenBLAS should use, or "" to let it choose. OpenBLAS goes by a CPU's
/// model number, and treats an unknown one as the oldest, at a fifth of the speed. This goes by
/// what the CPU can do.
std::string openblas_core() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return "";
}

}  // namespace

std::map<std::string, std::string> worker_environment() {
  std::map<std::string, std::string> variables = {
      {"OMP_WAIT_POLICY", "PASSIVE"},
      {"OPENBLAS_CORETYPE", openblas_core()},
      {"CUBLAS_WORKSPACE_CONFIG", ":4096:8"},
  };
  for (auto& [name, value] : variables) value = paths::environment(name.c_str(), value);
  std::erase_if(variables, [](const auto& variable) { return variable.second.empty(); });
  return variables;
}

void describe_gpu(int index, const NvmlGpu& gpu, Environment& environment) {
  const GpuIdentity identity = gpu.identity();
  environment.gpu = identity.name.empty() ? fmt::format("CUDA device {}", index) : identity.name;
  environment.gpu_uuid = identity.uuid;
  environment.gpu_driver = identity.driver;
  environment.gpu_memory_bytes = identity.memory_bytes;
  environment.gpu_pci = identity.pci;
  environment.gpu_mig = identity.mig;
  environment.gpu_ecc = identity.ecc;
  environment.gpu_persistence = identity.persistence;
  environment.gpu_power_limit = identity.power_limit;
}

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace mien
