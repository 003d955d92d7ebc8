// Folders of work in progress, and the removal of what killed processes left.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/fd.h"

namespace mien {

/// A folder that is removed unless `commit` renames it to its final name.
class PartialFolder {
 public:
  /// Error (Exit::kPrecondition): the folder cannot be created.
  explicit PartialFolder(const std::filesystem::path& target);
  ~PartialFolder();
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Renames the folder to the target, which may be an empty folder. Returns false where another
  /// process has created the target meanwhile.
  bool commit();

 private:
  std::filesystem::path target_, path_;
};

/// The folder in which one read leaves its work. It stays when the program is interrupted, so that
/// the next run continues; `finish` removes it. While another process works in it, this process
/// gets a temporary folder instead.
class Workspace {
 public:
  /// Deletes work that was left under another `fingerprint` of the source.
  /// Error (Exit::kPrecondition): the folder cannot be created.
  Workspace(std::filesystem::path folder, const std::string& fingerprint);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void finish();

 private:
  bool is_locked() const;

  std::filesystem::path path_;
  Descriptor lock_;
  bool own_ = false;
};

/// Removes what dead processes left in `folder`: names that end with ".partial-<pid>" or belong to
/// a pack without its final name, unchanged for ten minutes.
void remove_leftovers(const std::filesystem::path& folder);

}  // namespace mien
