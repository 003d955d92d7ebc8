// Solves the systems of bICP by a sparse Cholesky factorisation: slow, but it recognises singular
// systems reliably.
#pragma once

#include <vector>

#include "harness/realy/map_problem.h"

namespace mien {

/// Solves `problem` into `maps`. Returns false if the normal matrix is not (numerically) positive
/// definite. Equal calls give equal bits. REQUIRES: `edges` has each edge once and no loops.
bool solve_by_cholesky(const MapProblem& problem, const std::vector<Edge>& edges, Maps& maps);

}  // namespace mien
