#include "harness/base/fd.h"

#include <unistd.h>

#include <cerrno>

namespace mien {

void Descriptor::reset() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

std::ptrdiff_t read_some(int descriptor, void* out, std::size_t bytes) {
  for (;;) {
    const ssize_t got = ::read(descriptor, out, bytes);
    if (got >= 0 || errno != EINTR) return got;
  }
}

std::ptrdiff_t read_fully(int descriptor, void* out, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes) {
    const std::ptrdiff_t got = read_some(descriptor, static_cast<char*>(out) + done, bytes - done);
    if (got < 0) return got;
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return static_cast<std::ptrdiff_t>(done);
}

bool write_fully(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

}  // namespace mien
