// Bytes that arrive in order, from a file or from memory; archive.h adds members of archives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace mien {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads up to `capacity` bytes into `out`; 0 only at the end.
  /// Errors (Exit::kPrecondition): the file cannot be read, the archive is corrupt.
  virtual std::size_t read(char* out, std::size_t capacity) = 0;
  /// Bytes still to come, as far as the container tells; 0 where it does not.
  virtual std::uint64_t size_hint() const = 0;
  /// What messages call it: "dir/fer2013.csv", "dir/fer2013.tar.gz!fer2013/fer2013.csv".
  const std::string& name() const { return name_; }

 protected:
  explicit ByteSource(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

/// A regular file, read without mapping it, so that its pages never count as ours.
/// Errors (Exit::kPrecondition): missing, a directory, no permission.
std::unique_ptr<ByteSource> open_file(const std::filesystem::path& path);

/// `text` must outlive the source.
std::unique_ptr<ByteSource> open_memory(std::string_view text, std::string name);

}  // namespace mien
