// Weights as .safetensors, both ways; names are those of torch::nn::Module.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "models/model.h"

namespace mien {

/// Writes parameters and buffers, on whatever device they live; returns the file's SHA-256.
std::string save_weights(const Model& model,
                         const std::filesystem::path& path,
                         const std::map<std::string, std::string>& metadata);

/// Strict: every name present in file and model, every shape and dtype equal.
/// Errors (Exit::kIntegrity): the first tensor that does not match.
void load_weights(Model& model, const std::filesystem::path& path);

/// A copy of all parameters and buffers, and its way back; same device.
using Snapshot = std::vector<torch::Tensor>;
Snapshot take_snapshot(const Model& model);
void restore_snapshot(Model& model, const Snapshot& snapshot);

}  // namespace mien
