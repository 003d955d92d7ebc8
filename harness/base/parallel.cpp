#include "harness/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace mien {

int usable_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

void parallel_for(std::size_t count, const std::function<void(std::size_t, int)>& work) {
  parallel_for(count, usable_processors(), work);
}

void parallel_for(std::size_t count,
                  int workers,
                  const std::function<void(std::size_t, int)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t failed_index = count;
  std::exception_ptr failure;
  const auto run = [&](int worker) {
    for (std::size_t index; (index = next++) < count;) {
      try {
        work(index, worker);
      } catch (...) {
        const std::lock_guard lock(mutex);
        // Indices are begun in order, so the lowest failing one has begun before any other failed.
        if (index < failed_index) {
          failed_index = index;
          failure = std::current_exception();
        }
        next = count;
      }
    }
  };
  workers = static_cast<int>(std::min<std::size_t>(count, static_cast<std::size_t>(workers)));
  {
    std::vector<std::jthread> threads;
    for (int worker = 1; worker < workers; ++worker) threads.emplace_back(run, worker);
    run(0);
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace mien
