// Least squares over the vertices of a mesh by CHOLMOD: slow, and sure of what is singular.
#pragma once

#include <vector>

#include "harness/mesh/map_problem.h"

namespace mien {

/// Solves into `maps`; false where the normal matrix is not (numerically) positive definite.
/// `edges`: each once, without loops. Equal calls give equal bits.
bool solve_by_cholesky(const MapProblem& problem, const std::vector<Edge>& edges, Maps& maps);

}  // namespace mien
