// The REALY errors of a folder of predicted meshes as data, and their JSON. The JSON is what
// `bench-mesh realy` prints, report.json and meshes/<name>.json:
//
//   {"schema", "metric_version", "topology", "masked", "subjects", "views", "resumed",
//    "predictions_sha256", "truth_sha256", "stand_in",
//    "modes": {<protocol>: {"scored", "failed", "charged", "reflected", "hit_cap", "all_mm",
//      "regions": {<region>: {"mean_mm", "median_mm", "std_mm", "scan_to_mesh_mm", "unmasked_mm"}
//                            or null}}},
//    "missing": [{"subject", "meshes"}],
//    "meshes": [{"name", "subject", "modes": {<protocol>:
//      {"failure"} if the mesh could not be read, {"regions": {}, "failure"} if it could not be
//      aligned, or {"regions": {<region>: {"error_mm", "scan_to_mesh_mm", "reflected",
//        "scan_vertices", "merged_vertices", "keypoint_repeats", "rigid_errors", "solves": [[stage,
//        change, threshold, dropped]], "dropped_share", "held_vertices", "hit_cap",
//        "rigid_seconds", "bend_seconds", "failure", "unmasked_mm"}}}}, "seconds", "key"}],
//    "seconds"}
//
// "failure", "std_mm", "scan_to_mesh_mm", "unmasked_mm" and "key" are absent if there is no value.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/realy/realy.h"

namespace mien {

/// The scores of one mesh by one protocol.
struct ProtocolScore {
  RealyProtocol protocol = RealyProtocol::kCompat;
  std::string failure;  // why there are no regions; empty if there are
  std::array<RegionScore, kRegions> regions =
      {};  // without meshes; meaningful if `failure` is empty

  /// Returns one line for the mesh, or for each region, that failed.
  std::vector<std::string> failures() const;
};

/// The scores of one mesh.
struct MeshScore {
  std::string name;
  std::int64_t subject = 0;
  bool readable = true;  // false: every protocol has the same `failure`
  std::vector<ProtocolScore> protocols = {};
  double seconds = 0;
  std::string key;  // digest of everything that the scores depend on; "" if nothing is kept

  /// REQUIRES: the mesh was scored by `protocol`.
  const ProtocolScore& of(RealyProtocol protocol) const;
};

/// The errors of one region over all meshes.
struct RegionSummary {
  double mean_mm = 0, median_mm = 0;
  std::optional<double> std_mm = {};           // of two meshes or more
  std::optional<double> scan_to_mesh_mm = {};  // of the scored meshes, before any deformation
  std::optional<double> unmasked_mm = {};      // strict, with a mask
};

/// The result of one protocol over all meshes.
struct ProtocolSummary {
  RealyProtocol protocol = RealyProtocol::kCompat;
  std::int64_t scored = 0, failed = 0;
  std::int64_t charged = 0;  // failed or missing meshes that count with an error (strict)
  std::int64_t reflected = 0, hit_cap = 0;
  std::optional<double> all_mm = {};  // mean of the four region means
  std::array<std::optional<RegionSummary>, kRegions> regions = {};
};

/// A subject with fewer meshes than views.
struct MissingMeshes {
  std::int64_t subject = 0, meshes = 0;
};

/// The result of a folder of meshes.
struct RealyReport {
  int schema = 0, metric_version = 0;
  std::string topology;
  bool masked = false;
  std::int64_t subjects = 0;
  std::int64_t views = 0;               // meshes per subject
  std::int64_t resumed = 0;             // meshes whose scores an earlier run had kept
  std::string predictions_sha256 = {};  // meshes (names, content), template, mask, protocols, views
  std::string truth_sha256 = {};        // scales, keypoints and regions of every subject
  bool stand_in = false;                // the scans are synthetic
  std::vector<ProtocolSummary> protocols = {};
  std::vector<MissingMeshes> missing = {};
  std::vector<MeshScore> meshes = {};
  double seconds = 0;

  std::int64_t missing_meshes() const;
};

nlohmann::ordered_json to_json(const MeshScore& score);
nlohmann::ordered_json to_json(const RealyReport& report);

/// Reads what to_json writes. Error: nlohmann::json::exception.
MeshScore mesh_score_from_json(const nlohmann::json& object);
/// Reads what to_json writes. Error (Exit::kIntegrity): it is not a report.
RealyReport report_from_json(const nlohmann::json& object);

}  // namespace mien
