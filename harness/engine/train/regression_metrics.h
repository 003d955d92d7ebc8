// Errors of predicted numbers. Their intervals resample people, because images of one person are
// not independent.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "harness/base/statistics.h"
#include "harness/task/pack.h"

namespace mien {

struct Estimate {
  double value;
  std::optional<Interval> interval;  // 95 %; none for fewer than two people
};

/// Returns the person of every row of the pack, the group that a bootstrap draws. A row whose
/// person is unknown is a group of its own.
std::vector<std::int64_t> people(const Pack& pack, const std::vector<std::int64_t>& rows);

/// Computes the mean of `values` [N]. `groups` are those of people().
Estimate mean_error(const torch::Tensor& values, const std::vector<std::int64_t>& groups);

/// Computes the root mean square of `differences` [N, K] over all samples and columns. `groups` are
/// those of people().
Estimate root_mean_square(const torch::Tensor& differences,
                          const std::vector<std::int64_t>& groups);

/// Computes Pearson's r of `predicted` [N, K] and `truth` [N, K] per column, and returns the mean
/// over the columns whose truth varies. A column whose prediction does not vary counts as 0.
/// Returns nothing if no column's truth varies.
std::optional<double> correlation(const torch::Tensor& predicted, const torch::Tensor& truth);

}  // namespace mien
