// The door to MATLAB files of version 5, which is what -v6 and -v7 save.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "datasets/face_model_files.h"

namespace mien {

/// A variable is called by its name, a field of a struct as "struct.field".
/// Errors (Exit::kPrecondition): another version, cut short, a variable that is not there, is no
/// real full matrix of numbers, or holds a number that is not finite.
class MatFile {
 public:
  explicit MatFile(const std::filesystem::path& path);
  ~MatFile();
  MatFile(const MatFile&) = delete;
  MatFile& operator=(const MatFile&) = delete;

  std::string where(const std::string& name) const { return path_.string() + ": " + name; }
  bool has(const std::string& name);
  /// The numbers as MATLAB stores them, column by column: the matrix comes back transposed.
  Matrix transposed_matrix(const std::string& name);

 private:
  struct Variable;
  const Variable& find(const std::string& name);

  std::filesystem::path path_;
  struct Handle;
  std::unique_ptr<Handle> handle_;
  std::map<std::string, Variable> read_;  // by the name without field
};

}  // namespace mien
