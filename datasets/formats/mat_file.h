// Reads numbers from MATLAB files of version 5 (saved with -v6 or -v7) with matio, which no other
// module uses.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "datasets/formats/matrix.h"

namespace mien {

/// An open MATLAB file. A field of a struct is named "struct.field".
/// Error (Exit::kPrecondition): another version; the file is cut short; a variable is missing, is
/// not a full matrix of real numbers, or has a number that is not finite.
class MatFile {
 public:
  explicit MatFile(const std::filesystem::path& path);
  ~MatFile();
  MatFile(const MatFile&) = delete;
  MatFile& operator=(const MatFile&) = delete;

  std::string where(const std::string& name) const { return path_.string() + ": " + name; }
  bool has(const std::string& name);
  /// Reads a variable as MATLAB stores it, column by column. The result is its transpose.
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
