// Weights as .safetensors, both ways; names are those of torch::nn::Module, which are Python's too.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "models/model.h"

namespace mien {

/// Writes parameters and buffers, on whatever device they live; returns the file's SHA-256.
std::string save_weights(const Model& model,
                         const std::filesystem::path& path,
                         const std::map<std::string, std::string>& metadata);

/// Where a tensor of ours comes from.
struct WeightSource {
  std::string name;                // in their file; "" = none, ours stays as it was made
  std::vector<std::int64_t> axes;  // ours = theirs with its axes in this order; empty = as they are
};

/// Other people's names for our tensors.
struct WeightMap {
  std::map<std::string, WeightSource> ours;  // what is not in it has the same name there
  std::vector<std::string> ignored;          // theirs that we do not need; a last * stands for any
};

/// A JSON object:
///   "conv1.weight": "features.0.weight"                         another name
///   "fc.weight": {"from": "fc/weights", "axes": [1, 0]}         and other axes
///   "bn.num_batches_tracked": null                              not in their file
///   "*ignore*": ["optimizer/*"]    "*about*": "for a reader"
/// Errors: Exit::kPrecondition for no such file; Exit::kUsage for one that is no such map.
WeightMap read_weight_map(const std::filesystem::path& path);

struct LoadOptions {
  WeightMap map = {};
  bool partial = false;  // names that their file lacks stay as they are, instead of an error
};

/// All or nothing. Names and shapes must match; floating dtypes are converted to ours, whole
/// numbers to whole numbers. Returns the names of ours that stayed as they were, all of them
/// allowed to. Errors: Exit::kPrecondition for a file that is damaged, or whose tensors are
/// missing, too many, of another shape or not finite, all of them on one line; Exit::kUsage for a
/// map that does not fit the model.
std::vector<std::string> load_weights(Model& model,
                                      const std::filesystem::path& path,
                                      const LoadOptions& options = {});

/// A copy of all parameters and buffers, and its way back; same device.
using Snapshot = std::vector<torch::Tensor>;
Snapshot take_snapshot(const Model& model);
void restore_snapshot(Model& model, const Snapshot& snapshot);

}  // namespace mien
