#include "datasets/faces/face_request.h"

namespace mien {

double FaceRandom::between(double low, double high) {
  return low + (high - low) * static_cast<double>(next() >> 11) * 0x1p-53;
}

double FaceRandom::normal() {
  // The sum of twelve uniform numbers has variance 1. Each of six words gives two of them.
  double sum = -6;
  for (int i = 0; i < 6; ++i) {
    const std::uint64_t word = next();
    sum += static_cast<double>(word >> 32) * 0x1p-32 +
           static_cast<double>(word & 0xFFFFFFFFu) * 0x1p-32;
  }
  return sum;
}

float uniform(FaceRandom& random, double low, double high) {
  return static_cast<float>(random.between(low, high));
}

FaceRandom random_for(std::uint64_t seed, std::initializer_list<std::uint64_t> keys) {
  FaceRandom mixed(seed);
  for (const std::uint64_t key : keys) mixed = FaceRandom(mixed.next() ^ (key + 1));
  return mixed;
}

const char* name_of(FaceHead head) { return head == FaceHead::kInstalled ? "ict-facekit" : ""; }

}  // namespace mien
