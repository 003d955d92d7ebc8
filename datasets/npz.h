// NumPy's array files.
//
//   .npy  "\x93NUMPY", version (two bytes), length of the header (2 bytes in version 1, 4 in 2 and
//         3), the header: a Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (3,
//         4)} padded with blanks; then the data, little-endian
//   .npz  a ZIP archive of such files, stored or deflated; a member's name without .npy is its key
//
// Python objects, which are pickles, hence code, are refused like everything else that is no plain
// array of numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "harness/core/safetensors.h"

namespace mien {

/// In C order, whatever order the file had.
struct NpyArray {
  DType dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;

  TensorView view() const { return {dtype, shape, bytes}; }
};

/// A whole .npy file in memory; `name` is used in messages only.
/// dtypes: <f2 <f4 <f8 <i4 <i8 |i1 |u1 |b1. Errors (Exit::kPrecondition): all else, with the
/// reason.
NpyArray parse_npy(std::span<const std::byte> image, const std::string& name);

/// Arrays by name. Errors (Exit::kPrecondition): as for read_zip and parse_npy; a member that is no
/// .npy, is there twice, or whose name leads out of a folder.
std::map<std::string, NpyArray> read_npz(const std::filesystem::path& path);

}  // namespace mien
