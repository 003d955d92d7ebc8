// A linear support vector machine over short vectors. The only module that uses LIBLINEAR.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/engine/tasks/nearest_neighbours.h"

namespace mien {

/// Fits a linear SVM to the training rows and returns its decision values [queries, classes]. Each
/// class is separated from the rest, with squared hinge loss, L2 penalty and a bias. LIBLINEAR
/// solves the primal problem without random numbers. A class that no training row has gets a value
/// 1 below the lowest of the others. If the training rows have one class only, that class gets 1
/// and the others 0. REQUIRES: one label in [0, classes) per training row, at least one row; equal
/// widths; cost > 0.
std::vector<float> svm_scores(const NumberRows& training,
                              std::span<const std::int64_t> labels,
                              std::size_t classes,
                              double cost,
                              const NumberRows& queries);

}  // namespace mien
