// Small trees of pictures for the tests of the datasets that are such trees.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "datasets/faces/faces.h"
#include "datasets/images/image_io.h"
#include "datasets/tree/dataset.h"
#include "harness/base/files.h"
#include "harness/task/pack.h"
#include "harness/task/splits.h"
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

/// A pack with so many samples per class, for tests of an entry's splits: images of one pixel.
class PackOfLabels {
 public:
  PackOfLabels(const DatasetEntry& entry, const std::vector<std::int64_t>& per_class)
      : entry_(entry) {
    Samples samples;
    samples.dataset = entry.name;
    samples.height = samples.width = 1;
    samples.manifest = "{}";
    samples.class_names.assign(entry.class_names.begin(), entry.class_names.end());
    samples.split_names.assign(entry.split_names.begin(), entry.split_names.end());
    for (std::size_t label = 0; label < per_class.size(); ++label)
      samples.labels.insert(samples.labels.end(),
                            static_cast<std::size_t>(per_class[label]),
                            static_cast<std::int64_t>(label));
    const std::size_t n = samples.labels.size();
    for (std::size_t i = 0; i < n; ++i) samples.ids.push_back(fmt::format("{}", i));
    samples.images.resize(n);
    samples.subject.resize(n);
    samples.sequence.resize(n);
    samples.split.resize(n);
    std::string sha256;
    pack.emplace(write_pack(dir_.path(), samples, sha256));
  }

  /// The first fold of the entry's named split.
  Fold fold(std::string_view name) const {
    for (const NamedSplit& split : entry_.named_splits)
      if (name == split.name) return make_fold(*pack, split.rule, 0);
    ADD_FAILURE() << "no split called " << name;
    return {};
  }

  std::optional<Pack> pack;

 private:
  const DatasetEntry& entry_;
  TempDir dir_;
};

}  // namespace mien::testing
