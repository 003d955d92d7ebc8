// libFuzzer entry: any bytes give either views inside the image or one Error of one line.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "harness/base/error.h"
#include "harness/base/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span image(reinterpret_cast<const std::byte*>(data), size);
  try {
    const mien::SafetensorsView view = mien::SafetensorsView::parse(image, "fuzz");
    unsigned sum = 0;
    for (const auto& [name, tensor] : view.tensors) {
      if (tensor.bytes.size() !=
          static_cast<std::size_t>(tensor.elements()) * size_of(tensor.dtype))
        std::abort();
      for (const std::byte byte : tensor.bytes) sum += static_cast<unsigned>(byte);
    }
    volatile unsigned sink = sum;  // keeps the reads
    (void)sink;
  } catch (const mien::Error& error) {
    if (error.code() != mien::Exit::kIntegrity) std::abort();
    if (std::string(error.what()).find('\n') != std::string::npos) std::abort();
  }
  return 0;
}
