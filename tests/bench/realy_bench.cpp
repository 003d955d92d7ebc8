// The time of the REALY error of a mesh, part by part.  bench_realy --benchmark_filter=...
// The regions are height fields of N vertices in a square grid; the prediction likewise.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cmath>

#include "harness/base/parallel.h"
#include "harness/realy/cholesky.h"
#include "harness/realy/multigrid.h"
#include "harness/realy/realy.h"
#include "tests/support/formula_faces.h"

namespace mien {
namespace {

using testing::predicted_height;
using testing::true_height;

struct Grid {
  Points vertices;
  Triangles triangles;
};

/// About `count` vertices over [x0, x1] x [y0, y1], cells near squares.
Grid grid(double x0, double x1, double y0, double y1, double count, const testing::Height& height) {
  const double step = std::sqrt((x1 - x0) * (y1 - y0) / count);
  const int nx = static_cast<int>((x1 - x0) / step) + 1,
            ny = static_cast<int>((y1 - y0) / step) + 1;
  Grid made{Points(nx * ny, 3), {}};
  for (int j = 0; j < ny; ++j)
    for (int i = 0; i < nx; ++i) {
      const double x = x0 + (x1 - x0) * i / (nx - 1), y = y0 + (y1 - y0) * j / (ny - 1);
      made.vertices.row(j * nx + i) << x, y, height(x, y);
      if (i + 1 == nx || j + 1 == ny) continue;
      const std::int32_t a = j * nx + i, d = a + nx;
      made.triangles.insert(made.triangles.end(), {a, a + 1, d + 1, a, d + 1, d});
    }
  return made;
}

// ---- parts -------------------------------------------------------------------------------------

void BM_BuildTree(benchmark::State& state) {
  const Grid face = grid(-9, 9, -9, 9, static_cast<double>(state.range(0)), predicted_height);
  for (auto _ : state) benchmark::DoNotOptimize(TriangleTree(face.vertices, face.triangles));
}
BENCHMARK(BM_BuildTree)->Arg(2401)->Arg(20449)->Arg(53215)->Unit(benchmark::kMillisecond);

/// Items are points. With `hinted`, searches start at the triangle found before.
void closest(benchmark::State& state, bool hinted) {
  const Grid face = grid(-9, 9, -9, 9, static_cast<double>(state.range(0)), predicted_height);
  const Grid scan = grid(-6.5, 6.5, 2.5, 7.5, 6681, true_height);
  const TriangleTree tree(face.vertices, face.triangles);
  std::vector<std::int32_t> hints = nearest_triangles(tree, {}, scan.vertices, {});
  if (!hinted) hints.clear();
  for (auto _ : state) benchmark::DoNotOptimize(nearest_triangles(tree, {}, scan.vertices, hints));
  state.SetItemsProcessed(state.iterations() * scan.vertices.rows());
}
void BM_ClosestPoint(benchmark::State& state) { closest(state, false); }
void BM_ClosestPointHinted(benchmark::State& state) { closest(state, true); }
BENCHMARK(BM_ClosestPoint)->Arg(2401)->Arg(20449)->Arg(53215)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ClosestPointHinted)->Arg(2401)->Arg(20449)->Arg(53215)->Unit(benchmark::kMillisecond);

/// One system of the stages with a data term.
struct System {
  MergedRegion region;
  MapProblem problem;
};

System make_system(benchmark::State& state) {
  const Grid scan = grid(-6.5, 6.5, 2.5, 7.5, static_cast<double>(state.range(0)), true_height);
  System made{merge_region(scan.vertices, scan.triangles), {}};
  const Eigen::Index n = made.region.vertices.rows();
  made.problem.stiffness.fill(2500);
  made.problem.h.resize(n, 4);
  made.problem.h << made.region.vertices, Eigen::VectorXd::Ones(n);
  made.problem.weights = Eigen::VectorXd::Ones(n);
  made.problem.targets = made.region.vertices;
  for (Eigen::Index i = 0; i < n; ++i)
    made.problem.targets(i, 2) =
        predicted_height(made.problem.targets(i, 0), made.problem.targets(i, 1));
  state.counters["N"] = static_cast<double>(n);
  return made;
}

void BM_Hierarchy(benchmark::State& state) {
  const System system = make_system(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(Multigrid(system.region.vertices.rows(), system.region.edges));
}
void BM_Assemble(benchmark::State& state) {
  const System system = make_system(state);
  Multigrid solver(system.region.vertices.rows(), system.region.edges);
  for (auto _ : state) benchmark::DoNotOptimize(solver.assemble(system.problem));
}
void BM_Solve(benchmark::State& state) {
  const System system = make_system(state);
  Multigrid solver(system.region.vertices.rows(), system.region.edges);
  Maps maps;
  for (auto _ : state) benchmark::DoNotOptimize(solver.solve(system.problem, maps));
  state.counters["iterations"] = solver.iterations();
}
/// The fallback for systems that conjugate gradients do not solve.
void BM_Cholesky(benchmark::State& state) {
  const System system = make_system(state);
  Maps maps;
  for (auto _ : state)
    benchmark::DoNotOptimize(solve_by_cholesky(system.problem, system.region.edges, maps));
}
BENCHMARK(BM_Hierarchy)->Arg(2501)->Arg(6681)->Arg(26361)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Assemble)->Arg(2501)->Arg(6681)->Arg(26361)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Solve)->Arg(2501)->Arg(6681)->Arg(26361)->Arg(100000)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Cholesky)->Arg(2501)->Arg(6681)->Arg(26361)->Unit(benchmark::kMillisecond);

// ---- a whole mesh ------------------------------------------------------------------------------

/// Side of the prediction's grid, thousandths of a unit between scan vertices, threads. The
/// regions' 18,325 vertices at 100 and 72,045 at 50 are those of the published toolkit's timings.
void BM_Mesh(benchmark::State& state) {
  const int side = static_cast<int>(state.range(0));
  const Topology topology = testing::formula_topology(side);
  const Scan scan = testing::formula_scan(static_cast<double>(state.range(1)) / 1000);
  const Mesh prediction = testing::formula_prediction(side);
  constexpr int kLongestFirst[] = {2, 3, 1, 0};
  std::array<RegionScore, kRegions> scores;
  double place_seconds = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    const AlignedPrediction aligned =
        align_globally(prediction, topology, {}, scan, RealyProtocol::kCompat, "prediction");
    place_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    parallel_for(kRegions, static_cast<int>(state.range(2)), [&](std::size_t k, int) {
      const int r = kLongestFirst[k];
      scores[static_cast<std::size_t>(r)] =
          score_region(aligned, topology, scan, r, RealyProtocol::kCompat, Keep::kNumbers);
    });
  }
  double vertices = 0, solves = 0, rigid = 0, bend = 0;
  for (const RegionScore& score : scores) {
    vertices += static_cast<double>(score.merged_vertices);
    solves += static_cast<double>(score.solves.size());
    rigid += score.rigid_seconds;
    bend += score.bend_seconds;
  }
  state.counters["vertices"] = vertices;
  state.counters["solves"] = solves;
  state.counters["place_s"] = place_seconds;
  state.counters["rICP_s"] = rigid;
  state.counters["bICP_s"] = bend;
}
BENCHMARK(BM_Mesh)
    ->Args({49, 200, 1})
    ->Args({49, 100, 1})
    ->Args({49, 100, 2})
    ->Args({143, 100, 2})
    ->Args({231, 100, 2})
    ->Args({49, 71, 1})
    ->Args({49, 50, 1})
    ->Args({49, 50, 2})
    ->Args({49, 42, 1})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace mien

BENCHMARK_MAIN();
