// The ground truth of REALY: which file of a folder is what, and whether all of it is whole.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/tree.h"

namespace mien {

inline constexpr std::size_t kRealyKeypoints = 85;
inline constexpr int kRealySubjects = 100;  // numbered from 1
inline constexpr std::array<const char*, 4> kRealyRegions = {"nose", "mouth", "forehead", "cheek"};

/// Paths relative to the dataset's folder.
struct RealyFiles {
  std::map<int, std::string> keypoints;                       // by subject
  std::map<int, std::map<std::string, std::string>> regions;  // by subject, then by region
  std::map<std::string, std::string> templates, places;       // by topology: its .obj, its .txt
  std::string scales;

  std::vector<std::string> all() const;  // sorted
};

/// Takes what it knows of `files`, whatever lies above its folders; second copies become problems.
RealyFiles find_realy_files(std::span<const std::string> files, std::vector<Problem>& problems);
/// The subject of a name such as "12" or "12_3": the whole number before the first "_"; -1: none.
int realy_subject(std::string_view stem);

/// Reads every file on all cores; what is missing, malformed or out of range becomes a problem.
/// Gives {"regions": {<region>: {"files", "vertices_min", "vertices_max"}},
///        "topologies": {<name>: {"vertices", "triangles"}},
///        "metrical_scale": {"rows", "mean", "min", "max", "first"},   null where there is none
///        "geometry": {"files", "bytes", "sha256"}}: the digest is over one line "sha256  path"
/// per file, sorted, the path from its known folder on: the same data gives the same digest
/// wherever it lies.
nlohmann::ordered_json check_realy_geometry(const std::filesystem::path& source,
                                            const RealyFiles& files,
                                            std::vector<Problem>& problems);

}  // namespace mien
