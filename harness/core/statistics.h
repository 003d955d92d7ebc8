// Intervals and order statistics; pure functions, no state. Quantiles come from Boost.Math.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace mien {

struct Interval {
  double lower;
  double upper;
};

/// Wilson score interval of a proportion k/n. REQUIRES: 0 <= k <= n, n > 0, 0 < confidence < 1.
/// (Wilson 1927, J. Am. Stat. Assoc. 22, 209-212.)
Interval wilson(std::int64_t k, std::int64_t n, double confidence = 0.95);

/// Interval of the difference a - b of two proportions, from their Wilson intervals. REQUIRES: as
/// for wilson. (Newcombe 1998, Statistics in Medicine 17, 873-890, method 10.)
struct Proportion {
  std::int64_t k, n;
};
Interval difference(Proportion a, Proportion b, double confidence = 0.95);

/// Two-sided p of McNemar's test, exact: of samples that one of two classifiers has right and the
/// other wrong, `first` are right by the first only, `second` by the second only. 1 where there are
/// none. (McNemar 1947, Psychometrika 12, 153-157; the binomial, not its normal approximation.)
double mcnemar(std::int64_t first, std::int64_t second);

/// Student-t interval of the mean. REQUIRES: at least two values.
Interval mean_interval(std::span<const double> values, double confidence = 0.95);

/// Linear-interpolation quantile (type 7 of Hyndman & Fan 1996). REQUIRES: values not empty,
/// 0 <= q <= 1. Order of `values` does not matter.
double quantile(std::span<const double> values, double q);
inline double median(std::span<const double> values) { return quantile(values, 0.5); }

/// Percentile-bootstrap 95 % interval of the mean of `values` where those of one group hang
/// together: whole groups (people, say) are drawn with replacement, and a value counts as often as
/// its group was drawn. Deterministic in `seed`. REQUIRES: as many groups as values. Both NaN for
/// fewer than two different groups: nothing says how people differ. (Efron & Tibshirani 1993,
/// chapters 8, 13.)
Interval bootstrap_mean(std::span<const double> values,
                        std::span<const std::int64_t> groups,
                        std::uint64_t seed = 1,
                        int draws = 2000);

double mean(std::span<const double> values);
/// Sample standard deviation (n - 1). REQUIRES: at least two values.
double standard_deviation(std::span<const double> values);

/// counts[truth * classes + predicted].
using Confusion = std::vector<std::int64_t>;

/// What a confusion matrix says. Per-class figures of a class without samples are NaN and are left
/// out of the means.
struct ClassScores {
  std::int64_t correct = 0;
  std::int64_t total = 0;
  double accuracy = 0;                   // fraction
  double unweighted_average_recall = 0;  // mean of per-class recalls (UAR)
  double macro_f1 = 0;
  std::vector<double> recall;
};
ClassScores score(const Confusion& confusion, std::size_t classes);

}  // namespace mien
