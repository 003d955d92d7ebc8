#include "datasets/tree/inspect.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>

#include "harness/base/error.h"

using nlohmann::ordered_json;

namespace mien {
namespace {

using Rows = std::vector<std::size_t>;

/// Returns the rows of each distinct image, in order of first occurrence.
std::vector<Rows> groups_of(const ImageKeys& keys) {
  std::unordered_map<std::string_view, std::size_t> group_of_image;
  group_of_image.reserve(keys.image.size());
  std::vector<Rows> groups;
  for (std::size_t row = 0; row < keys.image.size(); ++row) {
    const auto [found, fresh] = group_of_image.try_emplace(keys.image[row], groups.size());
    if (fresh) groups.emplace_back();
    groups[found->second].push_back(row);
  }
  return groups;
}

bool labels_conflict(const Samples& s, const Rows& group) {
  std::int64_t seen = -1;
  for (const std::size_t row : group) {
    if (s.labels[row] >= 0 && seen >= 0 && s.labels[row] != seen) return true;
    seen = std::max(seen, s.labels[row]);
  }
  return false;
}

bool spans_splits(const Samples& s, const Rows& group) {
  return std::any_of(group.begin(), group.end(), [&](std::size_t row) {
    return s.split[row] != s.split[group.front()];
  });
}

struct Leak {
  std::int64_t rows = 0, same_label = 0;
};

/// Counts the rows of `group` outside of split 0 whose image is in split 0 too.
void count_leaks(const Samples& s, const Rows& group, std::vector<Leak>& leaks) {
  const auto in_training = [&](std::size_t row) { return s.split[row] == 0; };
  if (std::none_of(group.begin(), group.end(), in_training)) return;
  for (const std::size_t row : group) {
    if (in_training(row)) continue;
    Leak& leak = leaks[static_cast<std::size_t>(s.split[row])];
    ++leak.rows;
    leak.same_label += std::any_of(group.begin(), group.end(), [&](std::size_t other) {
      return in_training(other) && s.labels[row] >= 0 && s.labels[other] == s.labels[row];
    });
  }
}

/// counts[split][label + 1]
std::vector<std::vector<std::int64_t>> count_table(const Samples& s) {
  std::vector<std::vector<std::int64_t>> counts(
      s.split_names.size(), std::vector<std::int64_t>(s.class_names.size() + 1));
  for (std::size_t row = 0; row < s.labels.size(); ++row)
    ++counts[static_cast<std::size_t>(s.split[row])][static_cast<std::size_t>(s.labels[row] + 1)];
  return counts;
}

}  // namespace

ordered_json class_counts(const Samples& s) {
  const auto counts = count_table(s);
  ordered_json all = ordered_json::object();
  for (std::size_t split = 0; split < s.split_names.size(); ++split) {
    ordered_json& one = all[s.split_names[split]] = ordered_json::object();
    for (std::size_t label = 0; label < s.class_names.size(); ++label)
      one[s.class_names[label]] = counts[split][label + 1];
    if (counts[split][0] > 0) one["unlabelled"] = counts[split][0];
  }
  return all;
}

void check_counts(const DatasetEntry& entry, const Samples& s) {
  const auto counts = count_table(s);
  for (std::size_t split = 0; split < entry.counts.size(); ++split) {
    const std::vector<std::int64_t> found(counts[split].begin() + 1, counts[split].end());
    const bool labelled = std::any_of(found.begin(), found.end(), [](auto n) { return n > 0; });
    if (!labelled || std::ranges::equal(found, entry.counts[split].per_class)) continue;
    fail(Exit::kIntegrity,
         "{}: {} holds {} per class, published are {}; fetch the dataset again",
         entry.name,
         entry.counts[split].split,
         fmt::join(found, "/"),
         fmt::join(entry.counts[split].per_class, "/"));
  }
}

ImageKeys image_keys(const Samples& s) {
  const std::size_t bytes = static_cast<std::size_t>(s.channels * s.height * s.width);
  MIEN_ASSERT(s.images.size() == bytes * s.labels.size());
  ImageKeys keys;
  for (std::size_t row = 0; row < s.labels.size(); ++row) {
    const std::string_view image(reinterpret_cast<const char*>(s.images.data()) + row * bytes,
                                 bytes);
    keys.image.push_back(image);
    keys.constant.push_back(image.find_first_not_of(image.front()) == image.npos);
  }
  return keys;
}

ordered_json duplicates(const Samples& s, const ImageKeys& keys) {
  std::int64_t identical = 0, conflicting = 0, spanning = 0;
  std::vector<Leak> leaks(s.split_names.size());
  const std::vector<Rows> groups = groups_of(keys);
  for (const Rows& group : groups) {
    if (group.size() < 2) continue;
    ++identical;
    conflicting += labels_conflict(s, group);
    spanning += spans_splits(s, group);
    count_leaks(s, group, leaks);
  }
  ordered_json result = {{"distinct_images", groups.size()},
                         {"identical_groups", identical},
                         {"groups_with_conflicting_labels", conflicting},
                         {"groups_spanning_splits", spanning}};
  ordered_json& also = result["rows_also_in_" + s.split_names.front()] = ordered_json::object();
  for (std::size_t split = 1; split < leaks.size(); ++split)
    also[s.split_names[split]] = {{"rows", leaks[split].rows},
                                  {"same_label", leaks[split].same_label}};
  return result;
}

ordered_json constant_images(const Samples& s, const ImageKeys& keys) {
  std::vector<std::int64_t> counts(s.split_names.size());
  for (std::size_t row = 0; row < s.labels.size(); ++row)
    counts[static_cast<std::size_t>(s.split[row])] += keys.constant[row];
  ordered_json result = ordered_json::object();
  for (std::size_t split = 0; split < counts.size(); ++split)
    result[s.split_names[split]] = counts[split];
  return result;
}

}  // namespace mien
