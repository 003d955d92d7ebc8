// Weights to and from .safetensors files. Tensors have the names of torch::nn::Module, which are
// also those of Python.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "models/model.h"

namespace mien {

/// Writes all parameters and buffers, from any device. Returns the SHA-256 of the file.
std::string save_weights(const Model& model,
                         const std::filesystem::path& path,
                         const std::map<std::string, std::string>& metadata);

/// The source of one tensor of the model in a weight file.
struct WeightSource {
  std::string name;                // in the file; "": none, the tensor keeps its initial values
  std::vector<std::int64_t> axes;  // the order of the file's axes in the model; empty: unchanged
};

/// A name map: how the tensors of the model are called in a weight file of other code.
struct WeightMap {
  std::map<std::string, WeightSource> ours;  // by the model's names; others have the same name
  std::vector<std::string> ignored;          // names of the file to skip; a trailing * matches any
};

/// Reads a name map, a JSON object:
///   "conv1.weight": "features.0.weight"                         another name
///   "fc.weight": {"from": "fc/weights", "axes": [1, 0]}         another name and other axes
///   "bn.num_batches_tracked": null                              not in the file
///   "*ignore*": ["optimizer/*"]    "*about*": "for a reader"
/// Errors: Exit::kPrecondition (there is no such file); Exit::kUsage (it is not a name map).
WeightMap read_weight_map(const std::filesystem::path& path);

struct LoadOptions {
  WeightMap map = {};
  bool partial = false;  // tensors that the file lacks keep their values instead of being an error
};

/// Loads a weight file, completely or not at all. Names and shapes must match. Floating dtypes are
/// converted to the model's, integers to integers. Returns the names of the tensors that kept their
/// values, as the map or `partial` allows.
/// Errors: Exit::kPrecondition (the file is damaged, or tensors are missing, unknown, of another
/// shape or not finite; one line names all of them); Exit::kUsage (the map does not fit the model).
std::vector<std::string> load_weights(Model& model,
                                      const std::filesystem::path& path,
                                      const LoadOptions& options = {});

/// Copies of all parameters and buffers, on the same device.
using Snapshot = std::vector<torch::Tensor>;
Snapshot take_snapshot(const Model& model);
void restore_snapshot(Model& model, const Snapshot& snapshot);

}  // namespace mien
