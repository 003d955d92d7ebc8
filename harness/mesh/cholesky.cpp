#include "harness/mesh/cholesky.h"

#include <dlfcn.h>
#include <suitesparse/cholmod.h>

#include <algorithm>

#include "harness/core/error.h"
#include "harness/mesh/supernodal.h"

namespace mien {
namespace {

constexpr int kOf = 4;                        // unknowns per vertex and target coordinate
constexpr double kLeastConditioning = 1e-15;  // smallest over largest pivot

/// Regions run side by side; threads of BLAS or of CHOLMOD's own would only get in their way.
void keep_to_one_thread() {
  using SetNumber = void (*)(int);
  const auto call = [](const char* name, int number) {
    if (void* found = ::dlsym(RTLD_DEFAULT, name)) reinterpret_cast<SetNumber>(found)(number);
  };
  static const bool done = (call("openblas_set_num_threads", 1), true);
  static_cast<void>(done);
  call("omp_set_max_active_levels", 0);  // of this thread: no parallel region forks
}

template <typename T>
T* require(T* made) {
  if (made == nullptr)
    fail(Exit::kTaskFailed, "CHOLMOD: out of memory; score fewer meshes at once");
  return made;
}

}  // namespace

struct MapSolver::State {
  explicit State(Eigen::Index vertices, const std::vector<Edge>& edges) : count(vertices) {
    keep_to_one_thread();
    cholmod_start(&common);
    common.print = 0;
    common.supernodal = CHOLMOD_SUPERNODAL;
    order_vertices(edges);
    build_pattern(edges);
    analyse();
  }
  ~State() {
    cholmod_free_dense(&right, &common);
    cholmod_free_dense(&solution, &common);
    cholmod_free_dense(&work_y, &common);
    cholmod_free_dense(&work_e, &common);
    cholmod_free_factor(&factor, &common);
    cholmod_free_sparse(&matrix, &common);
    cholmod_finish(&common);
  }

  /// Orders the graph of the vertices; the four unknowns of a vertex stay together.
  void order_vertices(const std::vector<Edge>& edges) {
    const auto n = static_cast<std::size_t>(count);
    cholmod_triplet* pairs =
        require(cholmod_allocate_triplet(n, n, edges.size() + n, -1, CHOLMOD_PATTERN, &common));
    auto* rows = static_cast<int*>(pairs->i);
    auto* columns = static_cast<int*>(pairs->j);
    for (std::size_t v = 0; v < n; ++v) rows[v] = columns[v] = static_cast<int>(v);
    for (std::size_t e = 0; e < edges.size(); ++e) {
      rows[n + e] = std::max(edges[e].first, edges[e].second);
      columns[n + e] = std::min(edges[e].first, edges[e].second);
    }
    pairs->nnz = n + edges.size();
    cholmod_sparse* graph = require(cholmod_triplet_to_sparse(pairs, 0, &common));
    cholmod_free_triplet(&pairs, &common);
    common.nmethods = 2;
    common.method[0].ordering = CHOLMOD_METIS;
    common.method[1].ordering = CHOLMOD_AMD;
    common.postorder = true;
    cholmod_factor* analysis = require(cholmod_analyze(graph, &common));
    const auto* permutation = static_cast<const int*>(analysis->Perm);
    vertex_at.assign(permutation, permutation + n);
    place_of.resize(n);
    for (std::size_t place = 0; place < n; ++place)
      place_of[static_cast<std::size_t>(vertex_at[place])] = static_cast<int>(place);
    cholmod_free_factor(&analysis, &common);
    cholmod_free_sparse(&graph, &common);
  }

  /// Lower triangle, by columns: the column (vertex j, row r of X) holds the rows r..3 of its own
  /// block, then row r of every neighbour that comes later.
  void build_pattern(const std::vector<Edge>& edges) {
    const auto n = static_cast<std::size_t>(count);
    std::vector<std::vector<int>> later(n);
    degree.assign(n, 0);
    for (const auto& [a, b] : edges) {
      const int x = place_of[static_cast<std::size_t>(a)],
                y = place_of[static_cast<std::size_t>(b)];
      later[static_cast<std::size_t>(std::min(x, y))].push_back(std::max(x, y));
      ++degree[static_cast<std::size_t>(x)];
      ++degree[static_cast<std::size_t>(y)];
    }
    const std::size_t unknowns = n * kOf;
    matrix = require(cholmod_allocate_sparse(
        unknowns, unknowns, n * 10 + edges.size() * kOf, true, true, -1, CHOLMOD_REAL, &common));
    auto* starts = static_cast<int*>(matrix->p);
    auto* rows = static_cast<int*>(matrix->i);
    int at = 0;
    for (std::size_t j = 0; j < n; ++j) {
      std::ranges::sort(later[j]);
      for (int r = 0; r < kOf; ++r) {
        starts[j * kOf + static_cast<std::size_t>(r)] = at;
        for (int own = r; own < kOf; ++own) rows[at++] = static_cast<int>(j) * kOf + own;
        for (const int neighbour : later[j]) rows[at++] = neighbour * kOf + r;
      }
    }
    starts[unknowns] = at;
  }

