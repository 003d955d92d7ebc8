// Any bytes are either a mesh whose indices hold or one clear error.
#include <cmath>
#include <cstdlib>

#include "harness/base/error.h"
#include "harness/geometry/mesh.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const mien::Mesh mesh =
        mien::parse_ply({reinterpret_cast<const char*>(data), size}, "fuzz.ply");
    require(!mesh.vertices.empty() && mesh.vertices.size() % 3 == 0);
    require(mesh.triangles.size() % 3 == 0 && mesh.dropped_polygons >= 0);
    for (const float value : mesh.vertices) require(std::isfinite(value));
    for (const std::int32_t vertex : mesh.triangles)
      require(vertex >= 0 && static_cast<std::size_t>(vertex) < mesh.vertices.size() / 3);
  } catch (const mien::Error& error) {
    const std::string_view message = error.what();
    require(error.code() == mien::Exit::kPrecondition);
    require(message.starts_with("fuzz.ply:") && message.find('\n') == message.npos);
  }
  return 0;
}
