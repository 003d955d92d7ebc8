#include "datasets/formats/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "harness/base/error.h"
#include "harness/base/fd.h"

namespace mien {
namespace {

class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::filesystem::path& path)
      : ByteSource(path.string()), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (!descriptor_)
      fail_file(Exit::kPrecondition,
                name(),
                "cannot open: {}; check the name and its permissions",
                std::strerror(errno));
    struct stat status {};
    if (::fstat(descriptor_.get(), &status) != 0 || !S_ISREG(status.st_mode))
      fail_file(
          Exit::kPrecondition, name(), "not a regular file; put the dataset's file in its place");
    left_ = static_cast<std::uint64_t>(status.st_size);
    ::posix_fadvise(descriptor_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  std::size_t read(char* out, std::size_t capacity) override {
    const std::ptrdiff_t got = read_some(descriptor_.get(), out, capacity);
    if (got < 0) fail_file(Exit::kPrecondition, name(), "cannot read: {}", std::strerror(errno));
    left_ -= std::min<std::uint64_t>(left_, static_cast<std::uint64_t>(got));
    return static_cast<std::size_t>(got);
  }
  std::uint64_t size_hint() const override { return left_; }

 private:
  Descriptor descriptor_;
  std::uint64_t left_ = 0;
};

}  // namespace

std::unique_ptr<ByteSource> open_file(const std::filesystem::path& path) {
  return std::make_unique<FileSource>(path);
}

}  // namespace mien
