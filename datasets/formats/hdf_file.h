// Reads numbers from HDF5 files with libhdf5, which no other module uses.
#pragma once

#include <filesystem>
#include <string>

#include "datasets/formats/matrix.h"

namespace mien {

/// An open HDF5 file. Datasets are named by their path in the file: "shape/model/mean".
/// Error (Exit::kPrecondition): not an HDF5 file; damaged; a dataset is missing, does not have one
/// or two dimensions of numbers, or has a number that is not finite.
class HdfFile {
 public:
  explicit HdfFile(const std::filesystem::path& path);
  ~HdfFile();
  HdfFile(const HdfFile&) = delete;
  HdfFile& operator=(const HdfFile&) = delete;

  std::string where(const std::string& name) const { return path_.string() + ": " + name; }
  bool has(const std::string& name) const;
  /// Reads a dataset. One dimension gives one row.
  Matrix matrix(const std::string& name) const;

 private:
  std::filesystem::path path_;
  std::int64_t file_;
};

}  // namespace mien
