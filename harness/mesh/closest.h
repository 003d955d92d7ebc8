// Nearest points: on the surface of a triangle mesh, and among points. Exact, by a tree of boxes.
#pragma once

#include <array>
#include <limits>

#include "harness/mesh/geometry.h"

namespace mien {

/// The point of triangle (a, b, c) nearest to `p`; triangles without area are segments or points.
/// After Ericson, Real-Time Collision Detection (2005), section 5.1.5.
Point closest_on_triangle(const Point& p, const Point& a, const Point& b, const Point& c);

/// A tree of boxes around items, four boxes to a node; leaves hold a few items side by side.
class BoxTree {
 public:
  static constexpr std::uint32_t kLeafItems = 4;

  /// `low` and `high`: the box of each item, one per row.
  BoxTree(const Points& low, const Points& high);

  /// Item numbers in the order of the leaves.
  const std::vector<std::int32_t>& order() const { return order_; }

  /// Calls visit(place) -> squared distance for the places (in `order()`) whose boxes may hold
  /// something nearer than `best`, or as near; `best` shrinks to the least of them.
  template <typename Visit>
  void search(const Point& p, double best, const Visit& visit) const;

 private:
  using Four = float __attribute__((vector_size(16)));  // one number of each box
  struct Node {
    Four low[3], high[3];
    std::uint32_t first[4];  // leaf: its items; else the child
    std::uint32_t count[4];  // of its items; kInner: a child; 0: nothing
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
  std::int32_t item = -1;  // triangle or point; -1: none
  double squared = std::numeric_limits<double>::infinity();
};

/// Nearest triangle. Of equally near ones the lowest number, so that no result depends on hints.
class TriangleTree {
 public:
  /// REQUIRES: corners within `vertices`, finite vertices, at least one triangle.
  TriangleTree(const Points& vertices, const Corners& corners);

  /// `hint`: a triangle that may be near, -1 none; it changes the time only.
  Nearest nearest(const Point& p, std::int32_t hint) const;

 private:
  double squared_distance(const Point& p, std::int32_t triangle) const;

  std::vector<std::array<Point, 3>> triangles_;  // by number
  BoxTree tree_;
};

/// Nearest of some points; ties and hints as above.
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
