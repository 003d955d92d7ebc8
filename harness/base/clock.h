// Elapsed time on the monotonic clock.
#pragma once

#include <chrono>

namespace mien {

/// Returns the seconds that have passed since `start`.
inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace mien
