#include "harness/realy/closest.h"

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

std::vector<std::array<Point, 3>> triangles_of(const Points& vertices, const Triangles& triangles) {
  std::vector<std::array<Point, 3>> gathered(triangles.size() / 3);
  for (std::size_t t = 0; t < gathered.size(); ++t)
    for (std::size_t k = 0; k < 3; ++k) gathered[t][k] = vertices.row(triangles[t * 3 + k]);
  return gathered;
}

/// Boxes are in fp32. This share of the largest coordinate covers the rounding errors.
constexpr float kBoxSlack = 1e-6F;

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
  if (order_.empty()) return;
  extent_ = static_cast<float>(std::max(low.cwiseAbs().maxCoeff(), high.cwiseAbs().maxCoeff()));
  build({0, static_cast<std::uint32_t>(order_.size())}, low, high, (low + high) / 2);
}

/// Partitions the items of a range into two halves along the longest axis of their centres. Returns
/// the size of the first half.
std::uint32_t BoxTree::halve(Range range, const Points& centre) {
  const auto begin = order_.begin() + range.first, end = begin + range.count;
  Point low = centre.row(*begin), high = low;
  for (auto item = begin + 1; item < end; ++item) {
    low = low.cwiseMin(centre.row(*item));
    high = high.cwiseMax(centre.row(*item));
  }
  int axis = 0;
  (high - low).maxCoeff(&axis);
  const std::uint32_t half = range.count / 2;
  std::nth_element(begin, begin + half, end, [&](std::int32_t a, std::int32_t b) {
    return std::pair(centre(a, axis), a) < std::pair(centre(b, axis), b);
  });
  return half;
}

std::uint32_t BoxTree::build(Range range,
                             const Points& low,
                             const Points& high,
                             const Points& centre) {
  const auto number = static_cast<std::uint32_t>(nodes_.size());
  nodes_.push_back({});
  Range parts[4] = {range};
  for (std::size_t made = 1; made < 4; made *= 2)  // 1 part to 2, 2 to 4
    for (std::size_t k = 0; k < made; ++k)
      if (parts[k].count > kLeafItems) {
        const std::uint32_t half = halve(parts[k], centre);
        parts[made + k] = {parts[k].first + half, parts[k].count - half};
        parts[k].count = half;
      }
  for (std::size_t k = 0; k < 4; ++k) {
    const Range part = parts[k];
    if (part.count == 0) continue;
    Point box_low = low.row(order_[part.first]), box_high = high.row(order_[part.first]);
    for (std::uint32_t i = part.first + 1; i < part.first + part.count; ++i) {
      box_low = box_low.cwiseMin(low.row(order_[i]));
      box_high = box_high.cwiseMax(high.row(order_[i]));
    }
    const bool leaf = part.count <= kLeafItems;
    const std::uint32_t first = leaf ? part.first : build(part, low, high, centre);
    Node& node = nodes_[number];
    for (int axis = 0; axis < 3; ++axis) {
      node.low[axis][k] = static_cast<float>(box_low[axis]);
      node.high[axis][k] = static_cast<float>(box_high[axis]);
    }
    node.first[k] = first;
    node.count[k] = leaf ? part.count : kInner;
  }
  return number;
}

template <typename Visit>
void BoxTree::search(const Point& p, double best, const Visit& visit) const {
  struct Waiting {
    std::uint32_t first, count;
    float squared;
  };
  Waiting stack[64];  // four parts a level: three wait at each of at most 16 levels
  int size = 0;
  stack[size++] = {0, kInner, 0};
  const float at[3] = {
      static_cast<float>(p[0]), static_cast<float>(p[1]), static_cast<float>(p[2])};
  const float slack = kBoxSlack * (extent_ + static_cast<float>(p.cwiseAbs().maxCoeff()));
  while (size > 0) {
    const Waiting next = stack[--size];
    if (next.squared > best) continue;
    if (next.count != kInner) {
      for (std::uint32_t i = next.first; i < next.first + next.count; ++i)
        best = std::min(best, visit(i));
      continue;
    }
    const Node& node = nodes_[next.first];
    Four sum = {};
    for (int axis = 0; axis < 3; ++axis) {
      const Four below = node.low[axis] - at[axis], above = at[axis] - node.high[axis];
      Four outside = (below > above ? below : above) - slack;
      outside = outside > 0 ? outside : Four{};
      sum += outside * outside;
    }
    sum *= 1 - kBoxSlack;
    const int bottom = size;
    for (std::size_t k = 0; k < 4; ++k) {
      if (node.count[k] == 0 || sum[k] > best) continue;
      int slot = size++;  // the nearest on top
      for (; slot > bottom && stack[slot - 1].squared < sum[k]; --slot)
        stack[slot] = stack[slot - 1];
      stack[slot] = {node.first[k], node.count[k], sum[k]};
    }
  }
}

// ---- triangles and points ----------------------------------------------------------------------

TriangleTree::TriangleTree(const Points& vertices, const Triangles& triangles)
    : triangles_(triangles_of(vertices, triangles)), tree_(tree_of(boxes_of(triangles_))) {}

double TriangleTree::squared_distance(const Point& p, std::int32_t triangle) const {
  const auto& [a, b, c] = triangles_[static_cast<std::size_t>(triangle)];
  return (closest_on_triangle(p, a, b, c) - p).squaredNorm();
}

Nearest TriangleTree::nearest(const Point& p, std::int32_t hint) const {
  Nearest best;
  if (hint >= 0) best = {hint, squared_distance(p, hint)};
  tree_.search(p, best.squared, [&](std::uint32_t position) {
    const std::int32_t triangle = tree_.order()[position];
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
  tree_.search(p, best.squared, [&](std::uint32_t position) {
    const std::int32_t point = tree_.order()[position];
    const double squared = (points_.row(point) - p).squaredNorm();
    keep_nearer(best, point, squared);
    return squared;
  });
  return best;
}

}  // namespace mien
