// Parallel loops whose result does not depend on the number of processors.
#pragma once

#include <cstddef>
#include <functional>

namespace mien {

/// Returns the number of processors in this process's CPU affinity mask, at least 1. A container or
/// `taskset` may allow fewer than the machine has.
int usable_processors();

/// Calls work(index, worker) once for every index in [0, count), on all usable processors, and
/// returns when all calls are done. `worker` is in [0, usable_processors()); calls that overlap get
/// different ones. After a call that throws, no further index is begun; the exception of the lowest
/// index that threw is thrown on.
void parallel_for(std::size_t count,
                  const std::function<void(std::size_t index, int worker)>& work);
/// Does the same with at most `workers` calls at a time; `worker` is in [0, workers).
/// REQUIRES: workers >= 1.
void parallel_for(std::size_t count,
                  int workers,
                  const std::function<void(std::size_t index, int worker)>& work);

}  // namespace mien
