// Triangle meshes, and the parts of Wavefront OBJ and of PLY that face benchmarks use.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace mien {

/// Arrays are flat: V vertices, T triangles.
struct Mesh {
  std::vector<float> vertices;          // V*3
  std::vector<std::int32_t> triangles;  // T*3, vertex numbers from 0, in the file's order
  std::int64_t dropped_polygons = 0;    // faces of five or more corners, which are left out
};

/// Reads "v x y z" (anything after the three numbers is ignored; a number goes through double to
/// fp32) and "f a b c [d]", where a corner may be "a", "a/b", "a/b/c" or "a//c"; a quad (a,b,c,d)
/// becomes (a,b,c), (a,c,d). Other lines are ignored. `name` is used in messages only.
/// Errors (Exit::kPrecondition, with line): no vertex, a number that is none or not finite, fewer
/// than three corners, an index that is negative or beyond the vertices.
Mesh parse_obj(std::string_view text, const std::string& name);
/// Errors: as above, and a file that cannot be read.
Mesh read_obj(const std::filesystem::path& path);

/// Six decimals; equal meshes give equal bytes.
void write_obj(const std::filesystem::path& path, const Mesh& mesh);

/// Reads ASCII and binary little-endian PLY: x, y and z of the element `vertex` and the list
/// `vertex_indices` (or `vertex_index`) of the element `face`, in any order and any number type;
/// everything else is read over. Quads and larger polygons as in parse_obj.
/// Errors (Exit::kPrecondition, with line, or with the byte in binary data): no PLY file,
/// big-endian, a header that does not hold, too little or too much data, a coordinate that is not
/// finite, fewer than three corners, an index beyond the vertices.
Mesh parse_ply(std::string_view bytes, const std::string& name);
/// Errors: as above, and a file that cannot be read.
Mesh read_ply(const std::filesystem::path& path);

/// ASCII, four decimals, as ExpNet's meshes were published; equal meshes give equal bytes.
void write_ply(const std::filesystem::path& path, const Mesh& mesh);

}  // namespace mien
