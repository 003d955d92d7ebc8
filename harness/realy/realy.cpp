#include "harness/realy/realy.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <span>

#include "harness/base/clock.h"
#include "harness/base/error.h"

namespace mien {
namespace {

// ---- keypoints, counted from 0 -----------------------------------------------------------------

constexpr int kSeven[] = {36, 39, 42, 45, 33, 48, 54};
constexpr int kForehead[] = {36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46,
                             47, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26};
constexpr int kMouth[] = {48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 64};
constexpr int kNose[] = {27, 28, 29, 30, 31, 32, 33, 34, 35};
constexpr int kNosePart[] = {27, 28, 29, 30, 31, 35, 32, 33, 34, 70, 71};
constexpr int kCheek[] = {48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 64,
                          76, 77, 36, 41, 40, 39, 42, 47, 46, 45, 7,  8,  9};

struct RegionRules {
  std::span<const int> rigid, bending;  // keypoints of rICP and of bICP
  int share;                            // the keypoints weigh about 1/share of the surface
};
/// One per region, in the order of kRealyRegions.
const RegionRules kRules[kRegions] = {
    {kNosePart, kNose, 1}, {kMouth, kMouth, 1}, {kForehead, kForehead, 1}, {kCheek, {}, 4}};

Points chosen(const Points& keypoints, std::span<const int> numbers) {
  Points points(std::ssize(numbers), 3);
  for (Eigen::Index k = 0; k < points.rows(); ++k)
    points.row(k) = keypoints.row(numbers[static_cast<std::size_t>(k)]);
  return points;
}

Points keypoints_on(const Points& vertices, const Topology& topology) {
  Points points(kKeypoints, 3);
  for (Eigen::Index k = 0; k < kKeypoints; ++k) {
    const KeypointPosition& position = topology.keypoints[static_cast<std::size_t>(k)];
    const std::int32_t* corner =
        topology.triangles.data() + static_cast<std::size_t>(position.triangle) * 3;
    points.row(k) = position.w0 * vertices.row(corner[0]) + position.w1 * vertices.row(corner[1]) +
                    (1 - position.w0 - position.w1) * vertices.row(corner[2]);
  }
  return points;
}

// ---- gICP --------------------------------------------------------------------------------------

Triangles masked(const Triangles& triangles, const std::vector<char>& mask) {
  Triangles kept;
  for (std::size_t t = 0; t < triangles.size(); t += 3)
    if (std::all_of(triangles.begin() + static_cast<std::ptrdiff_t>(t),
                    triangles.begin() + static_cast<std::ptrdiff_t>(t) + 3,
                    [&](std::int32_t v) { return mask[static_cast<std::size_t>(v)] != 0; }))
      kept.insert(kept.end(), {triangles[t], triangles[t + 1], triangles[t + 2]});
  return kept;
}

/// Applies `motion`. As in the toolkit, the product with the scale is rounded to fp32; rotation and
/// shift are not.
Points moved_to_scan(const Mesh& mesh, const Motion& motion) {
  const auto scale = static_cast<float>(motion.scale);
  Points vertices = points_of(mesh);
  for (Eigen::Index i = 0; i < vertices.size(); ++i)
    vertices.data()[i] = static_cast<float>(vertices.data()[i]) * scale;
  return (vertices * motion.rotation.transpose()).rowwise() + motion.shift.transpose();
}

Reflection reflection_of(RealyProtocol protocol) {
  return protocol == RealyProtocol::kStrict ? Reflection::kRefused : Reflection::kAllowed;
}

// ---- one region --------------------------------------------------------------------------------

double mean_distance(const Points& a, const Points& b) { return (a - b).rowwise().norm().mean(); }

class RegionScorer {
 public:
  RegionScorer(const AlignedPrediction& aligned,
               const Topology& topology,
               const Scan& scan,
               int region,
               RealyProtocol protocol)
      : aligned_(aligned),
        topology_(topology),
        scan_(scan),
        region_(scan.regions[static_cast<std::size_t>(region)]),
        rules_(kRules[region]),
        protocol_(protocol) {}

