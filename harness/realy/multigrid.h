// Solves the systems of bICP by conjugate gradients with a multigrid preconditioner.
#pragma once

#include <Eigen/Core>
#include <memory>
#include <vector>

#include "harness/realy/map_problem.h"

namespace mien {

/// Holds a hierarchy of coarser graphs, which depends on the edges alone and is built once. Equal
/// calls give equal bits. Not thread-safe.
class Multigrid {
 public:
  /// REQUIRES: `edges` has each edge once and no loops.
  Multigrid(Eigen::Index vertices, const std::vector<Edge>& edges);
  ~Multigrid();
  Multigrid(const Multigrid&) = delete;
  Multigrid& operator=(const Multigrid&) = delete;

  /// Solves `problem` into `maps`, starting at the identity maps. Returns false if the system is
  /// nearly singular or convergence is slow; `maps` is then meaningless.
  bool solve(const MapProblem& problem, Maps& maps);

  /// Returns the number of iterations of the last solve.
  int iterations() const;

  /// Computes the matrices of all levels, which is the first step of `solve`; for benchmarks.
  bool assemble(const MapProblem& problem);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mien
