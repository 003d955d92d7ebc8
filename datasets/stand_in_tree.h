// Stand-ins that are trees of pictures: drawn on all cores.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "datasets/dataset.h"
#include "datasets/faces.h"

namespace mien {

/// One picture to be drawn. Paths are relative to the stand-in's folder.
struct PlannedPicture {
  std::string file;  // .png, .tiff or .jpg
  FaceRequest face;
  std::string landmarks = {};  // 68 lines "x y" as CK+ ships them; "": none
};

/// Draws and writes all of `plan` below `out`, on all cores; the bytes do not depend on how many.
void draw_pictures(const std::filesystem::path& out, std::span<const PlannedPicture> plan);

/// Marks the finished tree `out`.
void mark_stand_in(const DatasetEntry& entry,
                   const std::filesystem::path& out,
                   const SynthesizeOptions& options);

}  // namespace mien
