// SHA-256 fingerprints of files, weights and resolved plans (OpenSSL's implementation).
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace mien {

/// Streaming digest. `algorithm` is an OpenSSL name; published dataset files are known by MD5.
class Digest {
 public:
  explicit Digest(const char* algorithm = "SHA256");
  ~Digest();
  Digest(Digest&&) noexcept;
  void update(const void* data, std::size_t bytes);
  void update(std::string_view text) { update(text.data(), text.size()); }
  /// Lower-case hexadecimal digest; call once.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view bytes);
/// Errors: as for MappedFile.
std::string sha256_file(const std::filesystem::path& path);

}  // namespace mien
