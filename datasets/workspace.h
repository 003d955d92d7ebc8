// Folders in the making, and what programs that were killed left of theirs.
#pragma once

#include <filesystem>
#include <string>

namespace mien {

/// A folder that is gone again unless it was renamed onto its final name.
class PartialFolder {
 public:
  /// Error (Exit::kPrecondition): cannot be created.
  explicit PartialFolder(const std::filesystem::path& target);
  ~PartialFolder();
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Renames onto the target, which may be an empty folder. False where another process came first.
  bool commit();

 private:
  std::filesystem::path target_, path_;
};

/// The folder in which one read leaves its work. It stays when the program is interrupted, so that
/// the next run goes on; `finish` removes it. While another process works in it, this one gets a
/// folder of its own that does not stay.
class Workspace {
 public:
  /// `fingerprint` says what is read: work on something else is thrown away.
  /// Error (Exit::kPrecondition): cannot be created.
  Workspace(std::filesystem::path folder, const std::string& fingerprint);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void finish();

 private:
  bool lock();

  std::filesystem::path path_;
  int lock_ = -1;
  bool own_ = false;
};

/// Removes what processes that are gone left in `folder`: names that end with ".partial-<pid>", or
/// are of a pack without its final name, untouched for ten minutes.
void sweep(const std::filesystem::path& folder);

}  // namespace mien
