// Least squares over the vertices of a mesh by conjugate gradients and a ladder of coarser graphs.
#pragma once

#include <Eigen/Core>
#include <memory>
#include <vector>

#include "harness/mesh/map_problem.h"

namespace mien {

/// The ladder depends on the edges alone and is built once. Equal calls give equal bits. One thread
/// at a time.
class Multigrid {
 public:
  /// `edges`: each once, without loops.
  Multigrid(Eigen::Index vertices, const std::vector<Edge>& edges);
  ~Multigrid();
  Multigrid(const Multigrid&) = delete;
  Multigrid& operator=(const Multigrid&) = delete;

  /// Solves into `maps`, beginning at maps that move nothing; false where the system is nearly
  /// singular or the error does not fall fast: `maps` is then of no use.
  bool solve(const MapProblem& problem, Maps& maps);

  int iterations() const;  // of the last solve

  /// The beginning of `solve`, for benchmarks: the numbers of all levels; false as there.
  bool assemble(const MapProblem& problem);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mien
