#include "datasets/face_model.h"

#include <algorithm>

namespace mien {

std::vector<float> FaceModel::shape(std::span<const float> id, std::span<const float> ex) const {
  std::vector<float> out = mean;
  const auto add = [&](const std::vector<float>& modes, std::span<const float> weights) {
    const std::size_t known = std::min(weights.size(), modes.size() / mean.size());
    for (std::size_t mode = 0; mode < known; ++mode) {
      if (weights[mode] == 0) continue;
      const float* offsets = modes.data() + mode * mean.size();
      for (std::size_t i = 0; i < out.size(); ++i) out[i] += weights[mode] * offsets[i];
    }
  };
  add(identity, id);
  add(expression, ex);
  return out;
}

}  // namespace mien
