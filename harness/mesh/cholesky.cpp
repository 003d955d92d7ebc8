#include "harness/mesh/cholesky.h"

#include <dlfcn.h>
#include <suitesparse/cholmod.h>

#include <algorithm>

#include "harness/core/error.h"

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

/// CHOLMOD's objects of one system.
struct System {
  System() {
    keep_to_one_thread();
    cholmod_start(&common);
    common.print = 0;
    common.supernodal = CHOLMOD_SUPERNODAL;
  }
  System(const System&) = delete;
  System& operator=(const System&) = delete;
  ~System() {
    cholmod_free_dense(&right, &common);
    cholmod_free_dense(&solution, &common);
    cholmod_free_factor(&factor, &common);
    cholmod_free_sparse(&matrix, &common);
    cholmod_free_triplet(&entries, &common);
    cholmod_finish(&common);
  }

  cholmod_common common = {};
  cholmod_triplet* entries = nullptr;  // of the lower triangle; those of one place are added
  cholmod_sparse* matrix = nullptr;
  cholmod_factor* factor = nullptr;
  cholmod_dense *right = nullptr, *solution = nullptr;
};

void add(cholmod_triplet& entries, std::size_t row, std::size_t column, double value) {
  static_cast<int*>(entries.i)[entries.nnz] = static_cast<int>(row);
  static_cast<int*>(entries.j)[entries.nnz] = static_cast<int>(column);
  static_cast<double*>(entries.x)[entries.nnz++] = value;
}

void assemble(const MapProblem& problem, const std::vector<Edge>& edges, System& system) {
  const auto n = static_cast<std::size_t>(problem.h.rows()), size = n * kOf;
  system.entries = require(cholmod_allocate_triplet(
      size, size, n * 10 + edges.size() * 3 * kOf, -1, CHOLMOD_REAL, &system.common));
  system.right = require(cholmod_zeros(size, 3, CHOLMOD_REAL, &system.common));
  auto* right = static_cast<double*>(system.right->x);
  for (std::size_t v = 0; v < n; ++v) {
    const auto i = static_cast<Eigen::Index>(v);
    const double ridge = problem.ridge.size() > 0 ? problem.ridge[i] : 0;
    for (std::size_t r = 0; r < kOf; ++r) {
      const double h = problem.weights[i] * problem.h(i, static_cast<Eigen::Index>(r));
      for (std::size_t s = 0; s <= r; ++s)
        add(*system.entries,
            v * kOf + r,
            v * kOf + s,
            h * problem.h(i, static_cast<Eigen::Index>(s)) + (r == s ? ridge : 0));
      for (std::size_t axis = 0; axis < 3; ++axis)
        right[axis * size + v * kOf + r] =
            h * problem.targets(i, static_cast<Eigen::Index>(axis)) + (axis == r ? ridge : 0);
    }
  }
  for (const auto& [a, b] : edges) {
    const auto low = static_cast<std::size_t>(std::min(a, b));
    const auto high = static_cast<std::size_t>(std::max(a, b));
    for (std::size_t r = 0; r < kOf; ++r) {
      for (const std::size_t end : {low, high})
        add(*system.entries, end * kOf + r, end * kOf + r, problem.stiffness[r]);
      add(*system.entries, high * kOf + r, low * kOf + r, -problem.stiffness[r]);
    }
  }
  system.matrix = require(cholmod_triplet_to_sparse(system.entries, 0, &system.common));
}

}  // namespace

bool solve_by_cholesky(const MapProblem& problem, const std::vector<Edge>& edges, Maps& maps) {
  System system;
  cholmod_common& common = system.common;
  assemble(problem, edges, system);
  system.factor = require(cholmod_analyze(system.matrix, &common));
  if (!cholmod_factorize(system.matrix, system.factor, &common) &&
      common.status == CHOLMOD_OUT_OF_MEMORY)
    require<void>(nullptr);
  if (common.status != CHOLMOD_OK || system.factor->minor != system.factor->n ||
      cholmod_rcond(system.factor, &common) <= kLeastConditioning)
    return false;
  system.solution = require(cholmod_solve(CHOLMOD_A, system.factor, system.right, &common));
  maps = Eigen::Map<const Maps>(
      static_cast<const double*>(system.solution->x), problem.h.rows() * kOf, 3);
  return true;
}

}  // namespace mien
