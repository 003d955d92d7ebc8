// REALY's bICP: bends a scan region onto a prediction, one affine map per vertex.
#pragma once

#include <span>
#include <string>

#include "harness/mesh/closest.h"
#include "harness/mesh/map_problem.h"

namespace mien {

/// A scan region as bICP sees it: vertices that no triangle uses are gone, vertices equal to eight
/// decimals are one, in the order of their first occurrence.
struct MergedRegion {
  Points vertices;                   // N
  Corners corners;                   // of all triangles, collapsed ones included
  std::vector<Edge> edges;           // each once, without loops
  std::vector<std::int32_t> raw_of;  // N: number of each in the file
  std::vector<std::int32_t> part;    // N: which connected component
  std::int32_t parts = 0;
};

MergedRegion merge_region(const Points& vertices, const Corners& corners);

/// A pull on scan vertices, each vertex at most once.
struct Pulls {
  std::vector<std::int32_t> vertex;
  Points target;
};

/// The scan vertex nearest to each true keypoint is pulled to the predicted one. Where two
/// keypoints meet on one vertex, the later one counts.
Pulls keypoint_pulls(const Points& scan, const Points& true_keypoints, const Points& predicted);

struct DeformRules {
  bool keypoint_stages = true;    // nose, mouth, forehead; the cheek has no keypoints
  bool capped = false;            // the cheek: at most 11 solves a stage, as the others
  bool hold_loose_parts = false;  // parts that the equations leave free stay where they are
};

struct SolveRecord {
  int stage = 0;
  double change = 0;     // Frobenius norm of X - X_previous after the solve
  double threshold = 0;  // units; farther vertices have no weight
  std::int64_t dropped = 0;
};

struct Deformed {
  Points vertices;  // N
  std::vector<SolveRecord> solves;
  bool hit_cap = false;
  std::int64_t held_vertices = 0;  // of loose parts
  std::string failure;             // "" or why a system could not be solved
};

/// `target`: a point of the prediction for each vertex of `region`; later searches are among these
/// points. Energies, stages and loop rules: Chai et al. 2022 and the published toolkit.
Deformed deform(const MergedRegion& region,
                const Points& target,
                const Pulls& pulls,
                const DeformRules& rules);

}  // namespace mien
