// What the REALY error of a mesh costs, part by part.  bench_realy --benchmark_filter=...
// The regions are height fields of N vertices in a square grid; the prediction likewise.
#include <benchmark/benchmark.h>

#include <cmath>

#include "harness/core/parallel.h"
#include "harness/mesh/realy.h"

namespace mien {
namespace {

double true_height(double x, double y) {
  return 5 - 0.045 * x * x - 0.02 * y * y + 2.2 * std::exp(-x * x / 1.7 - y * y / 4.8) +
         0.05 * std::sin(1.7 * x) * std::cos(1.3 * y);
}

double predicted_height(double x, double y) {
  return 5 - 0.05 * x * x - 0.018 * y * y + 1.9 * std::exp(-x * x / 2 - y * y / 5.3) +
         0.08 * std::sin(1.1 * x + 0.3) * std::cos(0.9 * y);
}

struct Grid {
  Points vertices;
  Corners corners;
};

/// About `count` vertices over [x0, x1] x [y0, y1], cells near squares.
Grid grid(
    double x0, double x1, double y0, double y1, double count, double (*height)(double, double)) {
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
      made.corners.insert(made.corners.end(), {a, a + 1, d + 1, a, d + 1, d});
    }
  return made;
}

/// Keypoints spread over the face, each at a corner of some triangle of `face`.
std::array<KeypointPlace, kKeypoints> places_on(const Grid& face, Points& truth) {
  std::array<KeypointPlace, kKeypoints> places;
  const auto triangles = static_cast<double>(face.corners.size() / 3);
  truth.resize(kKeypoints, 3);
  for (std::size_t k = 0; k < places.size(); ++k) {
    const double share = std::fmod(0.3 + 0.618034 * static_cast<double>(k), 1.0);
    places[k] = {static_cast<std::int32_t>(share * (triangles - 1)), 1, 0};
    const std::int32_t corner = face.corners[static_cast<std::size_t>(places[k].triangle) * 3];
    const double x = face.vertices(corner, 0), y = face.vertices(corner, 1);
    truth.row(static_cast<Eigen::Index>(k)) << x, y, true_height(x, y);
  }
  return places;
}

struct Case {
  Topology topology;
  Scan scan;
  Mesh prediction;
};

Case make_case(double prediction_vertices, double region_vertices) {
  Case made;
  const Grid face = grid(-9, 9, -9, 9, prediction_vertices, predicted_height);
  made.topology = {"SYN", face.vertices, face.corners, places_on(face, made.scan.keypoints)};
  made.prediction.vertices.assign(face.vertices.data(),
                                  face.vertices.data() + face.vertices.size());
  made.prediction.triangles = face.corners;
  made.scan.mm_per_unit = 8.75;
  constexpr double kShare[] = {0.136, 0.159, 0.365, 0.34};
  constexpr double kBox[][4] = {
      {-2, 2, -2, 4}, {-3.5, 3.5, -6, -2}, {-6.5, 6.5, 2.5, 7.5}, {-7.5, 7.5, -5, 2.5}};
  for (std::size_t r = 0; r < kRegions; ++r) {
    const double* box = kBox[r];
    const Grid region =
        grid(box[0], box[1], box[2], box[3], kShare[r] * region_vertices, true_height);
    made.scan.regions[r] = {
        region.vertices, region.corners, merge_region(region.vertices, region.corners)};
  }
  return made;
}

Placed placed_case(const Case& c) {
  return place(c.prediction, c.topology, {}, c.scan, Mode::kCompat, "case");
}

// ---- parts -------------------------------------------------------------------------------------

void BM_BuildTree(benchmark::State& state) {
  const Grid face = grid(-9, 9, -9, 9, static_cast<double>(state.range(0)), predicted_height);
  for (auto _ : state) benchmark::DoNotOptimize(TriangleTree(face.vertices, face.corners));
}
BENCHMARK(BM_BuildTree)->Arg(2401)->Arg(20449)->Arg(53215)->Unit(benchmark::kMillisecond);

/// Items are points; `hinted` searches begin at the triangle found before.
void closest(benchmark::State& state, bool hinted) {
  const Grid face = grid(-9, 9, -9, 9, static_cast<double>(state.range(0)), predicted_height);
  const Grid scan = grid(-6.5, 6.5, 2.5, 7.5, 6681, true_height);
  const TriangleTree tree(face.vertices, face.corners);
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
  System made{merge_region(scan.vertices, scan.corners), {}};
  const Eigen::Index n = made.region.vertices.rows();
  made.problem.stiffness.fill(2500);
  made.problem.h.resize(n, 4);
  made.problem.h << made.region.vertices, Eigen::VectorXd::Ones(n);
  made.problem.weights = Eigen::VectorXd::Ones(n);
  made.problem.targets = made.region.vertices;
  state.counters["N"] = static_cast<double>(n);
  return made;
}

void BM_Analyse(benchmark::State& state) {
  const System system = make_system(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(MapSolver(system.region.vertices.rows(), system.region.edges));
}
void BM_Assemble(benchmark::State& state) {
  const System system = make_system(state);
  MapSolver solver(system.region.vertices.rows(), system.region.edges);
  for (auto _ : state) solver.assemble(system.problem);
}
void BM_Factorise(benchmark::State& state) {
  const System system = make_system(state);
  MapSolver solver(system.region.vertices.rows(), system.region.edges);
  solver.assemble(system.problem);
  for (auto _ : state) benchmark::DoNotOptimize(solver.factorise());
  state.counters["L"] = solver.factor_nonzeros();
}
void BM_Solve(benchmark::State& state) {
  const System system = make_system(state);
  MapSolver solver(system.region.vertices.rows(), system.region.edges);
  Maps maps;
  for (auto _ : state) benchmark::DoNotOptimize(solver.solve(system.problem, maps));
}
BENCHMARK(BM_Analyse)->Arg(2501)->Arg(6681)->Arg(26361)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Assemble)->Arg(2501)->Arg(6681)->Arg(26361)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Factorise)->Arg(2501)->Arg(6681)->Arg(26361)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Solve)->Arg(2501)->Arg(6681)->Arg(26361)->Arg(100000)->Unit(benchmark::kMillisecond);

// ---- a whole mesh ------------------------------------------------------------------------------

/// Vertices of the prediction, of the regions together, threads.
void BM_Mesh(benchmark::State& state) {
  const Case c =
      make_case(static_cast<double>(state.range(0)), static_cast<double>(state.range(1)));
  double solves = 0;
  for (auto _ : state) {
    const Placed placed = placed_case(c);
    std::array<double, kRegions> counts{};
    parallel_for(kRegions, static_cast<int>(state.range(2)), [&](std::size_t k, int) {
      const std::size_t r = kRegions - 1 - k;  // the large ones first
      counts[r] = static_cast<double>(
          score_region(
              placed, c.topology, c.scan, static_cast<int>(r), Mode::kCompat, Keep::kNumbers)
              .solves.size());
    });
    solves = counts[0] + counts[1] + counts[2] + counts[3];
  }
  state.counters["solves"] = solves;
}
BENCHMARK(BM_Mesh)
    ->Args({2401, 18325, 1})
    ->Args({2401, 18325, 2})
    ->Args({20449, 18325, 2})
    ->Args({53215, 18325, 2})
    ->Args({2401, 72045, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace mien

BENCHMARK_MAIN();
