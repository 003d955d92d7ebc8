// The door to HDF5 files.
#pragma once

#include <filesystem>
#include <string>

#include "datasets/face_model_files.h"

namespace mien {

/// Datasets are called by their path in the file: "shape/model/mean".
/// Errors (Exit::kPrecondition): no HDF5 file, damaged, a dataset that is not there, is not of one
/// or two dimensions of numbers, or holds a number that is not finite.
class HdfFile {
 public:
  explicit HdfFile(const std::filesystem::path& path);
  ~HdfFile();
  HdfFile(const HdfFile&) = delete;
  HdfFile& operator=(const HdfFile&) = delete;

  std::string where(const std::string& name) const { return path_.string() + ": " + name; }
  bool has(const std::string& name) const;
  /// One dimension gives one row.
  Matrix matrix(const std::string& name) const;

 private:
  std::filesystem::path path_;
  std::int64_t file_;
};

}  // namespace mien
