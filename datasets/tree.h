// Datasets that lie on disk as trees of pictures and clips. A dataset's own file walks its layout
// and lists what there is (`Listing`); everything after that is the same for all of them: decode on
// all cores, find the face, crop, scale, count what failed and why.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "datasets/dataset.h"

namespace mien {

/// A file that cannot be used, or cannot be used whole.
struct Problem {
  std::string path;    // relative to the dataset's folder
  std::string reason;  // "0 bytes", "a PNG called .tiff", "label 9 is out of range 1..7"
};

/// One sample to be.
struct Picture {
  std::string id = {};             // unique in the dataset, e.g. "S010_004_00000017"
  std::string file = {};           // relative to the dataset's folder
  std::int32_t frame = -1;         // of a clip, from 0; -1: `file` is a still
  std::int32_t quarter_turns = 0;  // clockwise turns that put it upright
  std::int64_t label = -1;         // -1: none
  std::int32_t subject = -1, sequence = -1, split = 0;
  std::string landmarks = {};  // relative path of 68 lines "x y"; "" where the set ships none
  bool is_face_crop = false;   // the whole picture is the face: neither landmarks nor detector
};

/// What a dataset's own walk of its folder found.
struct Listing {
  std::vector<Picture> pictures;         // in the order of the pack; pictures of one clip adjacent
  std::vector<Problem> problems;         // what the walk itself found wrong
  std::vector<std::string> other_files;  // label, XML and landmark files that it read, relative
  std::vector<std::string> class_names;  // index = label; usually the entry's own
  DataKind data = DataKind::kReal;       // kUnverified where counts contradict the published ones
  nlohmann::ordered_json facts;          // goes into the manifest: sequences, subjects, ...
};

/// How the pictures are stored in the pack.
struct TreeFormat {
  int side_px = 224;
  int channels = 1;          // 1 gray, 3 RGB planes
  double face_margin = 1.2;  // side of the crop over the longer side of the landmarks' box
};

/// Reads every picture and fills every field of Samples. Pictures that cannot be decoded, and those
/// in which no face is found, are left out, counted and named in the manifest:
///   "n_total", "n_used", "n_no_face", "n_failed", "problems": [{"path", "reason"}], "tree":
///   {"files", "bytes", "sha256"} over all files that were read.
/// What was read is in manifest["facts"] as the listing has it; a folder with a marker (stand_in.h)
/// gives DataKind::kStandIn, one with pictures that fail kUnverified, others Listing.data.
/// Memory stays bounded: pixels go to `image_file` in `options.workspace`, and a read that was
/// interrupted goes on where it stopped; without a workspace they are in `images`. The workspace
/// also receives kTreeFiles. Errors: Exit::kPrecondition where no picture can be used, at problems
/// with options.strict, and where the workspace cannot be written or the face detector is not
/// there.
Samples read_tree(const DatasetEntry& entry,
                  const std::filesystem::path& source,
                  Listing listing,
                  const TreeFormat& format,
                  const ReadOptions& options);

/// In the workspace: one line "sha256  path" per file that was read, sorted by path.
inline constexpr const char* kTreeFiles = "files.sha256";

/// Error (Exit::kPrecondition) unless the manifest's "problems" are empty: what --strict says.
void refuse_problems(const std::filesystem::path& source, const nlohmann::ordered_json& problems);

/// Every regular file below `folder` as sorted relative paths with '/'. Follows symbolic links,
/// each directory once. Unreadable folders, loops, and what is no file become problems.
std::vector<std::string> walk(const std::filesystem::path& folder, std::vector<Problem>& problems);

}  // namespace mien
