// Reads datasets that are trees of pictures and clips. A dataset's own reader lists the files
// (`Listing`). Everything after that is the same for all of them: decode on all cores, find the
// face, crop, scale, and count what failed and why.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "datasets/tree/listing.h"

namespace mien {

/// Reads every picture of `listing` and fills every field of Samples. Leaves out pictures that
/// cannot be decoded or in which no face is found, and names them in the manifest:
///   "n_total", "n_used", "n_no_face", "n_failed", "problems": [{"path", "reason"}],
///   "facts": those of the listing, "tree": {"files", "bytes", "sha256"} over all files read.
/// The data kind is kStandIn where the folder has a marker (stand_in_marker.h), kUnverified where a
/// picture failed, else Listing.data. With `options.workspace`, pixels go to the file
/// Samples.image_file there, an interrupted read continues where it stopped, and kTreeFiles is
/// written; without it, pixels are in Samples.images.
/// Error (Exit::kPrecondition): no picture can be used; there are problems and options.strict is
/// set; the workspace cannot be written; the face detector is needed and missing.
Samples read_tree(const DatasetEntry& entry,
                  const std::filesystem::path& source,
                  Listing listing,
                  const TreeFormat& format,
                  const ReadOptions& options);

/// A file of the workspace: one line "sha256  path" per file that was read, sorted by path.
inline constexpr const char* kTreeFiles = "files.sha256";

/// Throws what --strict says (Exit::kPrecondition) unless `problems`, of a manifest, is empty.
void refuse_problems(const std::filesystem::path& source, const nlohmann::ordered_json& problems);

}  // namespace mien
