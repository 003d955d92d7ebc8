#include "harness/mesh/closest.h"

#include <algorithm>
#include <numeric>

namespace mien {
namespace {

Point closest_on_segment(const Point& p, const Point& a, const Point& b) {
  const Point ab = b - a;
  const double length2 = ab.squaredNorm();
  if (!(length2 > 0)) return a;
  return a + std::clamp((p - a).dot(ab) / length2, 0.0, 1.0) * ab;
}

Point closest_on_edges(const Point& p, const Point& a, const Point& b, const Point& c) {
  const Point candidates[] = {
      closest_on_segment(p, a, b), closest_on_segment(p, b, c), closest_on_segment(p, c, a)};
  return *std::min_element(
      std::begin(candidates), std::end(candidates), [&](const Point& x, const Point& y) {
        return (x - p).squaredNorm() < (y - p).squaredNorm();
      });
}

struct Boxes {
  Points low, high;
};

Boxes boxes_of(const std::vector<std::array<Point, 3>>& triangles) {
  const auto rows = static_cast<Eigen::Index>(triangles.size());
  Boxes boxes{Points(rows, 3), Points(rows, 3)};
  for (Eigen::Index i = 0; i < rows; ++i) {
    const auto& [a, b, c] = triangles[static_cast<std::size_t>(i)];
    boxes.low.row(i) = a.cwiseMin(b).cwiseMin(c);
    boxes.high.row(i) = a.cwiseMax(b).cwiseMax(c);
  }
  return boxes;
}

BoxTree tree_of(const Boxes& boxes) { return BoxTree(boxes.low, boxes.high); }

std::vector<std::array<Point, 3>> gathered(const Points& vertices, const Corners& corners) {
  std::vector<std::array<Point, 3>> triangles(corners.size() / 3);
  for (std::size_t t = 0; t < triangles.size(); ++t)
    for (std::size_t k = 0; k < 3; ++k) triangles[t][k] = vertices.row(corners[t * 3 + k]);
  return triangles;
}

/// Squared distances are taken from the triangles, boxes bound them up to rounding.
constexpr double kBoxSlack = 1 - 1e-14;

void keep_nearer(Nearest& best, std::int32_t item, double squared) {
  if (squared < best.squared || (squared == best.squared && item < best.item))
    best = {item, squared};
}

}  // namespace

Point closest_on_triangle(const Point& p, const Point& a, const Point& b, const Point& c) {
  const Point ab = b - a, ac = c - a, ap = p - a;
  const double d1 = ab.dot(ap), d2 = ac.dot(ap);
  if (d1 <= 0 && d2 <= 0) return a;
  const Point bp = p - b;
  const double d3 = ab.dot(bp), d4 = ac.dot(bp);
  if (d3 >= 0 && d4 <= d3) return b;
  const double vc = d1 * d4 - d3 * d2;
  if (vc <= 0 && d1 >= 0 && d3 <= 0 && d1 > d3) return a + d1 / (d1 - d3) * ab;
  const Point cp = p - c;
  const double d5 = ab.dot(cp), d6 = ac.dot(cp);
  if (d6 >= 0 && d5 <= d6) return c;
  const double vb = d5 * d2 - d1 * d6;
  if (vb <= 0 && d2 >= 0 && d6 <= 0 && d2 > d6) return a + d2 / (d2 - d6) * ac;
  const double va = d3 * d6 - d5 * d4, along_b = d4 - d3, along_c = d5 - d6;
  if (va <= 0 && along_b >= 0 && along_c >= 0 && along_b + along_c > 0)
    return b + along_b / (along_b + along_c) * (c - b);
  const double sum = va + vb + vc;
  if (!(va > 0 && vb > 0 && vc > 0 && sum > 0)) return closest_on_edges(p, a, b, c);
  return a + vb / sum * ab + vc / sum * ac;
}

// ---- boxes -------------------------------------------------------------------------------------

BoxTree::BoxTree(const Points& low, const Points& high)
    : order_(static_cast<std::size_t>(low.rows())) {
  std::iota(order_.begin(), order_.end(), 0);
  nodes_.reserve(order_.size());
  const Points centre = (low + high) / 2;
  if (!order_.empty()) build(0, static_cast<std::uint32_t>(order_.size()), low, high, centre);
}

std::uint32_t BoxTree::build(std::uint32_t first,
                             std::uint32_t count,
                             const Points& low,
                             const Points& high,
                             const Points& centre) {
  const auto number = static_cast<std::uint32_t>(nodes_.size());
  Point box_low = low.row(order_[first]), box_high = high.row(order_[first]);
  Point centre_low = centre.row(order_[first]), centre_high = centre_low;
  for (std::uint32_t i = first + 1; i < first + count; ++i) {
    box_low = box_low.cwiseMin(low.row(order_[i]));
    box_high = box_high.cwiseMax(high.row(order_[i]));
    centre_low = centre_low.cwiseMin(centre.row(order_[i]));
    centre_high = centre_high.cwiseMax(centre.row(order_[i]));
  }
  nodes_.emplace_back();
  std::copy_n(box_low.data(), 3, nodes_[number].low);
  std::copy_n(box_high.data(), 3, nodes_[number].high);
  if (count <= kLeafItems) {
    nodes_[number].first = first;
    nodes_[number].count = count;
    return number;
  }
  int axis = 0;
  (centre_high - centre_low).maxCoeff(&axis);
  const auto begin = order_.begin() + first;
  const std::uint32_t half = count / 2;
  std::nth_element(begin, begin + half, begin + count, [&](std::int32_t a, std::int32_t b) {
    return std::pair(centre(a, axis), a) < std::pair(centre(b, axis), b);
  });
  build(first, half, low, high, centre);  // the left child follows its parent
  const std::uint32_t right = build(first + half, count - half, low, high, centre);
  nodes_[number].first = right;
  return number;
}

double BoxTree::squared_distance(const Node& node, const Point& p) {
  double sum = 0;
  for (int axis = 0; axis < 3; ++axis) {
    const double outside =
        std::max(std::max(node.low[axis] - p[axis], p[axis] - node.high[axis]), 0.0);
    sum += outside * outside;
  }
  return sum * kBoxSlack;
}

template <typename Visit>
void BoxTree::search(const Point& p, double best, const Visit& visit) const {
  struct Waiting {
    std::uint32_t node;
    double squared;
  };
  Waiting stack[64];  // halving: no tree of 32-bit numbers is deeper
  int size = 0;
  stack[size++] = {0, squared_distance(nodes_[0], p)};
  while (size > 0) {
    const Waiting next = stack[--size];
    if (next.squared > best) continue;
    const Node& node = nodes_[next.node];
    if (node.count > 0) {
      for (std::uint32_t i = node.first; i < node.first + node.count; ++i)
        best = std::min(best, visit(i));
      continue;
    }
    Waiting near{next.node + 1, squared_distance(nodes_[next.node + 1], p)};
    Waiting far{node.first, squared_distance(nodes_[node.first], p)};
    if (far.squared < near.squared) std::swap(near, far);
    if (far.squared <= best) stack[size++] = far;
    if (near.squared <= best) stack[size++] = near;
  }
}

// ---- triangles and points ----------------------------------------------------------------------

TriangleTree::TriangleTree(const Points& vertices, const Corners& corners)
    : triangles_(gathered(vertices, corners)), tree_(tree_of(boxes_of(triangles_))) {}

double TriangleTree::squared_distance(const Point& p, std::int32_t triangle) const {
  const auto& [a, b, c] = triangles_[static_cast<std::size_t>(triangle)];
  return (closest_on_triangle(p, a, b, c) - p).squaredNorm();
}

Nearest TriangleTree::nearest(const Point& p, std::int32_t hint) const {
  Nearest best;
  if (hint >= 0) best = {hint, squared_distance(p, hint)};
  tree_.search(p, best.squared, [&](std::uint32_t place) {
    const std::int32_t triangle = tree_.order()[place];
    const double squared = squared_distance(p, triangle);
    keep_nearer(best, triangle, squared);
    return squared;
  });
  return best;
}

PointTree::PointTree(const Points& points) : points_(points), tree_(points, points) {}

Nearest PointTree::nearest(const Point& p, std::int32_t hint) const {
  Nearest best;
  if (hint >= 0) best = {hint, (points_.row(hint) - p).squaredNorm()};
  tree_.search(p, best.squared, [&](std::uint32_t place) {
    const std::int32_t point = tree_.order()[place];
    const double squared = (points_.row(point) - p).squaredNorm();
    keep_nearer(best, point, squared);
    return squared;
  });
  return best;
}

}  // namespace mien
