// Which dataset to prepare, and from which folder.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace mien {

struct PrepareRequest {
  std::string name;
  /// Empty: the folder in the data directory, or the stand-in where there is none.
  std::filesystem::path source = {};
  bool accept_unverified = false;
  bool stand_in = false;    // use the stand-in even where real data is
  std::string frames = {};  // one of the entry's frame rules; "" means the first
  bool strict = false;      // refuse a copy with any problem
  /// Called before each step that takes time, with what it does and the seconds that it is expected
  /// to take (0: unknown).
  std::function<void(const std::string& step, double seconds)> announce = {};
};

/// A resolved request.
struct Source {
  std::filesystem::path folder;
  std::string frames;     // a frame rule; "" where the dataset has none
  bool stand_in = false;  // `folder` is the stand-in of the cache
};

}  // namespace mien
