#include "harness/base/digest.h"

#include <openssl/evp.h>

#include "harness/base/error.h"
#include "harness/base/files.h"

namespace mien {

struct Digest::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Digest::Digest(const char* algorithm) : state_(std::make_unique<State>()) {
  const EVP_MD* method = EVP_get_digestbyname(algorithm);
  if (!method || EVP_DigestInit_ex(state_->context, method, nullptr) != 1)
    fail(Exit::kPrecondition, "OpenSSL on this system offers no {}", algorithm);
}

Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;

void Digest::update(const void* data, std::size_t bytes) {
  const int updated = EVP_DigestUpdate(state_->context, data, bytes);
  MIEN_ASSERT(updated == 1);
}

std::string Digest::hex() {
  unsigned char value[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  const int finished = EVP_DigestFinal_ex(state_->context, value, &length);
  MIEN_ASSERT(finished == 1);
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", value[i]);
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  Digest digest;
  digest.update(bytes);
  return digest.hex();
}

std::string sha256_file(const std::filesystem::path& path) {
  const MappedFile file(path);
  Digest digest;
  digest.update(file.data(), file.size());
  return digest.hex();
}

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock appends a zero
  EVP_EncodeBlock(
      reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.pop_back();
  return text;
}

}  // namespace mien
