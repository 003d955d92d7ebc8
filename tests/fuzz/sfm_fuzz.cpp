// Any bytes are either a whole face model or one clear error. Byte 0 says whether they claim to be
// a shape or blendshapes of four vertices.
#include <cstdlib>

#include "datasets/face_models/sfm.h"
#include "harness/base/error.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const mien::FaceModel& model) {
  require(!model.mean.empty() && model.mean.size() % 3 == 0);
  require(model.identity.size() == model.identity_components() * model.mean.size());
  require(model.expression.size() == model.expression_components() * model.mean.size());
  require(model.identity_std.size() == model.identity_components());
  for (const std::int32_t vertex : model.triangles)
    require(vertex >= 0 && static_cast<std::size_t>(vertex) < model.vertices());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span image(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  try {
    mien::FaceModel model;
    model.mean.resize(12);
    if (data[0] % 2 == 0)
      model = mien::parse_sfm(image, "fuzz.bin");
    else
      mien::parse_blendshapes(image, "fuzz.bin", model);
    check(model);
  } catch (const mien::Error& error) {
    const std::string_view message = error.what();
    require(error.code() == mien::Exit::kPrecondition);
    require(message.starts_with("fuzz.bin:") && message.find('\n') == message.npos);
  }
  return 0;
}
