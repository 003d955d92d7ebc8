// Counts of a dataset's samples: for the manifest, and to show how much of a test split was in the
// training split.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "datasets/tree/dataset.h"

namespace mien {

/// Returns {"<split>": {"<class>": n, ...}} over all splits and classes, with "unlabelled" where a
/// split has samples without a label.
nlohmann::ordered_json class_counts(const Samples& samples);

/// Compares the counts with the published ones. Skips a split without samples or without labels.
/// Error (Exit::kIntegrity): a split has other counts.
void check_counts(const DatasetEntry& entry, const Samples& samples);

/// A key per image, equal where the images are equal (their bytes, or digests), and whether the
/// image is of one gray level.
struct ImageKeys {
  std::vector<std::string_view> image;
  std::vector<bool> constant;
};
/// Returns keys that point into Samples.images. REQUIRES: `samples` outlives them.
ImageKeys image_keys(const Samples& samples);

/// Counts pixel-identical images. Returns {"distinct_images", "identical_groups": groups of two or
/// more, "groups_with_conflicting_labels", "groups_spanning_splits",
/// "rows_also_in_<first split>": {"<split>": {"rows", "same_label"}}}.
nlohmann::ordered_json duplicates(const Samples& samples, const ImageKeys& keys);

/// Returns {"<split>": number of images of one gray level}.
nlohmann::ordered_json constant_images(const Samples& samples, const ImageKeys& keys);

}  // namespace mien
