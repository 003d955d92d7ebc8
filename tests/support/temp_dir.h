// A directory that is empty at the start of a test and gone at its end.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/files.h"
#include "harness/base/temp_folder.h"

namespace mien::testing {

class TempDir : public TempFolder {
 public:
  /// Writes a file and returns its path.
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    write_text(path() / name, text);
    return path() / name;
  }
};

}  // namespace mien::testing
