// Files that are written whole or not at all, mapped files, and the folders that Mien uses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace mien {

/// Returns the content of a regular file.
/// FileError (Exit::kPrecondition): missing, not a regular file, no permission.
std::string read_text(const std::filesystem::path& path);

/// A file that appears under its name when `commit()` returns. Until then its content is in
/// `<name>.partial-<pid>` beside the target, which the destructor removes. The constructor creates
/// parent directories. Errors (Exit::kPrecondition): cannot create, disk full, cannot rename.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends bytes.
  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Flushes the content to disk and renames it to the target.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path partial_;
  int descriptor_ = -1;
};

/// Writes `text` to `path` through an AtomicFile. Errors: as for AtomicFile.
void write_text(const std::filesystem::path& path, std::string_view text);

/// A read-only memory map of a whole file. Errors: as for read_text.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  /// Releases the memory behind the pages of `part`. A later access reads them again.
  /// REQUIRES: `part` lies within the file.
  void release(std::span<const std::byte> part) const;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

namespace paths {

/// Returns environment variable `name`, or `fallback` where it is unset or empty.
std::string environment(const char* name, const std::string& fallback = "");
/// Returns the folder of packs, stand-ins, tasks and shards: $MIEN_CACHE, else
/// $XDG_CACHE_HOME/mien, else ~/.cache/mien.
std::filesystem::path cache();
/// Returns the folder that holds one folder per real dataset: $MIEN_DATA, else ~/mien-data.
std::filesystem::path data();
/// Returns the directory of this executable.
std::filesystem::path binaries();
/// Returns the folder of configs/, models.json and datasets.json: $MIEN_SHARE, else
/// ../share/mien beside `binaries()`.
std::filesystem::path share();

}  // namespace paths
}  // namespace mien
