// The REALY error of one predicted mesh: Chai et al., "REALY: Rethinking the Evaluation of 3D Face
// Reconstruction", ECCV 2022, as the published toolkit computes it, and a stricter protocol.
//
//   gICP: a similarity from seven keypoints aligns the prediction to the scan;
//         then, for each of the four scan regions,
//   rICP: a rigid motion aligns the prediction to the region and its keypoints,
//   bICP: the region is deformed onto the prediction. The error is the mean, over the vertices of
//         the region, of the distance in mm between the undeformed vertex and the point of the
//         prediction that is nearest to the deformed vertex.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "harness/base/enum_names.h"
#include "harness/realy/deform.h"
#include "harness/realy/rigid.h"
#include "harness/task/realy_regions.h"

namespace mien {

inline constexpr int kKeypoints = 85;
inline constexpr int kRegions = static_cast<int>(std::size(kRealyRegions));

/// kCompat gives the numbers of the published toolkit. kStrict differs where README.md says so.
enum class RealyProtocol { kCompat, kStrict };
template <>
inline constexpr EnumNames<RealyProtocol> kEnumNames<RealyProtocol> = {
    {"compat", RealyProtocol::kCompat}, {"strict", RealyProtocol::kStrict}};

/// The position of a keypoint on a template: a triangle and the weights of its corners.
struct KeypointPosition {
  std::int32_t triangle = 0;
  double w0 = 0, w1 = 0;  // the third weight is 1 - w0 - w1
};

/// A mesh topology: vertices in a fixed order, and the positions of its keypoints.
struct Topology {
  std::string name;
  Points vertices;
  Triangles triangles;
  std::array<KeypointPosition, kKeypoints> keypoints;
};

/// The ground truth of one subject.
struct Scan {
  int subject = 0;
  double mm_per_unit = 0;
  Points keypoints;  // 85
  struct Region {
    Points vertices;  // as read
    Triangles triangles;
    MergedRegion merged;
  };
  std::array<Region, kRegions> regions;
};

/// A prediction after gICP, in units of the scan.
struct AlignedPrediction {
  Motion motion;
  Points vertices;
  Triangles triangles;         // as the file of the prediction has them
  Triangles masked_triangles;  // those that the mask keeps; empty without a mask
  TriangleTree tree;
  std::optional<TriangleTree> masked_tree;
  Points keypoints;
};

/// The meshes of a scored region.
struct RegionMeshes {
  Points aligned;              // the prediction after rICP
  Points deformed;             // the merged region after bICP
  std::vector<double> errors;  // units, one per merged vertex
};

/// The score of one region of one prediction.
struct RegionScore {
  std::string failure;                // why there is no error; empty if there is one
  double error_mm = 0;                // meaningful if `failure` is empty
  double scan_to_mesh_mm = 0;         // mean distance after rICP, before any deformation
  std::optional<double> unmasked_mm;  // the error without the mask (strict, with a mask)
  bool reflected = false;             // by gICP or rICP
  std::int64_t scan_vertices = 0, merged_vertices = 0;
  int keypoint_repeats = 0;
  std::vector<double> fit_errors;  // of rICP, units^2
  std::vector<SolveRecord> solves;
  double dropped_share = 0;  // of vertices without weight, over the solves with a data term
  std::int64_t held_vertices = 0;
  bool hit_cap = false;
  double rigid_seconds = 0, bend_seconds = 0;  // wall clock
  std::optional<RegionMeshes> meshes;          // with Keep::kMeshes, if the region was scored
};

enum class Keep { kNumbers, kMeshes };

/// Aligns a prediction by gICP. `mask` is empty, or has 0 or 1 per vertex: a triangle is kept if
/// all its corners are 1. `name` is used in messages. Error (Exit::kPrecondition): the number of
/// vertices differs from the topology's, there is no triangle, the keypoints coincide, or the mask
/// keeps no triangle. In compat also where the toolkit stops: no triangle uses the first vertex.
AlignedPrediction align_globally(const Mesh& prediction,
                                 const Topology& topology,
                                 const std::vector<char>& mask,
                                 const Scan& scan,
                                 RealyProtocol protocol,
                                 const std::string& name);

/// Scores region `region` (an index into kRealyRegions) by rICP and bICP. A region that cannot be
/// scored has a `failure`.
RegionScore score_region(const AlignedPrediction& aligned,
                         const Topology& topology,
                         const Scan& scan,
                         int region,
                         RealyProtocol protocol,
                         Keep keep);

}  // namespace mien
