// Each solve has the unknowns X_i (4x3), one per vertex v_i. With h_i = (v_i, 1) in fp32, it
// minimises
//
//   E(X) = a^2 sum over edges |(X_i - X_j)^T G|^2 + sum w_i^2 |h_i X_i - q_nearest(i)|^2
//        + sum over keypoints c^2 |h_k X_k - y_k|^2
//
// and sets v_i <- h_i X_i. The stiffness acts on the step, not on the whole deformation.
//
//   stage            a            G                 leaves at |X - X_previous| <=   c
//   keypoints only   150          diag(2, 2, 3, 2)  2 (one solve)                   50
//   1, 2, 3          50, 30, 18   I                 1, 0.5, 0.25                    5 exp(-0.9 m)
//
// where m counts the solves so far. The cheek has stages 1 to 3 only, no keypoints, and no limit on
// the number of solves.
#include "harness/realy/deform.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include "harness/base/error.h"
#include "harness/realy/cholesky.h"
#include "harness/realy/multigrid.h"

namespace mien {
namespace {

constexpr double kMergeDigits = 1e8;
constexpr int kMostSolves = 11;         // per stage
constexpr double kNearAlways = 1.0;     // units
constexpr double kHoldFraction = 1e-6;  // ridge of held parts, as a share of the stiffness
constexpr int kPinsOfPart = 4;          // equations that determine the affine map of a part

std::vector<Edge> edges_of(const Triangles& triangles) {
  std::vector<Edge> edges;
  for (std::size_t t = 0; t < triangles.size(); t += 3)
    for (std::size_t k = 0; k < 3; ++k) {
      const auto [low, high] = std::minmax(triangles[t + k], triangles[t + (k + 1) % 3]);
      if (low != high) edges.emplace_back(low, high);
    }
  std::ranges::sort(edges);
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return edges;
}

void find_parts(MergedRegion& region) {
  std::vector<std::int32_t> root(static_cast<std::size_t>(region.vertices.rows()));
  std::iota(root.begin(), root.end(), 0);
  const auto find = [&](std::int32_t v) {
    while (root[static_cast<std::size_t>(v)] != v)
      v = root[static_cast<std::size_t>(v)] =
          root[static_cast<std::size_t>(root[static_cast<std::size_t>(v)])];
    return v;
  };
  for (const auto& [a, b] : region.edges) {
    const auto [low, high] = std::minmax({find(a), find(b)});
    root[static_cast<std::size_t>(high)] = low;
  }
  region.part.resize(root.size());
  for (std::size_t v = 0; v < root.size(); ++v) {
    const auto top = static_cast<std::size_t>(find(static_cast<std::int32_t>(v)));
    region.part[v] = top == v ? region.parts++ : region.part[top];  // top <= v
  }
}

struct Stage {
  double stiffness, least_change;
  std::array<double, 4> g;
  bool keypoints_only;
};

std::vector<Stage> stages_of(const DeformRules& rules) {
  std::vector<Stage> stages;
  if (rules.keypoint_stages) stages.push_back({150, 2, {2, 2, 3, 2}, true});
  for (int step = 0; step < 3; ++step)
    stages.push_back({50 * std::exp(-0.5 * step), std::pow(0.5, step), {1, 1, 1, 1}, false});
  return stages;
}

class Deformation {
 public:
  Deformation(const MergedRegion& region,
              const Points& target,
              const VertexTargets& vertex_targets,
              const DeformRules& rules)
      : region_(region),
        target_(target),
        vertex_targets_(vertex_targets),
        rules_(rules),
        count_(region.vertices.rows()),
        tree_(target),
        multigrid_(count_, region.edges),
        nearest_(static_cast<std::size_t>(count_), -1),
        maps_(Maps::Ones(count_ * 4, 3)),
        previous_(Maps::Zero(count_ * 4, 3)) {
    result_.vertices = region.vertices;
  }

  Deformed run() {
    const std::vector<Stage> stages = stages_of(rules_);
    for (std::size_t s = 0; s < stages.size() && result_.failure.empty(); ++s)
      run_stage(stages[s], static_cast<int>(s));
    return std::move(result_);
  }

 private:
  double change() const { return (maps_ - previous_).norm(); }

  void run_stage(const Stage& stage, int number) {
    const bool capped = rules_.keypoint_stages || rules_.capped;
    for (int solves = 0; change() > stage.least_change; ++solves) {
      if (solves == (stage.keypoints_only ? 1 : kMostSolves) && capped) {
        result_.hit_cap = result_.hit_cap || !stage.keypoints_only;
        return;
      }
      if (!solve(stage, number)) return;
    }
  }

  bool solve(const Stage& stage, int number) {
    SolveRecord record{.stage = number};
    const Eigen::VectorXd near = weights(record);
    MapProblem problem;
    const double a2 = stage.stiffness * stage.stiffness;
    for (std::size_t r = 0; r < 4; ++r) problem.stiffness[r] = a2 * stage.g[r] * stage.g[r];
    problem.h.resize(count_, 4);
    problem.h << rounded_to_float(result_.vertices), Eigen::VectorXd::Ones(count_);
    problem.weights = stage.keypoints_only ? Eigen::VectorXd::Zero(count_) : near;
    problem.targets.resize(count_, 3);
    for (Eigen::Index i = 0; i < count_; ++i)
      problem.targets.row(i) = target_.row(nearest_[static_cast<std::size_t>(i)]);
    const double c =
        stage.keypoints_only ? 50 : 5 * std::exp(-0.9 * static_cast<double>(result_.solves.size()));
    add_vertex_targets(problem, c * c);
    if (!hold_free_parts(problem, a2)) return false;
    previous_.swap(maps_);
    if (!multigrid_.solve(problem, maps_) && !solve_by_cholesky(problem, region_.edges, maps_)) {
      result_.failure = "the equations have no single solution";
      return false;
    }
    for (Eigen::Index i = 0; i < count_; ++i)
      result_.vertices.row(i) = problem.h.row(i) * maps_.middleRows<4>(i * 4);
    record.change = change();
    result_.solves.push_back(record);
    return true;
  }

