// Intervals, tests and order statistics. All functions are pure. Boost.Math supplies the quantiles
// of the distributions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace mien {

struct Interval {
  double lower;
  double upper;
};

/// Returns the lower (upper) end of an interval; nothing where there is no interval.
inline std::optional<double> lower_end(const std::optional<Interval>& interval) {
  return interval ? std::optional(interval->lower) : std::nullopt;
}
inline std::optional<double> upper_end(const std::optional<Interval>& interval) {
  return interval ? std::optional(interval->upper) : std::nullopt;
}

/// Returns the Wilson score interval of the proportion k/n. REQUIRES: 0 <= k <= n, n > 0, 0 <
/// confidence < 1. (Wilson 1927, J. Am. Stat. Assoc. 22, 209-212.)
Interval wilson(std::int64_t k, std::int64_t n, double confidence = 0.95);

struct Proportion {
  std::int64_t k, n;
};
/// Returns the interval of the difference a - b of two proportions, from their Wilson intervals.
/// REQUIRES: as for wilson. (Newcombe 1998, Statistics in Medicine 17, 873-890, method 10.)
Interval difference(Proportion a, Proportion b, double confidence = 0.95);

/// Returns the two-sided p of McNemar's test. `first` is the number of samples that only the first
/// of two classifiers gets right, `second` the number that only the second gets right. Without such
/// samples p is 1. The test is the exact binomial, not its normal approximation. (McNemar 1947,
/// Psychometrika 12, 153-157.)
double mcnemar(std::int64_t first, std::int64_t second);

/// Returns the Student-t interval of the mean. REQUIRES: at least two values.
Interval mean_interval(std::span<const double> values, double confidence = 0.95);

/// Returns a quantile by linear interpolation (type 7 of Hyndman & Fan 1996). The order of `values`
/// does not matter. REQUIRES: values not empty, 0 <= q <= 1.
double quantile(std::span<const double> values, double q);
inline double median(std::span<const double> values) { return quantile(values, 0.5); }

/// Percentile-bootstrap 95 % interval of the mean of `values` where those of one group hang
/// together: whole groups (people, say) are drawn with replacement, and a value counts as often as
/// its group was drawn. Deterministic in `seed`. REQUIRES: as many groups as values. Returns
/// nothing for fewer than two different groups: nothing says how people differ. (Efron & Tibshirani
/// 1993, chapters 8, 13.)
std::optional<Interval> bootstrap_mean(std::span<const double> values,
                                       std::span<const std::int64_t> groups,
                                       std::uint64_t seed = 1,
                                       int draws = 2000);

/// Returns the mean. REQUIRES: values not empty.
double mean(std::span<const double> values);
/// Returns the sample standard deviation (n - 1). REQUIRES: at least two values.
double standard_deviation(std::span<const double> values);

/// Numbers of samples: confusion[truth * classes + predicted].
using Confusion = std::vector<std::int64_t>;

/// Scores of a confusion matrix. Means over classes leave out classes without samples. Without any
/// sample all scores are 0.
struct ClassScores {
  std::int64_t correct = 0;
  std::int64_t total = 0;
  double accuracy = 0;                   // fraction
  double unweighted_average_recall = 0;  // mean of per-class recalls (UAR)
  double macro_f1 = 0;
};
/// Computes the scores. REQUIRES: confusion.size() == classes * classes.
ClassScores score(const Confusion& confusion, std::size_t classes);

}  // namespace mien
