// Work on all usable cores whose result does not depend on how many there are.
#pragma once

#include <cstddef>
#include <functional>

namespace mien {

/// Cores that this process may use, at least 1.
int usable_cores();

/// Calls work(index, worker) once for every index in [0, count), several at a time; `worker` in
/// [0, usable_cores()) is never the same for two calls that overlap. Returns when all are done. If
/// calls throw, no further index is begun and the exception of the lowest one is thrown on.
void parallel_for(std::size_t count,
                  const std::function<void(std::size_t index, int worker)>& work);
/// The same with at most `workers` at a time, from 1; `worker` is below that.
void parallel_for(std::size_t count,
                  int workers,
                  const std::function<void(std::size_t index, int worker)>& work);

}  // namespace mien
