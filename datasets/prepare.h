// From a dataset's folder to a pack: which folder, whether a pack of it is at hand, and the reports
// that bench-prepare prints.
//
//   <cache>/stand-ins/<dataset>-v<stand_in_version>/     synthetic data in the true layout
//   <cache>/packs/<dataset>-<sha16>.safetensors          packs, named by content
//   <cache>/packs/<dataset>-<sha16>.model.safetensors    the face model of a dataset that has one:
//                                                        "face_model" of the manifest
//   <cache>/packs/index/<dataset>-<key16>.json           what a folder gave: key = path and frames
//   <cache>/packs/partial/<dataset>-<key16>/             work of a read that was interrupted
//
// An index entry holds while every source file has the path, size and modification time that it
// had, the pack lies there with its size, and the reader is of the same version.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "datasets/dataset.h"
#include "harness/core/error.h"

namespace mien {

struct PrepareRequest {
  std::string name;
  std::filesystem::path source = {};  // empty: the data directory's folder, else the stand-in
  bool accept_unverified = false;
  bool stand_in = false;    // the stand-in even where real data is
  std::string frames = {};  // one of the entry's frame rules; "": its first
  bool strict = false;      // refuse a copy with any problem
};

/// {"dataset","data","source","frames","pack","sha256"}; pack and sha256 are null unless a pack is
/// up to date, and then "face_model" is the path of what lies beside it, null where nothing does;
/// frames where the dataset has no frame rules. Writes nothing. Looks at name, source, frames and
/// stand_in. Error (Exit::kUsage): unknown name or frame rule, as in all functions here.
nlohmann::ordered_json locate(const PrepareRequest& request);

/// Gives {"dataset","data","source","frames","pack","sha256","face_model","samples","seconds",
/// "cached","manifest"} and leaves the pack and its index entry, having made the stand-in if it was
/// needed and absent. Killed at any moment it leaves no broken pack; the next call goes on. Errors:
/// those of DatasetEntry::read; Exit::kPrecondition where the cache cannot be written or the source
/// changes while it is read.
nlohmann::ordered_json prepare(const PrepareRequest& request);

/// Writes a sheet of `columns` samples per class to `out` (.png or .jpg), prepared first if need
/// be; gives {"dataset","data","source","frames","out","width_px","height_px"}.
nlohmann::ordered_json show(const PrepareRequest& request,
                            const std::filesystem::path& out,
                            int columns);

struct Verification {
  nlohmann::ordered_json report;
  Exit exit = Exit::kDone;
  std::string problem;  // one line where `exit` is not kDone
};
/// Reads the source again from start to end and compares: digests with the published and with the
/// recorded ones, counts with the published ones, the pack's bytes with its recorded digest. Leaves
/// nothing behind except, where `hashes` is not empty, that file: one line "sha256  path" per file.
/// `exit` is kIntegrity where bytes changed, else kPrecondition where the copy has problems or is
/// not the published one.
Verification verify(const PrepareRequest& request, const std::filesystem::path& hashes = {});

/// Fills `out` with a stand-in; it appears whole or not at all.
/// Errors: Exit::kUsage where `out` exists and is not an empty folder; Exit::kPrecondition where it
/// cannot be written.
void synthesize(const std::string& name,
                const std::filesystem::path& out,
                const SynthesizeOptions& options);

}  // namespace mien
