// Files of named arrays, such as weights: .safetensors, .npz, .npy.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "datasets/npz.h"

namespace mien {

/// The only array of an .npy is called by the file's stem.
class ArrayFile {
 public:
  /// Errors: Exit::kUsage for another ending; Exit::kPrecondition for a file that cannot be read.
  explicit ArrayFile(const std::filesystem::path& path);

  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  std::map<std::string, std::string> metadata() const;

 private:
  std::map<std::string, NpyArray> arrays_;  // .npz, .npy
  std::unique_ptr<SafetensorsFile> mapped_;
  std::map<std::string, TensorView> tensors_;
};

/// Writes the arrays of all inputs, under their names, to one .safetensors file without metadata:
/// the same arrays give the same bytes. Returns {out, sha256, bytes, tensors, not_finite}.
/// Errors: as for ArrayFile; a name that two inputs have; `out` not called *.safetensors.
nlohmann::ordered_json convert_arrays(const std::vector<std::filesystem::path>& inputs,
                                      const std::filesystem::path& out);

/// {file, metadata, tensors: [{name, dtype, shape, min, max, mean, not_finite}]}; min, max and mean
/// are those of the finite numbers, null where there is none.
nlohmann::ordered_json describe_arrays(const std::filesystem::path& path);

}  // namespace mien
