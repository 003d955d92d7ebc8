// Exact nearest-neighbour searches with a bounding-volume hierarchy: on the surface of a triangle
// mesh, and among points.
#pragma once

#include <array>
#include <limits>

#include "harness/realy/points.h"

namespace mien {

/// Returns the point of triangle (a, b, c) that is nearest to `p`. A triangle without area is
/// treated as a segment or a point. The method is that of Ericson, Real-Time Collision Detection
/// (2005), section 5.1.5.
Point closest_on_triangle(const Point& p, const Point& a, const Point& b, const Point& c);

/// A tree of axis-aligned boxes around items, with four boxes per node and a few items per leaf.
class BoxTree {
 public:
  static constexpr std::uint32_t kLeafItems = 4;

  /// `low` and `high` have the box of each item, one per row.
  BoxTree(const Points& low, const Points& high);

  /// Returns the item numbers in the order of the leaves.
  const std::vector<std::int32_t>& order() const { return order_; }

  /// Calls visit(position), which returns a squared distance, for every position in `order()` whose
  /// box may contain something at most as far as `best`. `best` shrinks to the least distance
  /// returned.
  template <typename Visit>
  void search(const Point& p, double best, const Visit& visit) const;

 private:
  using Four = float __attribute__((vector_size(16)));  // one number of each box
  struct Node {
    Four low[3], high[3];
    std::uint32_t first[4];  // the first item of a leaf, or the child node
    std::uint32_t count[4];  // items of a leaf; kInner: a child node; 0: unused
  };
  struct Range {
    std::uint32_t first = 0, count = 0;
  };
  static constexpr std::uint32_t kInner = ~0u;

  std::uint32_t build(Range range, const Points& low, const Points& high, const Points& centre);
  std::uint32_t halve(Range range, const Points& centre);

  std::vector<Node> nodes_;
  std::vector<std::int32_t> order_;
  float extent_ = 0;  // the largest coordinate
};

struct Nearest {
  std::int32_t item = -1;  // triangle or point; -1 = none
  double squared = std::numeric_limits<double>::infinity();
};

/// Finds the nearest triangle. Of equally near ones it takes the lowest number, so that no result
/// depends on hints.
class TriangleTree {
 public:
  /// REQUIRES: at least one triangle, vertex numbers within `vertices`, and finite vertices.
  TriangleTree(const Points& vertices, const Triangles& triangles);

  /// Returns the triangle nearest to `p`. `hint` is a triangle that may be near, or -1. It changes
  /// the time only.
  Nearest nearest(const Point& p, std::int32_t hint) const;

 private:
  double squared_distance(const Point& p, std::int32_t triangle) const;

  std::vector<std::array<Point, 3>> triangles_;  // by number
  BoxTree tree_;
};

/// Finds the nearest of some points. Ties and hints are treated as in TriangleTree.
class PointTree {
 public:
  /// REQUIRES: at least one point, all finite.
  explicit PointTree(const Points& points);
  Nearest nearest(const Point& p, std::int32_t hint) const;

 private:
  Points points_;
  BoxTree tree_;
};

}  // namespace mien
