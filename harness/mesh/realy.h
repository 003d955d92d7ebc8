// The REALY error of one predicted mesh: Chai et al., "REALY: Rethinking the Evaluation of 3D Face
// Reconstruction", ECCV 2022, as its published toolkit computes it, and a stricter reading.
//
//   gICP: seven keypoints, one similarity; then for each of four scan regions
//   rICP: the prediction moves rigidly onto the region and its keypoints,
//   bICP: the region bends onto the prediction; error = mean over its vertices of the distance from
//         where the vertex was to the point of the prediction nearest to where it went, in mm.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "harness/mesh/deform.h"
#include "harness/mesh/rigid.h"

namespace mien {

inline constexpr int kKeypoints = 85;
inline constexpr int kRegions = 4;
inline constexpr std::array<const char*, kRegions> kRegionNames = {
    "nose", "mouth", "forehead", "cheek"};

/// compat: the toolkit's numbers, its hazards included. strict: no reflections, weights that do not
/// depend on repeated vertices, the last rigid motion is applied, every loop is capped, loose parts
/// of a scan are held instead of ending the region.
enum class Mode { kCompat, kStrict };
const char* name_of(Mode mode);

/// One keypoint on a template: a triangle and the weights of its corners.
struct KeypointPlace {
  std::int32_t triangle = 0;
  double w0 = 0, w1 = 0;  // the third is 1 - w0 - w1
};

/// A mesh topology: vertices in a fixed order, and where its keypoints are.
struct Topology {
  std::string name;
  Points vertices;
  Corners corners;
  std::array<KeypointPlace, kKeypoints> keypoints;
};

/// The ground truth of one subject.
struct Scan {
  int subject = 0;
  double mm_per_unit = 0;
  Points keypoints;  // 85
  struct Region {
    Points vertices;  // as read
    Corners corners;
    MergedRegion merged;
  };
  std::array<Region, kRegions> regions;
};

/// A prediction after gICP, in units of the scan.
struct Placed {
  Motion motion;
  Points vertices;
  Corners corners;         // of the prediction's own file
  Corners masked_corners;  // those that the mask leaves; empty where there is no mask
  TriangleTree tree;
  std::optional<TriangleTree> masked_tree;
  Points keypoints;
};

/// What one region of one prediction came to.
struct RegionScore {
  double error_mm = 0;         // meaningful where `failure` is empty
  double scan_to_mesh_mm = 0;  // mean distance after rICP, before any bending
  std::string failure;
  bool reflected = false;  // in gICP or rICP
  std::int64_t scan_vertices = 0, merged_vertices = 0;
  int keypoint_repeats = 0;
  std::vector<double> fit_errors;  // of rICP, units^2
  std::vector<SolveRecord> solves;
  double dropped_share = 0;  // of vertices without weight, over the solves with a data term
  std::int64_t held_vertices = 0;
  bool hit_cap = false;
  double rigid_seconds = 0, bend_seconds = 0;  // wall clock

  // Only where they were asked for.
  Points aligned, deformed;
  std::vector<double> errors;  // units, per merged vertex
};

enum class Keep { kNumbers, kMeshes };

/// gICP. `mask`: empty, or 0 or 1 per vertex; a triangle stays if all its corners are 1.
/// Errors (Exit::kPrecondition) with `name`: another number of vertices than the topology's, no
/// triangle, keypoints that coincide, a mask that leaves no triangle; in compat mode also what
/// stops the toolkit: no triangle uses the first vertex.
Placed place(const Mesh& prediction,
             const Topology& topology,
             const std::vector<char>& mask,
             const Scan& scan,
             Mode mode,
             const std::string& name);

/// rICP, bICP and the error of region `region`. What cannot be scored has a `failure`.
RegionScore score_region(const Placed& placed,
                         const Topology& topology,
                         const Scan& scan,
                         int region,
                         Mode mode,
                         Keep keep);

}  // namespace mien
