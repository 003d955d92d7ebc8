// Files that are whole or absent, and where things lie on disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace mien {

/// Whole content of a regular file. Errors: missing, a directory, no permission (all with path).
std::string read_text(const std::filesystem::path& path);

/// A file that appears under its name only when `commit()` returns. Until then it lives beside its
/// target as `<name>.partial-<pid>`, which the destructor removes.
/// Errors (Exit::kPrecondition): cannot create, disk full, cannot rename.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Flushes to disk and renames onto the target.
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path partial_;
  int descriptor_ = -1;
};

/// Writes `text` to `path` through an AtomicFile, creating parent directories.
void write_text(const std::filesystem::path& path, std::string_view text);

/// Read-only memory map of a whole file. Errors as for read_text.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  /// Lets go of the memory behind whole pages of `part`; they are read again when needed.
  void release(std::span<const std::byte> part) const;

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

namespace paths {

/// Value of environment variable `name`, or `fallback` where it is unset or empty.
std::string environment(const char* name, const std::string& fallback = "");
/// Packs, stand-ins, tasks and shards: $MIEN_CACHE, else $XDG_CACHE_HOME/mien, else ~/.cache/mien.
std::filesystem::path cache();
/// Real datasets, one folder each: $MIEN_DATA, else ~/mien-data.
std::filesystem::path data();
/// The directory this executable lies in.
std::filesystem::path binaries();
/// configs/, models.json and datasets.json: $MIEN_SHARE, else ../share/mien beside `binaries()`.
std::filesystem::path share();

}  // namespace paths
}  // namespace mien
