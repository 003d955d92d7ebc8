// File descriptors: an owner, and reads and writes that a signal does not end.
#pragma once

#include <cstddef>
#include <string_view>

namespace mien {

/// Closes a descriptor at the end of its life. Negative: there is none.
class Descriptor {
 public:
  explicit Descriptor(int descriptor = -1) : descriptor_(descriptor) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }
  /// Closes the descriptor now.
  void reset();

 private:
  int descriptor_;
};

/// Reads once, at most `bytes` bytes, and again where a signal interrupts the read. Returns the
/// bytes read, 0 at the end, or -1 with `errno` set.
std::ptrdiff_t read_some(int descriptor, void* out, std::size_t bytes);

/// Reads until `bytes` bytes are there or the file ends. Returns the bytes read, or -1 with `errno`
/// set.
std::ptrdiff_t read_fully(int descriptor, void* out, std::size_t bytes);

/// Writes all bytes. Returns false with `errno` set where that fails.
bool write_fully(int descriptor, std::string_view bytes);

}  // namespace mien
