// Which folder a dataset is read from, and what is remembered of the packs made of it.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "datasets/dataset.h"

namespace mien {

struct PrepareRequest;

/// The folder to read, the frames to take from it, and whether it is the stand-in of the cache.
struct Source {
  std::filesystem::path folder;
  std::string frames;  // a frame rule; "" where the dataset has none
  bool stand_in = false;
};
/// Error (Exit::kUsage): a frame rule that the dataset does not have.
Source source_of(const DatasetEntry& entry, const PrepareRequest& request);

std::filesystem::path packs_folder();
/// Where work on this source waits while it is interrupted.
std::filesystem::path partial_folder(const DatasetEntry& entry, const Source& source);
/// An absolute path without links and dots.
std::filesystem::path resolved(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);
/// Text of JSON in which bytes of file names that are not UTF-8 are replaced.
std::string text_of(const nlohmann::ordered_json& value);

/// {"files", "bytes", "sha256"} of the names, sizes and times of what the reader would look at.
nlohmann::ordered_json fingerprint(const DatasetEntry& entry, const Source& source);

/// What was last made of `source`, even where its files have changed since; null where nothing was.
/// A damaged entry is as good as none.
nlohmann::ordered_json read_index(const DatasetEntry& entry, const Source& source);
/// Whether the files have not changed and the pack lies there with its size, and its face model.
bool index_holds(const nlohmann::ordered_json& index,
                 const DatasetEntry& entry,
                 const Source& source);
/// `index` without the fields that make it an index; writes it.
void write_index(nlohmann::ordered_json& index, const DatasetEntry& entry, const Source& source);

/// Of the pack of an index. The digest is computed in little memory; "" where it cannot be read.
std::filesystem::path pack_path(const nlohmann::ordered_json& index);
std::string pack_sha256(const nlohmann::ordered_json& index);
/// The same of the face model that lies beside the pack; the path is "" where there is none.
std::filesystem::path face_model_path(const nlohmann::ordered_json& index);
bool face_model_is_intact(const nlohmann::ordered_json& index);

}  // namespace mien
