// Images and untrained models that the tests of maps share.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <string>

#include "models/registry.h"

namespace mien {

/// Returns uint8 noise [images, 1, 48, 48], the same in every call.
inline torch::Tensor noise(std::int64_t images) {
  torch::manual_seed(5);
  return torch::randint(0, 256, {images, 1, 48, 48}, torch::kUInt8);
}

/// Returns a model for seven classes with fresh weights, the same in every call.
inline std::shared_ptr<Model> made(const std::string& name, const std::string& variant) {
  torch::manual_seed(3);
  return find_model(name, variant).make({7, 0.5});
}

}  // namespace mien
