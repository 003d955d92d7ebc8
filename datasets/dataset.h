// What a dataset is to the harness: one row of a table. Everything here is data or a function
// pointer, so that tests walk it, `bench-prepare cards` prints it and prepare.cpp drives it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "datasets/faces.h"
#include "harness/core/pack.h"
#include "harness/core/splits.h"

namespace mien {

struct ReadOptions {
  /// Read a file whose digest is not a published one; the samples are then kUnverified.
  bool accept_unverified = false;
  /// Refuse a copy with any problem instead of leaving out what is bad.
  bool strict = false;
  /// One of the entry's frame rules; "" is its first.
  std::string frames = {};
  /// Where an interrupted read leaves its work and finds it again; empty: a folder of its own.
  std::filesystem::path workspace = {};
};

struct SynthesizeOptions {
  int subjects = 0;  // 0: the entry's own number
  std::uint64_t seed = 1;
  FaceHead head = FaceHead::kProcedural;
  /// A face model's file instead of `head`, for load_face_model; empty: none.
  /// Error (Exit::kUsage) unless empty where the entry has no targets.
  std::filesystem::path face_model = {};
  /// Standard deviation of what is added to the true expression coefficients of training samples,
  /// in theirs. Error (Exit::kUsage) unless 0 where the entry has no targets.
  double label_noise = 0;
};

/// A file that is known byte for byte.
struct KnownFile {
  const char* name;
  const char* md5;
  const char* note;
};

/// One row of `DatasetEntry::counts`: samples of one split, one figure per class in stored order.
struct SplitCounts {
  const char* split;
  std::span<const std::int64_t> per_class;
};

/// Which frames of a sequence or clip become samples.
struct FrameRule {
  const char* name;     // "last3"
  const char* meaning;  // in a sentence
};

/// A split that papers or careful people use on this dataset.
struct NamedSplit {
  const char* name;    // "dexpression"
  const char* source;  // who splits so, in a sentence
  SplitRule rule;
};

/// One row of the table in registry.cpp.
struct DatasetEntry {
  const char* name;  // file stem, folder under the data directory, database string
  const char* title;
  const char* licence;                       // in a sentence, as far as it is known
  const char* how_to_obtain;                 // in a sentence
  const char* tree;                          // the expected folder, one file per line
  std::span<const char* const> class_names;  // index = label
  std::span<const char* const> split_names;  // index = split
  std::span<const SplitCounts> counts;       // as published; checked on real data; may be empty
  std::span<const KnownFile> files;
  std::span<const char* const> errata;       // what is odd about the data, one sentence each
  std::span<const FrameRule> frame_rules;    // the first is the default; empty: no choice
  std::span<const NamedSplit> named_splits;  // the first is what `official` means here
  /// Raise it when `read` gives other samples for the same bytes: prepared packs are then rebuilt.
  int reader_version;
  /// Raise it when `synthesize` gives other bytes for the same options.
  int stand_in_version;
  int stand_in_subjects;  // of the stand-in that is made when no real data is there

  /// The files of `source` that `read` looks at, sorted; empty when it would find nothing.
  /// Opens none of them. A prepared pack stays valid while they are unchanged.
  std::vector<std::filesystem::path> (*sources)(const std::filesystem::path& source);
  /// Reads the dataset in folder `source` in stored order and fills every field of Samples.
  /// Errors: Exit::kPrecondition for what is missing, unreadable, malformed or of unknown digest;
  /// Exit::kIntegrity where a digest or a count contradicts what is recorded or published.
  Samples (*read)(const std::filesystem::path& source, const ReadOptions& options);
  /// Writes a stand-in in the dataset's true layout into the existing empty folder `out`, with its
  /// marker (stand_in.h). The same options give the same bytes.
  void (*synthesize)(const std::filesystem::path& out, const SynthesizeOptions& options);
  bool has_targets = false;  // numbers to regress come with the pictures (pack.h)
};

}  // namespace mien
