#include "datasets/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "harness/core/error.h"

namespace mien {
namespace {

class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::filesystem::path& path)
      : ByteSource(path.string()), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0)
      fail(Exit::kPrecondition,
           "{}: cannot open: {}; check the name and its permissions",
           name(),
           std::strerror(errno));
    struct stat status {};
    const bool regular = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
    if (!regular) {
      ::close(descriptor_);
      fail(Exit::kPrecondition,
           "{}: not a regular file; put the dataset's file in its place",
           name());
    }
    left_ = static_cast<std::uint64_t>(status.st_size);
    ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~FileSource() override { ::close(descriptor_); }

  std::size_t read(char* out, std::size_t capacity) override {
    for (;;) {
      const ssize_t got = ::read(descriptor_, out, capacity);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(Exit::kPrecondition, "{}: cannot read: {}", name(), std::strerror(errno));
      left_ -= std::min<std::uint64_t>(left_, static_cast<std::uint64_t>(got));
      return static_cast<std::size_t>(got);
    }
  }
  std::uint64_t size_hint() const override { return left_; }

 private:
  int descriptor_;
  std::uint64_t left_ = 0;
};

class MemorySource : public ByteSource {
 public:
  MemorySource(std::string_view text, std::string name)
      : ByteSource(std::move(name)), text_(text) {}
  std::size_t read(char* out, std::size_t capacity) override {
    const std::size_t count = std::min(capacity, text_.size());
    if (count > 0) std::memcpy(out, text_.data(), count);
    text_.remove_prefix(count);
    return count;
  }
  std::uint64_t size_hint() const override { return text_.size(); }

 private:
  std::string_view text_;
};

}  // namespace

std::unique_ptr<ByteSource> open_file(const std::filesystem::path& path) {
  return std::make_unique<FileSource>(path);
}

std::unique_ptr<ByteSource> open_memory(std::string_view text, std::string name) {
  return std::make_unique<MemorySource>(text, std::move(name));
}

}  // namespace mien
