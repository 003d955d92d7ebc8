// What the harness knows of a dataset: one row of the table in registry.cpp. Everything here is
// data or a function pointer, so that tests can walk the table, `bench-prepare cards` can print it
// and prepare.cpp can read any dataset.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/task/pack.h"
#include "harness/task/splits.h"

namespace mien {

struct ReadOptions {
  /// Read a file whose digest is not a published one; the samples are then kUnverified.
  bool accept_unverified = false;
  /// Refuse a copy with any problem instead of leaving out what is bad.
  bool strict = false;
  /// The name of one of the entry's frame rules; "" means the first.
  std::string frames = {};
  /// The folder in which an interrupted read leaves its work and finds it again. Empty: the read
  /// uses a folder that it removes.
  std::filesystem::path workspace = {};
};

/// A published file whose bytes are known.
struct KnownFile {
  const char* name;
  const char* md5;
  const char* note;
};

/// The published numbers of samples of one split: one figure per class, in stored order.
struct SplitCounts {
  const char* split;
  std::span<const std::int64_t> per_class;
};

/// Which frames of a sequence or clip become samples.
struct FrameRule {
  const char* name;     // "last3"
  const char* meaning;  // in a sentence
};

/// A way to split this dataset that papers use, or that keeps subjects apart.
struct NamedSplit {
  const char* name;    // "dexpression"
  const char* source;  // who splits so, in a sentence
  SplitRule rule;
};

/// The only split name of a dataset that was published without splits.
inline constexpr const char* kOneSplit[] = {"all"};

/// One row of the table in registry.cpp.
struct DatasetEntry {
  const char* name;  // file stem, folder in the data directory, string in the database
  const char* title;
  const char* licence;                       // in a sentence, as far as it is known
  const char* how_to_obtain;                 // in a sentence
  const char* tree;                          // the expected folder, one file per line
  std::span<const char* const> class_names;  // index = label
  std::span<const char* const> split_names;  // index = split
  std::span<const SplitCounts> counts;       // as published; checked on real data; may be empty
  std::span<const KnownFile> files;
  std::span<const char* const> errata;       // known faults of the data, one sentence each
  std::span<const FrameRule> frame_rules;    // the first is the default; empty: no choice
  std::span<const NamedSplit> named_splits;  // the first is what `official` means here
  /// Raise this number when `read` gives other samples for the same bytes. Prepared packs are then
  /// built again.
  int reader_version;

  /// Returns the files of `source` that `read` uses, sorted; empty where `read` would find nothing.
  /// Opens none of them. A prepared pack stays valid while they are unchanged.
  std::vector<std::filesystem::path> (*sources)(const std::filesystem::path& source);
  /// Reads the dataset in the folder `source` in stored order and fills every field of Samples.
  /// Error (Exit::kPrecondition): a file is missing, unreadable, malformed or of unknown digest.
  /// Error (Exit::kIntegrity): a digest or a count contradicts the recorded or published one.
  Samples (*read)(const std::filesystem::path& source, const ReadOptions& options);
  bool has_targets = false;  // the samples carry numbers to regress (pack.h)
};

/// Returns the frame rule of `entry` called `name`, or its first where `name` is "". Returns null
/// where the dataset has no frame rules and `name` is "".
/// Error (Exit::kUsage): no such rule, with the nearest names.
const FrameRule* frame_rule(const DatasetEntry& entry, std::string_view name);

}  // namespace mien
