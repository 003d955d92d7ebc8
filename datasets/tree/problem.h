// A fault in a user's copy of a dataset.
#pragma once

#include <string>

namespace mien {

/// A file that cannot be used, or not all of it.
struct Problem {
  std::string path;    // relative to the dataset's folder
  std::string reason;  // "0 bytes", "a PNG called .tiff", "label 9 is out of range 1..7"
};

}  // namespace mien
