#include "harness/core/sha256.h"

#include <openssl/evp.h>

#include "harness/core/error.h"
#include "harness/core/files.h"

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
  MIEN_ASSERT(EVP_DigestUpdate(state_->context, data, bytes) == 1);
}

std::string Digest::hex() {
  unsigned char value[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  MIEN_ASSERT(EVP_DigestFinal_ex(state_->context, value, &length) == 1);
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

}  // namespace mien
