#include "datasets/stand_ins/pictures.h"

#include <fmt/format.h>

#include "datasets/faces/faces.h"
#include "datasets/images/image_io.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

void draw_one(const fs::path& out, const PlannedPicture& planned) {
  const FacePicture picture = draw_face(planned.face);
  fs::create_directories((out / planned.file).parent_path());
  write_image(out / planned.file, picture.image);
  if (planned.landmarks.empty()) return;
  std::string lines;
  for (const FacePoint& point : picture.landmarks)
    lines += fmt::format("   {:.7e}   {:.7e}\n", point.x, point.y);
  write_text(out / planned.landmarks, lines);
}

}  // namespace

void draw_pictures(const fs::path& out, std::span<const PlannedPicture> plan) {
  parallel_for(plan.size(), [&](std::size_t i, int) { draw_one(out, plan[i]); });
}

}  // namespace mien
