// Triangle meshes; the parts of Wavefront OBJ and PLY that face benchmarks use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

/// A mesh of V vertices and T triangles, in flat arrays.
struct Mesh {
  std::vector<float> vertices;          // V*3
  std::vector<std::int32_t> triangles;  // T*3, vertex numbers from 0, in the file's order
  std::int64_t dropped_polygons = 0;    // faces of five or more corners, which are not read
};

/// Reads the lines "v x y z" and "f a b c [d]" of a Wavefront OBJ file, and ignores all others.
/// Text after the three numbers of a vertex is ignored. Numbers are parsed in fp64 and rounded to
/// fp32. A corner may be "a", "a/b", "a/b/c" or "a//c". A quad (a,b,c,d) becomes (a,b,c), (a,c,d).
/// `name` is used in messages. Error (Exit::kPrecondition, with the line): there is no vertex, a
/// number is missing or not finite, a face has fewer than three corners, or an index is negative or
/// beyond the vertices.
Mesh parse_obj(std::string_view text, const std::string& name);
/// Reads a file by parse_obj. Errors: those of parse_obj, and the file cannot be read.
Mesh read_obj(const std::filesystem::path& path);

/// Writes coordinates with six decimals. Equal meshes give equal bytes.
/// Error (Exit::kPrecondition): the file cannot be written.
void write_obj(const std::filesystem::path& path, const Mesh& mesh);

/// Reads ASCII and binary little-endian PLY: x, y and z of the element `vertex`, and the list
/// `vertex_indices` (or `vertex_index`) of the element `face`, in any order and number type. Other
/// properties are skipped. Quads and larger polygons are read as in parse_obj. `name` is used in
/// messages.
/// Error (Exit::kPrecondition, with the line, or the byte of binary data): the text is not PLY, or
/// is big-endian, the header is wrong, there is too little or too much data, a coordinate is not
/// finite, a face has fewer than three corners, or an index is beyond the vertices.
Mesh parse_ply(std::string_view bytes, const std::string& name);
/// Reads a file by parse_ply. Errors: those of parse_ply, and the file cannot be read.
Mesh read_ply(const std::filesystem::path& path);

/// Writes ASCII PLY with four decimals, as ExpNet's meshes were published. Equal meshes give equal
/// bytes. Error (Exit::kPrecondition): the file cannot be written.
void write_ply(const std::filesystem::path& path, const Mesh& mesh);

}  // namespace mien
