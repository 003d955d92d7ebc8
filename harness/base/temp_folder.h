// A folder that its owner removes.
#pragma once

#include <filesystem>

namespace mien {

/// An empty folder that the destructor removes with all that it contains.
class TempFolder {
 public:
  /// Creates a folder with a name of its own in $TMPDIR, else /tmp.
  /// Error (Exit::kPrecondition): it cannot be created.
  TempFolder();
  /// Creates `path`, and removes first what an interrupted run left there. Errors: likewise.
  explicit TempFolder(std::filesystem::path path);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Returns the path of `name` in the folder.
  std::filesystem::path operator/(const std::filesystem::path& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace mien
