// Errors of predicted numbers, with intervals that draw people instead of images.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "harness/core/pack.h"
#include "harness/core/statistics.h"

namespace mien {

struct Estimate {
  double value;
  Interval interval;  // 95 %; both NaN where nothing is known of how people differ
};

/// Who a bootstrap draws, per row: its person; a row of nobody known is a person of its own.
std::vector<std::int64_t> people(const Pack& pack, const std::vector<std::int64_t>& rows);

/// Of values [N].
Estimate mean_error(const torch::Tensor& values, const std::vector<std::int64_t>& groups);

/// Of differences [N, K].
Estimate root_mean_square(const torch::Tensor& differences,
                          const std::vector<std::int64_t>& groups);

/// Pearson's r of [N, K] and [N, K], mean over the columns whose truth varies; 0 for one whose
/// prediction does not. NaN where no truth varies.
double correlation(const torch::Tensor& predicted, const torch::Tensor& truth);

}  // namespace mien
