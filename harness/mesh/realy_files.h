// REALY's files as its toolkit lays them out, read with every number checked.
#pragma once

#include <filesystem>
#include <map>
#include <string_view>

#include "harness/mesh/realy.h"

namespace mien {

/// Where the parts of the data lie, below one folder or side by side.
struct RealyFolders {
  /// `data`: holds REALY_HIFI3D_keypoints/ and REALY_scan_region/, and a folder data/; or is that
  /// folder data/ itself. Error (Exit::kPrecondition): one of the three is missing.
  explicit RealyFolders(const std::filesystem::path& root);

  std::filesystem::path keypoints, regions, data;
};

/// .obj or .ply, by its name. Errors as of its reader, and a coordinate beyond 1e9.
Mesh read_mesh(const std::filesystem::path& path);

/// JSON: 85 times [triangle, w0, w1]; the triangle counts from 0 after quads were split.
/// Errors (Exit::kPrecondition) with `name`: not JSON, another number of keypoints, a triangle
/// that is not there, a weight that is not finite.
std::array<KeypointPlace, kKeypoints> parse_keypoint_places(std::string_view text,
                                                            std::size_t triangles,
                                                            const std::string& name);

/// data/<name>.obj and .txt. Error with the topologies that are there.
Topology read_topology(const RealyFolders& folders, const std::string& name);

/// The topology whose template has so many vertices. Error: none has, or several have; those that
/// are there are named.
std::string topology_with(const RealyFolders& folders, std::size_t vertices);

/// Zeros and ones with commas between, one per vertex.
std::vector<char> read_mask(const std::filesystem::path& path, const Topology& topology);

/// data/metrical_scale.txt: millimetres per unit, row = subject, from 1.
std::vector<double> read_scales(const RealyFolders& folders);

/// Keypoints and regions of one subject. Errors: a missing file, not 85 keypoints, a region
/// without a triangle, a subject without a scale.
Scan read_scan(const RealyFolders& folders, const std::vector<double>& scales, int subject);

/// The subjects that have a keypoint file, in order.
std::vector<int> subjects_in(const RealyFolders& folders);

/// A prediction to be scored.
struct PredictionFile {
  std::filesystem::path path;
  std::string name;  // without its ending
  int subject = 0;
  std::int64_t order = 0;  // "1_2" -> 12
};

/// The meshes of a folder in the toolkit's order. Errors (Exit::kPrecondition): no folder, no mesh
/// in it, two meshes of one name.
/// A mesh whose name does not begin with a number has subject -1.
std::vector<PredictionFile> list_predictions(const std::filesystem::path& folder);

}  // namespace mien
