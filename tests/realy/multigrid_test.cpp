// Conjugate gradients give what the factorisation gives, and refuse what has no single solution.
#include "harness/realy/multigrid.h"

#include <gtest/gtest.h>

#include "harness/realy/cholesky.h"
#include "harness/realy/deform.h"
#include "tests/support/formula_faces.h"

namespace mien::testing {
namespace {

struct System {
  MergedRegion region;
  MapProblem problem;
};

/// Every seventh vertex without an equation; targets some tenths away.
System system_of(int region, double spacing) {
  const Mesh mesh = formula_region(region, spacing);
  System made{merge_region(points_of(mesh), mesh.triangles), {}};
  const Points& vertices = made.region.vertices;
  const Eigen::Index n = vertices.rows();
  made.problem.stiffness.fill(2500);
  made.problem.h.resize(n, 4);
  made.problem.h << rounded_to_float(vertices), Eigen::VectorXd::Ones(n);
  made.problem.weights = Eigen::VectorXd::Ones(n);
  for (Eigen::Index v = 0; v < n; v += 7) made.problem.weights[v] = 0;
  made.problem.targets = vertices;
  for (Eigen::Index v = 0; v < n; ++v) {
    const double x = vertices(v, 0), y = vertices(v, 1);
    made.problem.targets.row(v) << x + 0.02 * std::sin(y), y, predicted_height(x, y);
  }
  return made;
}

void expect_equal_to_cholesky(const System& system) {
  const Eigen::Index n = system.region.vertices.rows();
  Multigrid multigrid(n, system.region.edges);
  Maps maps, expected;
  ASSERT_TRUE(multigrid.solve(system.problem, maps));
  EXPECT_LT(multigrid.iterations(), 40);
  ASSERT_TRUE(solve_by_cholesky(system.problem, system.region.edges, expected));
  for (Eigen::Index v = 0; v < n; ++v)
    ASSERT_LT((system.problem.h.row(v) * (maps - expected).middleRows<4>(4 * v)).norm(), 1e-8)
        << "units, at vertex " << v;
  EXPECT_LT((maps - expected).norm(), 1e-6 * expected.norm());
}

TEST(Multigrid, AgreesWithCholesky) { expect_equal_to_cholesky(system_of(0, 0.1)); }

TEST(Multigrid, AgreesWithCholeskyOnTwoParts) { expect_equal_to_cholesky(system_of(3, 0.15)); }

TEST(Multigrid, AgreesWithCholeskyWhereAFewKeypointsPull) {
  System system = system_of(1, 0.1);
  system.problem.stiffness = {90000, 90000, 202500, 90000};
  system.problem.weights.setZero();
  for (Eigen::Index k = 0; k < 14; ++k) system.problem.weights[k * 207] = 2500;
  expect_equal_to_cholesky(system);
}

TEST(Multigrid, AgreesWithCholeskyOnAPartHeldByARidge) {
  System system = system_of(3, 0.2);
  const Eigen::Index n = system.region.vertices.rows();
  system.problem.ridge = Eigen::VectorXd::Zero(n);
  system.problem.ridge.tail(n / 2).setConstant(2.5e-3);
  system.problem.weights.tail(n / 2).setZero();
  expect_equal_to_cholesky(system);
}

TEST(Multigrid, AgreesWithCholeskyOnAFewVertices) {
  System system = system_of(0, 2);
  system.problem.weights.setOnes();
  expect_equal_to_cholesky(system);
}

TEST(Multigrid, EqualCallsGiveEqualBits) {
  const System system = system_of(0, 0.2);
  Multigrid multigrid(system.region.vertices.rows(), system.region.edges);
  Maps first, second, other;
  ASSERT_TRUE(multigrid.solve(system.problem, first));
  System changed = system;
  changed.problem.stiffness.fill(400);
  ASSERT_TRUE(multigrid.solve(changed.problem, other));
  ASSERT_TRUE(multigrid.solve(system.problem, second));
  EXPECT_EQ(first, second);
}

TEST(Multigrid, RefusesWhatHasNoSingleSolution) {
  System system = system_of(1, 0.2);  // three equations leave one way to move
  system.problem.weights.setZero();
  for (const Eigen::Index v : {0, 100, 200}) system.problem.weights[v] = 25;
  Maps maps;
  EXPECT_FALSE(
      Multigrid(system.region.vertices.rows(), system.region.edges).solve(system.problem, maps));
  EXPECT_FALSE(solve_by_cholesky(system.problem, {}, maps));
}

}  // namespace
}  // namespace mien::testing
