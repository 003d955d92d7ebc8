// Triangle meshes and the part of Wavefront OBJ that face benchmarks use.
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

}  // namespace mien
