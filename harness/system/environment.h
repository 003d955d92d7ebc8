// The build and the machine: commit, compiler, CPU, GPU. Everything is read where the program runs.
#pragma once

#include <map>
#include <string>

#include "harness/system/nvml.h"
#include "harness/task/record.h"

namespace mien {

/// Fills all fields except LibTorch, threads and GPU.
Environment host_environment();

/// Returns the path of the BLAS library that this process has loaded, or "unknown".
std::string loaded_blas();

/// Returns the environment variables that a worker's libraries read when they are loaded. A value
/// that the user has set stays.
std::map<std::string, std::string> worker_environment();

/// Fills the GPU fields of `environment` with what NVML reports about CUDA device `index`. The name
/// is "CUDA device <index>" if NVML reports nothing.
void describe_gpu(int index, const NvmlGpu& gpu, Environment& environment);

/// Returns the nanoseconds since 1970, UTC.
std::int64_t now_ns();

}  // namespace mien
