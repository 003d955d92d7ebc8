#include "datasets/prepare/catalog.h"

#include <nlohmann/json.hpp>

#include "datasets/registry.h"
#include "harness/base/fields.h"
#include "harness/task/splits.h"

using nlohmann::ordered_json;

namespace mien {
namespace {

ordered_json frame_rules(const DatasetEntry& entry) {
  ordered_json rules = ordered_json::array();
  for (const FrameRule& rule : entry.frame_rules)
    rules.push_back({{"name", rule.name}, {"meaning", rule.meaning}});
  return rules;
}

ordered_json named_splits(const DatasetEntry& entry) {
  ordered_json splits = ordered_json::array();
  for (const NamedSplit& split : entry.named_splits) {
    FieldWriter fields;
    visit_splits(fields, split.rule, "");
    ordered_json& card = splits.emplace_back();
    card = {{"name", split.name}, {"source", split.source}};
    for (const auto& [key, value] : fields.result.items()) card[key] = value;
  }
  return splits;
}

}  // namespace

ordered_json published_counts(const DatasetEntry& entry) {
  ordered_json counts = ordered_json::object();
  for (const SplitCounts& row : entry.counts)
    for (std::size_t label = 0; label < row.per_class.size(); ++label)
      counts[row.split][entry.class_names[label]] = row.per_class[label];
  return counts;
}

ordered_json published_files(const DatasetEntry& entry) {
  ordered_json files = ordered_json::array();
  for (const KnownFile& file : entry.files)
    files.push_back({{"name", file.name}, {"md5", file.md5}, {"note", file.note}});
  return files;
}

ordered_json cards() {
  ordered_json all = ordered_json::array();
  for (const DatasetEntry* entry : datasets())
    all.push_back({{"name", entry->name},
                   {"title", entry->title},
                   {"licence", entry->licence},
                   {"obtain", entry->how_to_obtain},
                   {"tree", entry->tree},
                   {"classes", entry->class_names},
                   {"splits", entry->split_names},
                   {"counts", published_counts(*entry)},
                   {"files", published_files(*entry)},
                   {"errata", entry->errata},
                   {"frame_rules", frame_rules(*entry)},
                   {"named_splits", named_splits(*entry)}});
  return all;
}

}  // namespace mien
