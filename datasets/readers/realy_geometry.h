// Finds and checks the files with the ground truth of REALY.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/tree/problem.h"
#include "harness/task/realy_regions.h"

namespace mien {

inline constexpr std::size_t kRealyKeypoints = 85;
inline constexpr int kRealySubjects = 100;  // numbered from 1

/// The files of the ground truth; paths relative to the dataset's folder.
struct RealyFiles {
  std::map<int, std::string> keypoints;                       // by subject
  std::map<int, std::map<std::string, std::string>> regions;  // by subject, then by region
  std::map<std::string, std::string> templates, places;       // by topology: its .obj, its .txt
  std::string scales;

  /// Returns all paths, sorted.
  std::vector<std::string> all() const;
};

/// Finds the files by the last folders of their paths. Second copies become problems.
RealyFiles find_realy_files(std::span<const std::string> files, std::vector<Problem>& problems);
/// Returns the subject of a name such as "12" or "12_3", the whole number before the first "_"; -1
/// where there is none.
int realy_subject(std::string_view stem);

/// Reads every file, on all cores. Adds a problem for every file that is missing, malformed or out
/// of range. Returns
///       {"regions": {<region>: {"files", "vertices_min", "vertices_max"}},
///        "topologies": {<name>: {"vertices", "triangles"}},
///        "metrical_scale": {"rows", "mean", "min", "max", "first"}, or null,
///        "geometry": {"files", "bytes", "sha256"}}.
/// The digest is over one line "sha256  path" per file, sorted. A path starts at its known folder,
/// so the digest does not depend on where the data lie.
nlohmann::ordered_json check_realy_geometry(const std::filesystem::path& source,
                                            const RealyFiles& files,
                                            std::vector<Problem>& problems);

}  // namespace mien
