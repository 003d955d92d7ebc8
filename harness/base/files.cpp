#include "harness/base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "harness/base/error.h"
#include "harness/base/fd.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

/// A regular file, open for reading.
struct OpenFile {
  explicit OpenFile(const fs::path& path) : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (!descriptor)
      fail_file(Exit::kPrecondition, path.string(), "cannot open: {}", std::strerror(errno));
    struct stat status {};
    if (::fstat(descriptor.get(), &status) != 0 || !S_ISREG(status.st_mode))
      fail_file(Exit::kPrecondition, path.string(), "not a regular file; name the file itself");
    size = static_cast<std::size_t>(status.st_size);
  }

  Descriptor descriptor;
  std::size_t size = 0;
};

[[noreturn]] void fail_writing(const fs::path& path, int error) {
  const char* next = error == ENOSPC || error == EDQUOT ? "; free some space and run again" : "";
  fail(Exit::kPrecondition, "{}: cannot write: {}{}", path.string(), std::strerror(error), next);
}

}  // namespace

std::string read_text(const fs::path& path) {
  const OpenFile file(path);
  std::string text(file.size, '\0');
  const std::ptrdiff_t got = read_fully(file.descriptor.get(), text.data(), text.size());
  if (got < 0)
    fail_file(Exit::kPrecondition, path.string(), "cannot read: {}", std::strerror(errno));
  text.resize(static_cast<std::size_t>(got));
  return text;
}

AtomicFile::AtomicFile(fs::path target)
    : target_(std::move(target)),
      partial_(target_.string() + fmt::format(".partial-{}", ::getpid())) {
  std::error_code error;
  if (target_.has_parent_path()) fs::create_directories(target_.parent_path(), error);
  if (error)
    fail(Exit::kPrecondition,
         "{}: cannot create: {}",
         target_.parent_path().string(),
         error.message());
  descriptor_ = ::open(partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor_ < 0) fail_writing(target_, errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(partial_.c_str());
}

void AtomicFile::write(const void* data, std::size_t bytes) {
  if (!write_fully(descriptor_, {static_cast<const char*>(data), bytes}))
    fail_writing(target_, errno);
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail_writing(target_, errno);
  if (::rename(partial_.c_str(), target_.c_str()) != 0) fail_writing(target_, errno);
  ::close(descriptor_);
  descriptor_ = -1;
}

void write_text(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

MappedFile::MappedFile(const fs::path& path) {
  const OpenFile file(path);
  size_ = file.size;
  if (size_ == 0) return;
  void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.descriptor.get(), 0);
  if (memory == MAP_FAILED)
    fail_file(Exit::kPrecondition, path.string(), "cannot map: {}", std::strerror(errno));
  data_ = static_cast<const std::byte*>(memory);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::release(std::span<const std::byte> part) const {
  MIEN_ASSERT(part.data() >= data_ && part.data() + part.size() <= data_ + size_);
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(part.data()) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(part.data()) + part.size();
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

namespace paths {

std::string environment(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value && *value ? value : fallback;
}

fs::path cache() {
  if (const std::string own = environment("MIEN_CACHE"); !own.empty()) return own;
  if (const std::string xdg = environment("XDG_CACHE_HOME"); !xdg.empty())
    return fs::path(xdg) / "mien";
  return fs::path(environment("HOME", "/tmp")) / ".cache" / "mien";
}

fs::path data() {
  if (const std::string own = environment("MIEN_DATA"); !own.empty()) return own;
  return fs::path(environment("HOME", "/tmp")) / "mien-data";
}

fs::path binaries() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) fail(Exit::kPrecondition, "/proc/self/exe: {}; is /proc mounted?", error.message());
  return self.parent_path();
}

fs::path share() {
  if (const std::string own = environment("MIEN_SHARE"); !own.empty()) return own;
  return binaries().parent_path() / "share" / "mien";
}

}  // namespace paths
}  // namespace mien
