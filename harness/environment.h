// Where we run, measured: commit, compiler, CPU, GPU. Never taken from a label.
#pragma once

#include <map>
#include <string>

#include "harness/core/record.h"
#include "harness/nvml.h"

namespace mien {

/// Everything but LibTorch, threads and GPU.
Environment host_environment();

/// Path of the BLAS library that this process has loaded, "unknown" where none is found.
std::string loaded_blas();

/// Number of processors this process may run on.
int usable_processors();

/// Variables that a worker's libraries read before its first line runs. What the user has set
/// stays.
std::map<std::string, std::string> worker_environment();

/// Fills the GPU fields of `environment` by what NVML says of CUDA device `index`; gpu is "CUDA
/// device <index>" where it says nothing.
void describe_gpu(int index, const NvmlGpu& gpu, Environment& environment);

/// Nanoseconds since 1970, UTC.
std::int64_t now_ns();

}  // namespace mien
