// Reads safetensors files strictly and writes them deterministically. The format:
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
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/enum_names.h"
#include "harness/base/files.h"

namespace mien {

enum class DType { kU8, kI8, kBool, kI16, kI32, kI64, kF16, kBF16, kF32, kF64 };

template <>  // as the format spells them
inline constexpr EnumNames<DType> kEnumNames<DType> = {{"U8", DType::kU8},
                                                       {"I8", DType::kI8},
                                                       {"BOOL", DType::kBool},
                                                       {"I16", DType::kI16},
                                                       {"I32", DType::kI32},
                                                       {"I64", DType::kI64},
                                                       {"F16", DType::kF16},
                                                       {"BF16", DType::kBF16},
                                                       {"F32", DType::kF32},
                                                       {"F64", DType::kF64}};

/// Returns the bytes of one element.
std::size_t size_of(DType dtype);
/// Returns the bytes of an array with elements of `element_bytes`; nothing where the product
/// overflows. REQUIRES: no size is negative.
std::optional<std::int64_t> bytes_needed(std::span<const std::int64_t> shape,
                                         std::size_t element_bytes);

/// A tensor whose bytes belong to somebody else, such as a mapped file.
struct TensorView {
  DType dtype;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;

  /// Returns the number of elements.
  std::int64_t elements() const;
};

/// The header of a safetensors image in memory, and views of its tensors.
struct SafetensorsView {
  std::map<std::string, TensorView> tensors;
  std::map<std::string, std::string> metadata;

  /// Parses `image`; messages use `name`.
  /// Errors (Exit::kIntegrity): whatever the format forbids, with the name of the tensor.
  static SafetensorsView parse(std::span<const std::byte> image, const std::string& name);
};

/// A memory-mapped safetensors file. Its views are valid as long as the object lives.
/// Errors: as for MappedFile and SafetensorsView::parse.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, TensorView>& tensors() const { return view_.tensors; }
  const std::map<std::string, std::string>& metadata() const { return view_.metadata; }
  /// Returns the tensor called `name`.
  /// Errors (Exit::kIntegrity): it is missing, or has another dtype or rank.
  const TensorView& tensor(const std::string& name, DType dtype, std::size_t rank) const;
  /// Returns a value of the metadata. Error (Exit::kIntegrity): it is missing.
  const std::string& meta(const std::string& key) const;

 private:
  std::filesystem::path path_;
  MappedFile file_;
  SafetensorsView view_;
};

/// The part of a file before the tensor data. The same content gives the same bytes.
struct SafetensorsHeader {
  std::string bytes;               // length prefix, JSON, padding
  std::vector<std::string> order;  // tensor names in the order in which their data must follow
};
/// Lays out a file. Tensors with wide elements come first, so that all are aligned; otherwise they
/// are in the order of their names.
/// Error (Exit::kPrecondition): a name or a metadata text is not UTF-8.
SafetensorsHeader safetensors_header(const std::map<std::string, TensorView>& tensors,
                                     const std::map<std::string, std::string>& metadata);

/// A function that is called with bytes that have been written and are no longer needed.
using Written = std::function<void(std::span<const std::byte>)>;

/// Writes a file through an AtomicFile and returns the SHA-256 of its bytes.
/// Errors: as for AtomicFile and safetensors_header.
std::string write_safetensors(const std::filesystem::path& path,
                              const std::map<std::string, TensorView>& tensors,
                              const std::map<std::string, std::string>& metadata,
                              const Written& written = {});

}  // namespace mien
