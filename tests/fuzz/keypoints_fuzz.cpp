// Any bytes are either 85 keypoints on a template's triangles or one clear error.
#include <cmath>
#include <cstdlib>

#include "harness/base/error.h"
#include "harness/realy/files.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kTriangles = 100;
  try {
    const auto positions = mien::parse_keypoint_positions(
        {reinterpret_cast<const char*>(data), size}, kTriangles, "fuzz.txt");
    for (const mien::KeypointPosition& position : positions) {
      require(position.triangle >= 0 && static_cast<std::size_t>(position.triangle) < kTriangles);
      require(std::isfinite(position.w0) && std::isfinite(position.w1));
    }
  } catch (const mien::Error& error) {
    const std::string_view message = error.what();
    require(error.code() == mien::Exit::kPrecondition);
    require(message.starts_with("fuzz.txt:") && message.find('\n') == message.npos);
  }
  return 0;
}
