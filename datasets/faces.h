// Parametric faces with seven expressions: what stand-ins are made of. Ours from first line to
// last, so they may go anywhere, unlike every photograph of the real datasets.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace mien {

/// Random numbers that are the same everywhere (the standard's distributions are not).
class FaceRandom {
 public:
  explicit FaceRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  /// Whole number in [0, bound), bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// In [low, high).
  double between(double low, double high);
  /// Near normal, mean 0 and variance 1, never beyond +-6.
  double normal();

 private:
  std::uint64_t state_;
};

struct FaceRequest {
  std::uint64_t seed = 1;
  int subject = 0;              // who: head, skin, hair, the features' rest positions
  std::string_view expression;  // angry disgust fear happy sad surprise neutral
  int number = 0;               // which picture: strength, pose, light, occlusion, noise
  int side_px = 48;
};

/// side_px * side_px gray bytes, row by row; equal requests give equal bytes.
std::vector<std::uint8_t> draw_face(const FaceRequest& request);

}  // namespace mien
