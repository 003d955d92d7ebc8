// Small trees of pictures for the tests of the datasets that are such trees.
#pragma once

#include <nlohmann/json.hpp>

#include "datasets/dataset.h"
#include "datasets/faces.h"
#include "datasets/image_io.h"
#include "harness/core/files.h"
#include "tests/support/temp_dir.h"

namespace mien::testing {

/// One synthetic face, the same for every call with the same arguments.
inline Image face_image(int side_px, int channels = 1) {
  return draw_face({.expression = "happy",
                    .style = FaceStyle::kLab,
                    .width = side_px,
                    .height = side_px,
                    .face_share = .75,
                    .channels = channels})
      .image;
}

/// `bytes` of the file that `write_image` makes of `image`, to be put under many names.
inline std::string image_bytes(const Image& image, const std::string& extension) {
  const TempDir dir;
  write_image(dir / ("one" + extension), image);
  return read_text(dir / ("one" + extension));
}

/// The reasons that the manifest gives for the file at `path`, one per line.
inline std::string reasons(const Samples& samples, const std::string& path) {
  std::string text;
  const nlohmann::ordered_json manifest = nlohmann::ordered_json::parse(samples.manifest);
  for (const auto& problem : manifest.at("problems"))
    if (problem.at("path") == path) text += problem.at("reason").get<std::string>() + "\n";
  return text;
}

inline std::size_t problem_count(const Samples& samples) {
  return nlohmann::ordered_json::parse(samples.manifest).at("problems").size();
}

inline nlohmann::ordered_json fact(const Samples& samples, const char* name) {
  return nlohmann::ordered_json::parse(samples.manifest).at("facts").at(name);
}

}  // namespace mien::testing
