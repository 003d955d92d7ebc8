// REALY's bICP: deforms a scan region onto a prediction, with one affine map per vertex.
#pragma once

#include <span>
#include <string>

#include "harness/realy/closest.h"
#include "harness/realy/map_problem.h"

namespace mien {

/// A scan region as bICP uses it. Vertices that no triangle uses are removed. Vertices that are
/// equal to eight decimals are merged, in the order of their first occurrence.
struct MergedRegion {
  Points vertices;                   // N
  Triangles triangles;               // all triangles, including degenerate ones
  std::vector<Edge> edges;           // each edge once, no loops
  std::vector<std::int32_t> raw_of;  // N: vertex number in the file
  std::vector<std::int32_t> part;    // N: number of the connected component
  std::int32_t parts = 0;
};

/// Merges the vertices of a region.
MergedRegion merge_region(const Points& vertices, const Triangles& triangles);

/// Target points of scan vertices, each vertex at most once.
struct VertexTargets {
  std::vector<std::int32_t> vertex;
  Points target;
};

/// Assigns each predicted keypoint as the target of the scan vertex nearest to the true keypoint.
/// If two keypoints have the same vertex, the later one counts.
VertexTargets keypoint_targets(const Points& scan,
                               const Points& true_keypoints,
                               const Points& predicted);

struct DeformRules {
  bool keypoint_stages = true;   // nose, mouth, forehead; the cheek has no keypoints
  bool capped = false;           // also limits the cheek to 11 solves per stage
  bool hold_free_parts = false;  // keeps parts in place that the equations do not determine
};

struct SolveRecord {
  int stage = 0;
  double change = 0;     // Frobenius norm of X - X_previous after the solve
  double threshold = 0;  // units; vertices farther from their target have no weight
  std::int64_t dropped = 0;
};

struct Deformed {
  Points vertices;  // N
  std::vector<SolveRecord> solves;
  bool hit_cap = false;
  std::int64_t held_vertices = 0;  // in parts that were kept in place
  std::string failure;             // why a system could not be solved; empty if all were
};

/// Deforms `region`. `target` has one point of the prediction per vertex of `region`; later
/// searches for nearest points are limited to these points. Energies, stages and stop rules are
/// those of Chai et al. 2022 and the published toolkit (see deform.cpp).
Deformed deform(const MergedRegion& region,
                const Points& target,
                const VertexTargets& vertex_targets,
                const DeformRules& rules);

}  // namespace mien
