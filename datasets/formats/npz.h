// Reads NumPy's array files.
//
//   .npy  "\x93NUMPY", version (two bytes), length of the header (2 bytes in version 1, 4 in 2 and
//         3), the header: a Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (3,
//         4)} padded with blanks; then the data, little-endian
//   .npz  a ZIP archive of such files, stored or deflated; a member's name without .npy is its key
//
// Only plain arrays of numbers are read. Python objects are refused: they are pickles, and loading
// a pickle runs its code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "harness/base/safetensors.h"

namespace mien {

/// An array in C order, whatever order the file has.
struct NpyArray {
  DType dtype;
  std::vector<std::int64_t> shape;
  std::vector<std::byte> bytes;

  TensorView view() const { return {dtype, shape, bytes}; }
};

/// Parses a .npy file of dtype <f2, <f4, <f8, <i4, <i8, |i1, |u1 or |b1. `name` is used in
/// messages. Error (Exit::kPrecondition): another dtype, or a malformed file.
NpyArray parse_npy(std::span<const std::byte> image, const std::string& name);

/// Returns the arrays of a .npz file by name.
/// Error (Exit::kPrecondition): as for read_zip and parse_npy; a member is not a .npy file, occurs
/// twice, or has a name that leads out of a folder.
std::map<std::string, NpyArray> read_npz(const std::filesystem::path& path);

}  // namespace mien
