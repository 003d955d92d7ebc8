// The safetensors file format, read strictly and written deterministically.
//
//   bytes 0..7      header length N, unsigned 64-bit little-endian
//   bytes 8..8+N    JSON object: "name" -> {"dtype", "shape", "data_offsets": [begin, end)}, and
//                   "__metadata__" -> string map; padded with spaces to a multiple of 8
//   rest            tensor data, C order, little-endian, no gap and no overlap
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/core/files.h"

namespace mien {

enum class DType { kU8, kI8, kBool, kI16, kI32, kI64, kF16, kBF16, kF32, kF64 };

/// Bytes of one element.
std::size_t size_of(DType dtype);
/// The format's spelling: "U8", "I64", "F32" ...
const char* name_of(DType dtype);

/// A tensor inside a file: where its bytes lie is up to the owner.
struct TensorView {
  DType dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;

  std::int64_t elements() const;
};

/// Header and views of a safetensors image in memory. `name` is used in messages only.
/// Errors (Exit::kIntegrity): anything the format forbids, with the offending tensor.
struct SafetensorsView {
  std::map<std::string, TensorView> tensors;
  std::map<std::string, std::string> metadata;

  static SafetensorsView parse(std::span<const std::byte> image, const std::string& name);
};

/// A memory-mapped file; views stay valid as long as the object lives.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, TensorView>& tensors() const { return view_.tensors; }
  const std::map<std::string, std::string>& metadata() const { return view_.metadata; }
  /// Errors (Exit::kIntegrity): no such tensor, another dtype, or another rank.
  const TensorView& tensor(const std::string& name, DType dtype, std::size_t rank) const;
  /// Metadata value; Error (Exit::kIntegrity) where it is missing.
  const std::string& meta(const std::string& key) const;

 private:
  std::filesystem::path path_;
  MappedFile file_;
  SafetensorsView view_;
};

/// Bytes of a whole file, tensors ordered by name: same content, same bytes.
struct SafetensorsHeader {
  std::string bytes;               // length prefix, JSON, padding
  std::vector<std::string> order;  // tensor names in the order in which their data must follow
};
SafetensorsHeader safetensors_header(const std::map<std::string, TensorView>& tensors,
                                     const std::map<std::string, std::string>& metadata);

/// Called with bytes that are written and not needed any more.
using Written = std::function<void(std::span<const std::byte>)>;

/// Writes atomically and returns the SHA-256 of the file's bytes.
std::string write_safetensors(const std::filesystem::path& path,
                              const std::map<std::string, TensorView>& tensors,
                              const std::map<std::string, std::string>& metadata,
                              const Written& written = {});

}  // namespace mien
