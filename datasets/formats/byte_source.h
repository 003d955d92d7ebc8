// Bytes that are read in order, from a file or a member of an archive (archive.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace mien {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Reads up to `capacity` bytes into `out`. Returns 0 only at the end.
  /// Error (Exit::kPrecondition): the file cannot be read; the archive is corrupt.
  virtual std::size_t read(char* out, std::size_t capacity) = 0;
  /// Returns the bytes still to come, as far as the container states them; else 0.
  virtual std::uint64_t size_hint() const = 0;
  /// Returns the name for messages: "dir/fer2013.csv", "dir/fer2013.tar.gz!fer2013/fer2013.csv".
  const std::string& name() const { return name_; }

 protected:
  explicit ByteSource(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

/// Opens a regular file. Reads it without a memory map, so that its pages do not count as memory of
/// this process.
/// Error (Exit::kPrecondition): the file is missing, a directory, or not readable.
std::unique_ptr<ByteSource> open_file(const std::filesystem::path& path);

}  // namespace mien
