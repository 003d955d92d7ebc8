#include "harness/core/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "harness/core/error.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

/// Opens a regular file for reading; says in one line why it cannot.
int open_regular(const fs::path& path, std::size_t& size) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    fail(Exit::kPrecondition, "{}: cannot open: {}", path.string(), std::strerror(errno));
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor);
    fail(Exit::kPrecondition, "{}: not a regular file; name the file itself", path.string());
  }
  size = static_cast<std::size_t>(status.st_size);
  return descriptor;
}

[[noreturn]] void fail_writing(const fs::path& path, int error) {
  const char* next = error == ENOSPC || error == EDQUOT ? "; free some space and run again" : "";
  fail(Exit::kPrecondition, "{}: cannot write: {}{}", path.string(), std::strerror(error), next);
}

}  // namespace

std::string read_text(const fs::path& path) {
  std::size_t size = 0;
  const int descriptor = open_regular(path, size);
  std::string text(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(descriptor, text.data() + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      ::close(descriptor);
      fail(Exit::kPrecondition, "{}: cannot read: {}", path.string(), std::strerror(errno));
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  ::close(descriptor);
  text.resize(done);
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
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t put = ::write(descriptor_, at, bytes);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_writing(target_, errno);
    at += put;
    bytes -= static_cast<std::size_t>(put);
  }
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
  const int descriptor = open_regular(path, size_);
  if (size_ > 0) {
    void* memory = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    const int error = errno;
    ::close(descriptor);
    if (memory == MAP_FAILED)
      fail(Exit::kPrecondition, "{}: cannot map: {}", path.string(), std::strerror(error));
    data_ = static_cast<const std::byte*>(memory);
  } else {
    ::close(descriptor);
  }
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
