// Reads REALY's files in the layout of its toolkit, and checks every number.
#pragma once

#include <filesystem>
#include <map>
#include <string_view>

#include "harness/realy/realy.h"

namespace mien {

/// The folders of the data.
struct RealyFolders {
  /// `root` contains REALY_HIFI3D_keypoints/, REALY_scan_region/ and data/; or it is the folder
  /// data/ of the toolkit, which contains the other two. Error (Exit::kPrecondition): one of the
  /// three is missing.
  explicit RealyFolders(const std::filesystem::path& root);

  std::filesystem::path keypoints, regions, data;
};

/// Reads an .obj or .ply file, by its extension.
/// Error (Exit::kPrecondition): the file cannot be read, or a coordinate exceeds 1e9.
Mesh read_mesh(const std::filesystem::path& path);

/// Reads a JSON list of 85 entries [triangle, w0, w1]. Triangles are counted from 0, after quads
/// were split. `name` is used in messages. Error (Exit::kPrecondition): not JSON, another number of
/// keypoints, a triangle that does not exist, or a weight that is not finite.
std::array<KeypointPosition, kKeypoints> parse_keypoint_positions(std::string_view text,
                                                                  std::size_t triangles,
                                                                  const std::string& name);

/// Reads data/<name>.obj and data/<name>.txt.
/// Error (Exit::kPrecondition): one does not exist; the message suggests a similar name.
Topology read_topology(const RealyFolders& folders, const std::string& name);

/// Returns the topology whose template has `vertices` vertices.
/// Error (Exit::kPrecondition): no template has, or several have; the message lists all.
std::string topology_with(const RealyFolders& folders, std::size_t vertices);

/// Reads zeros and ones separated by commas, one per vertex.
/// Error (Exit::kPrecondition): another value, or another number of values.
std::vector<char> read_mask(const std::filesystem::path& path, const Topology& topology);

/// Reads data/metrical_scale.txt: millimetres per unit, one line per subject, from subject 1.
/// Error (Exit::kPrecondition): a line is not a positive number.
std::vector<double> read_scales(const RealyFolders& folders);

/// Reads the keypoints and regions of one subject.
/// Error (Exit::kPrecondition): a file is missing, there are not 85 keypoints, a region has no
/// triangle, or the subject has no scale.
Scan read_scan(const RealyFolders& folders, const std::vector<double>& scales, int subject);

/// Returns the subjects that have a keypoint file, in ascending order.
std::vector<int> subjects_in(const RealyFolders& folders);

/// A predicted mesh to be scored.
struct PredictionFile {
  std::filesystem::path path;
  std::string name;  // without the extension
  int subject = 0;
  std::int64_t order = 0;  // sort key: 12 for "1_2"
};

/// Returns the meshes of a folder in the toolkit's order. A mesh whose name does not begin with a
/// number has subject -1.
/// Error (Exit::kPrecondition): the folder does not exist or has no mesh, or two meshes have the
/// same name.
std::vector<PredictionFile> list_predictions(const std::filesystem::path& folder);

}  // namespace mien
