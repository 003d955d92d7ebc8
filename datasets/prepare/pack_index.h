// Resolves the folder that a dataset is read from, and remembers the pack that was made of it.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "datasets/prepare/request.h"
#include "datasets/tree/dataset.h"

namespace mien {

/// Returns the folder and the frame rule for `request`.
/// Error (Exit::kUsage): the dataset does not have that frame rule.
Source source_of(const DatasetEntry& entry, const PrepareRequest& request);

std::filesystem::path packs_folder();
/// Returns the folder in which the work on `source` stays while it is interrupted.
std::filesystem::path partial_folder(const DatasetEntry& entry, const Source& source);
/// Returns `path` as an absolute path without links and dots.
std::filesystem::path resolved(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

/// The number and size of a source's files, and a digest of their names, sizes and times.
struct Fingerprint {
  std::int64_t files = 0, bytes = 0;
  std::string sha256;

  bool operator==(const Fingerprint&) const = default;
};
/// Returns the fingerprint of the files that the reader uses; an empty one where `source` is not a
/// folder.
Fingerprint fingerprint(const DatasetEntry& entry, const Source& source);
/// Returns {"files", "bytes", "sha256"}.
nlohmann::ordered_json to_json(const Fingerprint& fingerprint);

/// The pack that was last made of a source: one file below <cache>/packs/index.
struct PackIndexEntry {
  Source source;
  Fingerprint files;       // of the source when it was read
  int reader_version = 0;  // DatasetEntry::reader_version
  bool accepted = false;   // --accept-unverified was given
  DataKind data = DataKind::kReal;
  std::string pack;  // file name in packs_folder(), and size and digest of that file
  std::uint64_t bytes = 0;
  std::string sha256;
  std::size_t samples = 0;
  nlohmann::ordered_json manifest;

  /// Reads the entry of `source`, even where the files of the source have changed since. Returns
  /// nothing where there is none, or one that is damaged or of another reader version.
  static std::optional<PackIndexEntry> load(const DatasetEntry& entry, const Source& source);
  /// Writes the entry. Error (Exit::kPrecondition): it cannot be written.
  void save(const DatasetEntry& entry) const;

  std::filesystem::path pack_path() const;
  /// Returns the path of the face model beside the pack; "" where the dataset has none.
  std::filesystem::path face_model_path() const;
  /// Returns true where the source has not changed and the pack, with its size, and the face model
  /// are there. Costs milliseconds.
  bool is_current(const DatasetEntry& entry) const;
  /// Computes the digest of the pack, in little memory; "" where the pack cannot be read.
  std::string pack_digest() const;
  /// Returns true where pack and face model have the recorded digests. Reads both.
  bool is_intact() const;
};

}  // namespace mien