  /// With whole 4x4 blocks, which the elimination fills anyway: so the four columns of a vertex
  /// have equal rows and stay in one supernode.
  void analyse() {
    const auto* starts = static_cast<const int*>(matrix->p);
    const auto* rows = static_cast<const int*>(matrix->i);
    const std::size_t n = vertex_at.size(), unknowns = n * kOf;
    std::size_t pairs = 0;
    for (std::size_t j = 0; j < n; ++j)
      pairs += static_cast<std::size_t>(starts[j * kOf + 1] - starts[j * kOf] - kOf);
    cholmod_sparse* blocks = require(cholmod_allocate_sparse(
        unknowns, unknowns, n * 10 + pairs * kOf * kOf, true, true, -1, CHOLMOD_PATTERN, &common));
    auto* block_starts = static_cast<int*>(blocks->p);
    auto* block_rows = static_cast<int*>(blocks->i);
    int at = 0;
    for (std::size_t j = 0; j < n; ++j)
      for (int r = 0; r < kOf; ++r) {
        block_starts[j * kOf + static_cast<std::size_t>(r)] = at;
        for (int own = r; own < kOf; ++own) block_rows[at++] = static_cast<int>(j) * kOf + own;
        for (int k = starts[j * kOf] + kOf; k < starts[j * kOf + 1]; ++k)
          for (int of = 0; of < kOf; ++of) block_rows[at++] = rows[k] + of;
      }
    block_starts[unknowns] = at;
    common.nmethods = 1;
    common.method[0].ordering = CHOLMOD_NATURAL;
    common.postorder = false;
    factor = require(cholmod_analyze(blocks, &common));
    cholmod_free_sparse(&blocks, &common);
    right = require(cholmod_zeros(matrix->nrow, 3, CHOLMOD_REAL, &common));
    // Makes room for the numbers, which are ours to compute.
    if (!cholmod_change_factor(CHOLMOD_REAL, true, true, true, true, factor, &common))
      require<void>(nullptr);
  }

  void assemble(const MapProblem& problem) {
    const auto* starts = static_cast<const int*>(matrix->p);
    auto* values = static_cast<double*>(matrix->x);
    auto* rhs = static_cast<double*>(right->x);
    const auto n = static_cast<std::size_t>(count);
    const bool ridged = problem.ridge.size() > 0;
    for (std::size_t j = 0; j < n; ++j) {
      const Eigen::Index v = vertex_at[j];
      const double weight = problem.weights[v], ridge = ridged ? problem.ridge[v] : 0;
      for (std::size_t r = 0; r < kOf; ++r) {
        const std::size_t column = j * kOf + r;
        const double g2 = problem.stiffness[r], h_r = problem.h(v, static_cast<Eigen::Index>(r));
        double* value = values + starts[column];
        for (std::size_t own = r; own < kOf; ++own)
          *value++ = weight * h_r * problem.h(v, static_cast<Eigen::Index>(own));
        values[starts[column]] += degree[j] * g2 + ridge;
        std::fill(value, values + starts[column + 1], -g2);
        for (Eigen::Index axis = 0; axis < 3; ++axis)
          rhs[column + static_cast<std::size_t>(axis) * matrix->nrow] =
              weight * h_r * problem.targets(v, axis) +
              (static_cast<std::size_t>(axis) == r ? ridge : 0);
      }
    }
  }

  bool factorise() {
    const auto ints = [](const void* data, std::size_t size) {
      return std::span(static_cast<const int*>(data), size);
    };
    const std::size_t nonzeros = matrix->nzmax;
    const LowerColumns columns{ints(matrix->p, matrix->ncol + 1),
                               ints(matrix->i, nonzeros),
                               {static_cast<const double*>(matrix->x), nonzeros}};
    const Supernodes supernodes{ints(factor->super, factor->nsuper + 1),
                                ints(factor->pi, factor->nsuper + 1),
                                ints(factor->px, factor->nsuper + 1),
                                ints(factor->s, factor->ssize)};
    return factorise_supernodes(
               columns, supernodes, {static_cast<double*>(factor->x), factor->xsize}, space) >
           kLeastConditioning;
  }

  void substitute(Maps& maps) {
    if (!cholmod_solve2(
            CHOLMOD_A, factor, right, nullptr, &solution, nullptr, &work_y, &work_e, &common))
      require<void>(nullptr);
    const auto* found = static_cast<const double*>(solution->x);
    maps.resize(count * kOf, 3);
    for (std::size_t j = 0; j < vertex_at.size(); ++j)
      for (Eigen::Index axis = 0; axis < 3; ++axis)
        for (Eigen::Index r = 0; r < kOf; ++r)
          maps(vertex_at[j] * kOf + r, axis) = found[static_cast<std::size_t>(axis) * matrix->nrow +
                                                     j * kOf + static_cast<std::size_t>(r)];
  }

  Eigen::Index count;
  cholmod_common common = {};
  std::vector<int> vertex_at, place_of, degree;  // by place, by vertex, by place
  std::vector<double> space;
  cholmod_sparse* matrix = nullptr;
  cholmod_factor* factor = nullptr;
  cholmod_dense *right = nullptr, *solution = nullptr, *work_y = nullptr, *work_e = nullptr;
};

MapSolver::MapSolver(Eigen::Index vertices, const std::vector<Edge>& edges)
    : state_(std::make_unique<State>(vertices, edges)) {}

MapSolver::~MapSolver() = default;

void MapSolver::assemble(const MapProblem& problem) { state_->assemble(problem); }

bool MapSolver::factorise() { return state_->factorise(); }

bool MapSolver::solve(const MapProblem& problem, Maps& maps) {
  assemble(problem);
  if (!factorise()) return false;
  state_->substitute(maps);
  return true;
}

double MapSolver::factor_nonzeros() const { return static_cast<double>(state_->factor->xsize); }

}  // namespace mien
