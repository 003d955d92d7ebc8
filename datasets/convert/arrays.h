// Describes and joins files of named arrays, such as weights: .safetensors, .npz, .npy.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "datasets/formats/npz.h"

namespace mien {

/// An open file of arrays. The only array of a .npy file has the name of the file's stem.
class ArrayFile {
 public:
  /// Error (Exit::kUsage): another ending. Error (Exit::kPrecondition): the file cannot be read.
  explicit ArrayFile(const std::filesystem::path& path);

  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  std::map<std::string, std::string> metadata() const;

 private:
  std::map<std::string, NpyArray> arrays_;  // .npz, .npy
  std::unique_ptr<SafetensorsFile> mapped_;
  std::map<std::string, TensorView> tensors_;
};

/// Writes the arrays of all inputs, under their names, to one .safetensors file without metadata.
/// Equal arrays give equal bytes. Returns {out, sha256, bytes, tensors, not_finite}.
/// Errors: as for ArrayFile; two inputs have an array of one name; `out` is not called
/// *.safetensors.
nlohmann::ordered_json convert_arrays(const std::vector<std::filesystem::path>& inputs,
                                      const std::filesystem::path& out);

/// Returns {file, metadata, tensors: [{name, dtype, shape, min, max, mean, not_finite}]}. min, max
/// and mean are over the finite numbers; null where there are none.
nlohmann::ordered_json describe_arrays(const std::filesystem::path& path);

}  // namespace mien
