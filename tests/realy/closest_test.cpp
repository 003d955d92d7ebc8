// The tree of boxes finds what trying everything finds, also on triangles without area.
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/realy/rigid.h"

namespace mien::testing {
namespace {

Points random_points(std::uint64_t seed, Eigen::Index rows, double extent) {
  Points points(rows, 3);
  std::srand(static_cast<unsigned>(seed));
  for (Eigen::Index i = 0; i < points.size(); ++i)
    points.data()[i] = extent * (2.0 * std::rand() / RAND_MAX - 1);
  return points;
}

/// Small triangles here and there; every tenth is a segment, every twentieth a point.
Triangles random_triangles(Eigen::Index vertices, std::size_t count) {
  Triangles triangles;
  for (std::size_t t = 0; t < count; ++t) {
    const auto a = static_cast<std::int32_t>(std::rand() % vertices);
    const auto b = static_cast<std::int32_t>(std::rand() % vertices);
    const auto c = static_cast<std::int32_t>(std::rand() % vertices);
    triangles.insert(triangles.end(), {a, t % 20 == 0 ? a : b, t % 10 == 0 ? a : c});
  }
  return triangles;
}

TEST(Closest, TreeAgreesWithBruteForce) {
  const Points vertices = random_points(1, 200, 1);
  const Triangles triangles = random_triangles(200, 300);
  const TriangleTree tree(vertices, triangles);
  const Points queries = random_points(2, 300, 2);
  for (Eigen::Index q = 0; q < queries.rows(); ++q) {
    double best = 1e300;
    for (std::size_t t = 0; t < triangles.size(); t += 3)
      best = std::min(best,
                      (closest_on_triangle(queries.row(q),
                                           vertices.row(triangles[t]),
                                           vertices.row(triangles[t + 1]),
                                           vertices.row(triangles[t + 2])) -
                       queries.row(q))
                          .squaredNorm());
    const Nearest found = tree.nearest(queries.row(q), -1);
    EXPECT_EQ(found.squared, best);
    for (const std::int32_t hint : {0, 77, 299})
      EXPECT_EQ(tree.nearest(queries.row(q), hint).item, found.item);
  }
}

TEST(Closest, PointsFarFromTheOriginAreFoundAsWell) {
  Points points = random_points(4, 500, 1);
  points.rowwise() += Point(4e6, -3, 7e5);  // fp32 tells a few of them apart
  const PointTree tree(points);
  const Points queries = random_points(5, 200, 1.5).rowwise() + Point(4e6, -3, 7e5);
  for (Eigen::Index q = 0; q < queries.rows(); ++q) {
    Eigen::Index best = 0;
    (points.rowwise() - queries.row(q)).rowwise().squaredNorm().minCoeff(&best);
    EXPECT_EQ(tree.nearest(queries.row(q), -1).item, best);
  }
}

TEST(Closest, PointsTiesGoToTheLowestNumber) {
  Points points(4, 3);
  points << 1, 0, 0, -1, 0, 0, 1, 0, 0, 0, 5, 0;
  const PointTree tree(points);
  EXPECT_EQ(tree.nearest({0, 0, 0}, -1).item, 0);
  EXPECT_EQ(tree.nearest({0, 0, 0}, 2).item, 0);
  EXPECT_EQ(tree.nearest({1.5, 0, 0}, 3).item, 0);
  EXPECT_EQ(tree.nearest({0, 4, 0}, -1).item, 3);
}

TEST(Closest, EveryRegionOfATriangle) {
  const Point a(0, 0, 0), b(2, 0, 0), c(0, 2, 0);
  const auto expect = [&](const Point& p, const Point& nearest) {
    EXPECT_LT((closest_on_triangle(p, a, b, c) - nearest).norm(), 1e-15) << p << " -> " << nearest;
  };
  expect({0.5, 0.5, 3}, {0.5, 0.5, 0});
  expect({-1, -1, 1}, a);
  expect({3, -1, 1}, b);
  expect({-1, 3, 1}, c);
  expect({1, -1, 0}, {1, 0, 0});
  expect({-1, 1, 0}, {0, 1, 0});
  expect({2, 2, 1}, {1, 1, 0});
}

TEST(Rigid, FitRecoversAMotionAndRefusesReflections) {
  const Points source = random_points(3, 20, 5);
  Eigen::Matrix3d turn;
  turn << 0, -1, 0, 1, 0, 0, 0, 0, 1;
  const Motion truth{2, turn, {1, 2, 3}};
  const Eigen::VectorXd ones = Eigen::VectorXd::Ones(20);
  const Motion found =
      fit_motion(source, truth.apply(source), ones, Reflection::kAllowed, Scale::kRatioOfSums);
  EXPECT_NEAR(found.scale, 2, 1e-12);
  EXPECT_LT((found.rotation - turn).norm(), 1e-12);
  EXPECT_LT((found.shift - truth.shift).norm(), 1e-12);
  Points mirrored = source;
  mirrored.col(0) *= -1;
  EXPECT_TRUE(fit_motion(mirrored, source, ones, Reflection::kAllowed, Scale::kOne).reflects());
  EXPECT_FALSE(fit_motion(mirrored, source, ones, Reflection::kRefused, Scale::kOne).reflects());
}

}  // namespace
}  // namespace mien::testing
