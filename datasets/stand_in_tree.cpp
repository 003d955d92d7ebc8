#include "datasets/stand_in_tree.h"

#include <fmt/format.h>

#include "datasets/image_io.h"
#include "datasets/stand_in.h"
#include "harness/core/files.h"
#include "harness/core/parallel.h"

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

void mark_stand_in(const DatasetEntry& entry,
                   const fs::path& out,
                   const SynthesizeOptions& options) {
  write_marker(out,
               {.dataset = entry.name,
                .generator = entry.stand_in_version,
                .seed = options.seed,
                .subjects = options.subjects,
                .label_noise = options.label_noise,
                .head = options.face_model.empty() ? name_of(options.head)
                                                   : options.face_model.filename().string()});
}

}  // namespace mien
