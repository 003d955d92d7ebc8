// Any bytes are either whole arrays or one clear error. Byte 0 says whether they claim to be an
// .npy or an .npz.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "datasets/formats/npz.h"
#include "harness/base/error.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// A file without a name on any disk.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes)
      : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    require(descriptor_ >= 0);
    require(::write(descriptor_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  ~MemoryFile() { ::close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

void check(const mien::NpyArray& array) {
  require(array.bytes.size() ==
          static_cast<std::size_t>(array.view().elements()) * mien::size_of(array.dtype));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span image(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  try {
    if (data[0] % 2 == 0) {
      check(mien::parse_npy(image, "fuzz.npy"));
    } else {
      const MemoryFile file(image);
      for (const auto& [name, array] : mien::read_npz(file.path())) check(array);
    }
  } catch (const mien::Error& error) {
    const std::string_view message = error.what();
    require(error.code() == mien::Exit::kPrecondition && message.find('\n') == message.npos);
  }
  return 0;
}