  RegionScore run(Keep keep) {
    score_.scan_vertices = region_.vertices.rows();
    score_.merged_vertices = region_.merged.vertices.rows();
    const auto start = std::chrono::steady_clock::now();
    if (!align()) return std::move(score_);
    score_.rigid_seconds = seconds_since(start);
    deform_and_measure(keep);
    score_.bend_seconds = seconds_since(start) - score_.rigid_seconds;
    return std::move(score_);
  }

 private:
  /// rICP. Returns false if the region has a failure.
  bool align() {
    const bool strict = protocol_ == RealyProtocol::kStrict;
    RigidProblem problem{.scan = strict ? region_.merged.vertices : region_.vertices,
                         .source_keypoints = chosen(aligned_.keypoints, rules_.rigid),
                         .target_keypoints = chosen(scan_.keypoints, rules_.rigid)};
    const auto keypoints = static_cast<Eigen::Index>(rules_.rigid.size());
    problem.repeats = static_cast<int>(problem.scan.rows() / keypoints / rules_.share);
    score_.keypoint_repeats = problem.repeats;
    if (problem.repeats < 1) {
      score_.failure = fmt::format(
          "{} vertices, too few for {} keypoints", problem.scan.rows(), keypoints * rules_.share);
      return false;
    }
    rigid_ = align_rigidly(aligned_.vertices,
                           aligned_.triangles,
                           aligned_.tree,
                           problem,
                           {.reflection = reflection_of(protocol_), .apply_last = strict});
    score_.reflected = aligned_.motion.reflects() || rigid_.reflected;
    score_.fit_errors = rigid_.errors;
    return true;
  }

  /// Returns the triangles nearest to the merged vertices. Those of the last fit are good hints.
  std::vector<std::int32_t> nearest_to_region() const {
    if (aligned_.masked_tree)
      return nearest_triangles(*aligned_.masked_tree, rigid_.motion, region_.merged.vertices, {});
    if (protocol_ == RealyProtocol::kStrict)
      return nearest_triangles(aligned_.tree, rigid_.motion, region_.merged.vertices, rigid_.near);
    std::vector<std::int32_t> hints;
    for (const std::int32_t raw : region_.merged.raw_of)
      hints.push_back(rigid_.near[static_cast<std::size_t>(raw)]);
    return nearest_triangles(aligned_.tree, rigid_.motion, region_.merged.vertices, hints);
  }

  void deform_and_measure(Keep keep) {
    const MergedRegion& merged = region_.merged;
    const Triangles& triangles =
        aligned_.masked_tree ? aligned_.masked_triangles : aligned_.triangles;
    const TriangleTree& tree = aligned_.masked_tree ? *aligned_.masked_tree : aligned_.tree;
    const std::vector<std::int32_t> nearest = nearest_to_region();
    const Points target = closest_points(merged.vertices, nearest, rigid_.vertices, triangles);
    score_.scan_to_mesh_mm = mean_distance(target, merged.vertices) * scan_.mm_per_unit;
    VertexTargets vertex_targets;
    if (!rules_.bending.empty())
      vertex_targets =
          keypoint_targets(merged.vertices,
                           chosen(scan_.keypoints, rules_.bending),
                           chosen(keypoints_on(rigid_.vertices, topology_), rules_.bending));
    const bool strict = protocol_ == RealyProtocol::kStrict;
    Deformed bent = deform(
        merged,
        target,
        vertex_targets,
        {.keypoint_stages = !rules_.bending.empty(), .capped = strict, .hold_free_parts = strict});
    record(bent);
    if (!score_.failure.empty()) return;
    const Points reached =
        closest_points(bent.vertices,
                       nearest_triangles(tree, rigid_.motion, bent.vertices, nearest),
                       rigid_.vertices,
                       triangles);
    score_.error_mm = mean_distance(reached, merged.vertices) * scan_.mm_per_unit;
    if (!std::isfinite(score_.error_mm)) score_.failure = "its error is not finite";
    if (keep == Keep::kMeshes && score_.failure.empty()) {
      const Eigen::VectorXd errors = (reached - merged.vertices).rowwise().norm();
      score_.meshes = RegionMeshes{.aligned = std::move(rigid_.vertices),
                                   .deformed = std::move(bent.vertices),
                                   .errors = {errors.data(), errors.data() + errors.size()}};
    }
  }

