// SHA-256 digests of files, weights and tasks. OpenSSL computes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mien {

/// A digest over bytes that arrive in parts. `algorithm` is a name that OpenSSL knows. The files of
/// published datasets are identified by their MD5.
/// Error (Exit::kPrecondition): OpenSSL on this system does not offer the algorithm.
class Digest {
 public:
  explicit Digest(const char* algorithm = "SHA256");
  ~Digest();
  Digest(Digest&&) noexcept;
  /// Adds bytes.
  void update(const void* data, std::size_t bytes);
  void update(std::string_view text) { update(text.data(), text.size()); }
  /// Returns the digest in lower-case hexadecimal. REQUIRES: it is called once.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Returns the SHA-256 of `bytes` in lower-case hexadecimal.
std::string sha256_hex(std::string_view bytes);
/// Returns the SHA-256 of a file's content. Errors: as for MappedFile.
std::string sha256_file(const std::filesystem::path& path);

/// Returns the bytes in base64 with padding (RFC 4648, section 4).
std::string base64(std::span<const std::uint8_t> bytes);

}  // namespace mien