  /// Returns 1 for vertices whose nearest target is near enough, else 0. Distances are rounded to
  /// fp32, as in the toolkit.
  Eigen::VectorXd weights(SolveRecord& record) {
    Eigen::VectorXd distance(count_);
    for (Eigen::Index i = 0; i < count_; ++i) {
      std::int32_t& item = nearest_[static_cast<std::size_t>(i)];
      // Target i was computed for vertex i.
      const std::int32_t hint = item >= 0 ? item : static_cast<std::int32_t>(i);
      const Nearest found = tree_.nearest(result_.vertices.row(i), hint);
      item = found.item;
      distance[i] = static_cast<float>(std::sqrt(found.squared));
    }
    record.threshold = std::max(2 * distance.mean(), kNearAlways);
    const Eigen::VectorXd near =
        (distance.array() < record.threshold).select(Eigen::VectorXd::Ones(count_), 0.0);
    record.dropped = count_ - static_cast<std::int64_t>(near.sum());
    return near;
  }

  void add_vertex_targets(MapProblem& problem, double c2) const {
    for (std::size_t k = 0; k < vertex_targets_.vertex.size(); ++k) {
      const Eigen::Index v = vertex_targets_.vertex[k];
      const double data = problem.weights[v];
      problem.targets.row(v) = (data * problem.targets.row(v) +
                                c2 * vertex_targets_.target.row(static_cast<Eigen::Index>(k))) /
                               (data + c2);
      problem.weights[v] = data + c2;
    }
  }

  /// Finds parts with fewer than four equations, whose maps are not determined. Holds them, or
  /// returns false and sets the failure of the region.
  bool hold_free_parts(MapProblem& problem, double a2) {
    std::vector<int> pins(static_cast<std::size_t>(region_.parts), 0);
    for (Eigen::Index v = 0; v < count_; ++v)
      if (problem.weights[v] > 0)
        ++pins[static_cast<std::size_t>(region_.part[static_cast<std::size_t>(v)])];
    if (std::ranges::min(pins) >= kPinsOfPart) return true;
    problem.ridge = Eigen::VectorXd::Zero(count_);
    std::int64_t held = 0;
    for (Eigen::Index v = 0; v < count_; ++v) {
      const std::int32_t part = region_.part[static_cast<std::size_t>(v)];
      if (pins[static_cast<std::size_t>(part)] >= kPinsOfPart) continue;
      problem.ridge[v] = kHoldFraction * a2;
      ++held;
    }
    if (!rules_.hold_free_parts) {
      result_.failure = fmt::format(
          "{} of its vertices lie in parts that too few keypoints or targets hold", held);
      return false;
    }
    result_.held_vertices = std::max(result_.held_vertices, held);
    return true;
  }

  const MergedRegion& region_;
  const Points& target_;
  const VertexTargets& vertex_targets_;
  const DeformRules& rules_;
  Eigen::Index count_;
  PointTree tree_;
  Multigrid multigrid_;
  std::vector<std::int32_t> nearest_;
  Maps maps_, previous_;
  Deformed result_;
};

}  // namespace

MergedRegion merge_region(const Points& vertices, const Triangles& triangles) {
  std::vector<char> used(static_cast<std::size_t>(vertices.rows()), 0);
  for (const std::int32_t corner : triangles) used[static_cast<std::size_t>(corner)] = 1;
  MergedRegion region;
  std::map<std::array<double, 3>, std::int32_t> known;
  std::vector<std::int32_t> number(used.size(), -1);
  for (std::size_t v = 0; v < used.size(); ++v) {
    if (!used[v]) continue;
    std::array<double, 3> key;
    for (std::size_t axis = 0; axis < 3; ++axis)
      key[axis] = std::rint(
          vertices(static_cast<Eigen::Index>(v), static_cast<Eigen::Index>(axis)) * kMergeDigits);
    const auto [found, is_new] = known.try_emplace(key, std::ssize(region.raw_of));
    number[v] = found->second;
    if (is_new) region.raw_of.push_back(static_cast<std::int32_t>(v));
  }
  region.vertices = vertices(region.raw_of, Eigen::all);
  for (const std::int32_t corner : triangles)
    region.triangles.push_back(number[static_cast<std::size_t>(corner)]);
  region.edges = edges_of(region.triangles);
  find_parts(region);
  return region;
}

VertexTargets keypoint_targets(const Points& scan,
                               const Points& true_keypoints,
                               const Points& predicted) {
  const PointTree tree(scan);
  std::map<std::int32_t, Eigen::Index> last;
  for (Eigen::Index k = 0; k < true_keypoints.rows(); ++k)
    last[tree.nearest(true_keypoints.row(k), -1).item] = k;
  VertexTargets vertex_targets;
  vertex_targets.target.resize(std::ssize(last), 3);
  for (const auto& [vertex, k] : last) {
    vertex_targets.target.row(std::ssize(vertex_targets.vertex)) = predicted.row(k);
    vertex_targets.vertex.push_back(vertex);
  }
  return vertex_targets;
}

Deformed deform(const MergedRegion& region,
                const Points& target,
                const VertexTargets& vertex_targets,
                const DeformRules& rules) {
  return Deformation(region, target, vertex_targets, rules).run();
}

}  // namespace mien