  void record(Deformed& bent) {
    score_.failure = bent.failure;
    score_.hit_cap = bent.hit_cap;
    score_.held_vertices = bent.held_vertices;
    std::int64_t dropped = 0, weighed = 0;
    for (const SolveRecord& solve : bent.solves) {
      if (solve.stage == 0 && !rules_.bending.empty()) continue;  // has no data term
      dropped += solve.dropped;
      weighed += score_.merged_vertices;
    }
    score_.dropped_share =
        weighed > 0 ? static_cast<double>(dropped) / static_cast<double>(weighed) : 0;
    score_.solves = std::move(bent.solves);
  }

  const AlignedPrediction& aligned_;
  const Topology& topology_;
  const Scan& scan_;
  const Scan::Region& region_;
  const RegionRules& rules_;
  RealyProtocol protocol_;
  RigidResult rigid_;
  RegionScore score_;
};

}  // namespace

AlignedPrediction align_globally(const Mesh& prediction,
                                 const Topology& topology,
                                 const std::vector<char>& mask,
                                 const Scan& scan,
                                 RealyProtocol protocol,
                                 const std::string& name) {
  const Points read = points_of(prediction);
  if (read.rows() != topology.vertices.rows())
    fail(Exit::kPrecondition,
         "{}: {} vertices, the topology {} has {}; is --topology right?",
         name,
         read.rows(),
         topology.name,
         topology.vertices.rows());
  if (prediction.triangles.empty())
    fail(Exit::kPrecondition, "{}: no triangle in it; export it with its faces", name);
  if (protocol == RealyProtocol::kCompat && std::ranges::min(prediction.triangles) != 0)
    fail(Exit::kPrecondition,
         "{}: no face uses its first vertex, which stops the toolkit; use "
         "--mode strict",
         name);
  const Points keypoints = keypoints_on(read, topology);
  const Motion motion = fit_motion(chosen(keypoints, kSeven),
                                   chosen(scan.keypoints, kSeven),
                                   Eigen::VectorXd::Ones(std::ssize(kSeven)),
                                   reflection_of(protocol),
                                   Scale::kRatioOfSums);
  if (!std::isfinite(motion.scale) || motion.scale <= 0 || !motion.shift.allFinite())
    fail(Exit::kPrecondition, "{}: its eyes, nose and mouth are one point; export it again", name);
  const Points vertices = moved_to_scan(prediction, motion);
  const Triangles kept = mask.empty() ? Triangles() : masked(prediction.triangles, mask);
  if (!mask.empty() && kept.empty())
    fail(Exit::kPrecondition, "{}: the mask leaves no triangle; check --mask", name);
  return {
      .motion = motion,
      .vertices = vertices,
      .triangles = prediction.triangles,
      .masked_triangles = kept,
      .tree = TriangleTree(vertices, prediction.triangles),
      .masked_tree = kept.empty() ? std::nullopt : std::make_optional<TriangleTree>(vertices, kept),
      .keypoints = keypoints_on(vertices, topology)};
}

RegionScore score_region(const AlignedPrediction& aligned,
                         const Topology& topology,
                         const Scan& scan,
                         int region,
                         RealyProtocol protocol,
                         Keep keep) {
  return RegionScorer(aligned, topology, scan, region, protocol).run(keep);
}

}  // namespace mien
