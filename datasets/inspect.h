// What a dataset holds, counted from its samples: for the manifest, and for people who ask how
// much of a test split was in the training split.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "datasets/dataset.h"

namespace mien {

/// {"<split>": {"<class>": n, ...}} over all splits and classes; "unlabelled" where there are any.
nlohmann::ordered_json class_counts(const Samples& samples);

/// Error (Exit::kIntegrity) for the first labelled split whose counts differ from the published
/// ones. A split without samples, or without labels, is not compared.
void check_counts(const DatasetEntry& entry, const Samples& samples);

/// What tells the images apart (their bytes, or digests), and which are of one gray level.
struct ImageKeys {
  std::vector<std::string_view> image;
  std::vector<bool> constant;
};
/// The bytes in Samples.images themselves, which must outlive the keys.
ImageKeys image_keys(const Samples& samples);

/// Pixel-identical images:
/// {"distinct_images", "identical_groups": groups of two or more, "groups_with_conflicting_labels",
///  "groups_spanning_splits", "rows_also_in_<first split>": {"<split>": {"rows", "same_label"}}}.
nlohmann::ordered_json duplicates(const Samples& samples, const ImageKeys& keys);

/// {"<split>": images of one gray level}.
nlohmann::ordered_json constant_images(const Samples& samples, const ImageKeys& keys);

}  // namespace mien
