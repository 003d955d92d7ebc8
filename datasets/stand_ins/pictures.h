// Draws the pictures of stand-ins on all cores.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "datasets/faces/face_request.h"

namespace mien {

/// One picture to draw. Paths are relative to the stand-in's folder.
struct PlannedPicture {
  std::string file;  // .png, .tiff or .jpg
  FaceRequest face;
  std::string landmarks = {};  // 68 lines "x y" as CK+ ships them; "": none
};

/// Draws and writes all of `plan` below `out`. The bytes do not depend on the number of cores.
void draw_pictures(const std::filesystem::path& out, std::span<const PlannedPicture> plan);

}  // namespace mien
