// Random numbers that are the same on every platform. The distributions and shuffles of the
// standard library differ between implementations.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace mien {

/// The generator splitmix64. It adds a constant per number and then mixes the bits. (Steele, Lea &
/// Flood 2014, OOPSLA, "Fast splittable pseudorandom number generators".)
class SplitMix {
 public:
  explicit SplitMix(std::uint64_t seed) : state_(seed) {}

  /// Returns the next number.
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  /// Returns a whole number in [0, bound). REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  /// Shuffles `items` (Fisher-Yates, from the last item on).
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::uint64_t state_;
};

}  // namespace mien
