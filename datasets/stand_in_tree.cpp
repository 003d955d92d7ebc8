#include "datasets/stand_in_tree.h"

#include "datasets/image_io.h"
#include "datasets/parallel.h"
#include "datasets/stand_in.h"
#include "datasets/tree.h"
#include "harness/core/error.h"
#include "harness/core/files.h"
#include "harness/core/sha256.h"

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

std::string digest_of(const fs::path& source, const std::vector<std::string>& files) {
  Digest md5("MD5");
  std::error_code error;
  for (const std::string& file : files)
    if (file != kMarkerName)
      md5.update(fmt::format("{}\t{}\n", file, fs::file_size(source / file, error)));
  return md5.hex();
}

}  // namespace

void draw_pictures(const fs::path& out, std::span<const PlannedPicture> plan) {
  parallel_for(plan.size(), [&](std::size_t i, int) { draw_one(out, plan[i]); });
}

void mark_stand_in(const DatasetEntry& entry,
                   const fs::path& out,
                   const SynthesizeOptions& options) {
  std::vector<Problem> problems;
  write_marker(out,
               {.dataset = entry.name,
                .generator = entry.stand_in_version,
                .seed = options.seed,
                .subjects = options.subjects,
                .md5 = digest_of(out, walk(out, problems)),
                .runs = {}});
  MIEN_ASSERT(problems.empty());
}

bool is_stand_in(const fs::path& source, const std::vector<std::string>& files) {
  const std::optional<StandInMarker> marker = read_marker(source);
  if (marker && marker->md5 != digest_of(source, files))
    fail(
        Exit::kIntegrity,
        "{}: its files are not those that {} records; delete the folder, the stand-in is made anew",
        source.string(),
        kMarkerName);
  return marker.has_value();
}

}  // namespace mien
