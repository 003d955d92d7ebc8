#include "harness/base/statistics.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <numeric>

#include "harness/base/error.h"
#include "harness/base/random.h"

namespace mien {

Interval wilson(std::int64_t k, std::int64_t n, double confidence) {
  MIEN_ASSERT(0 <= k && k <= n && n > 0);
  const double z = boost::math::quantile(boost::math::normal(), 0.5 + confidence / 2);
  const double count = static_cast<double>(n), p = static_cast<double>(k) / count, z2 = z * z;
  const double centre = (p + z2 / (2 * count)) / (1 + z2 / count);
  const double half =
      z / (1 + z2 / count) * std::sqrt(p * (1 - p) / count + z2 / (4 * count * count));
  return {k == 0 ? 0.0 : centre - half, k == n ? 1.0 : centre + half};
}

Interval difference(Proportion a, Proportion b, double confidence) {
  const auto share = [](Proportion p) {
    return static_cast<double>(p.k) / static_cast<double>(p.n);
  };
  const double first = share(a), second = share(b);
  const Interval of_a = wilson(a.k, a.n, confidence), of_b = wilson(b.k, b.n, confidence);
  return {first - second - std::hypot(first - of_a.lower, of_b.upper - second),
          first - second + std::hypot(of_a.upper - first, second - of_b.lower)};
}

double mcnemar(std::int64_t first, std::int64_t second) {
  MIEN_ASSERT(first >= 0 && second >= 0);
  if (first == second) return 1;
  const boost::math::binomial fair(static_cast<double>(first + second), 0.5);
  return std::min(1.0, 2 * boost::math::cdf(fair, static_cast<double>(std::min(first, second))));
}

Interval mean_interval(std::span<const double> values, double confidence) {
  MIEN_ASSERT(values.size() >= 2);
  const double count = static_cast<double>(values.size());
  const boost::math::students_t distribution(count - 1);
  const double t = boost::math::quantile(distribution, 0.5 + confidence / 2);
  const double half = t * standard_deviation(values) / std::sqrt(count);
  return {mean(values) - half, mean(values) + half};
}

double quantile(std::span<const double> values, double q) {
  MIEN_ASSERT(!values.empty() && 0 <= q && q <= 1);
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double place = q * static_cast<double>(sorted.size() - 1);
  const std::size_t below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

std::optional<Interval> bootstrap_mean(std::span<const double> values,
                                       std::span<const std::int64_t> groups,
                                       std::uint64_t seed,
                                       int draws) {
  MIEN_ASSERT(values.size() == groups.size() && draws > 0);
  struct Sum {
    double total = 0, count = 0;
  };
  std::map<std::int64_t, Sum> by_group;
  for (std::size_t i = 0; i < values.size(); ++i) {
    by_group[groups[i]].total += values[i];
    by_group[groups[i]].count += 1;
  }
  if (by_group.size() < 2) return std::nullopt;
  std::vector<Sum> sums;
  for (const auto& [group, sum] : by_group) sums.push_back(sum);
  SplitMix random(seed);
  std::vector<double> means;
  for (int draw = 0; draw < draws; ++draw) {
    Sum drawn;
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const Sum& sum = sums[random.below(sums.size())];
      drawn.total += sum.total;
      drawn.count += sum.count;
    }
    means.push_back(drawn.total / drawn.count);
  }
  return Interval{quantile(means, 0.025), quantile(means, 0.975)};
}

double mean(std::span<const double> values) {
  MIEN_ASSERT(!values.empty());
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  MIEN_ASSERT(values.size() >= 2);
  const double centre = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - centre) * (value - centre);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

ClassScores score(const Confusion& confusion, std::size_t classes) {
  MIEN_ASSERT(confusion.size() == classes * classes);
  ClassScores scores;
  double recalls = 0, f1s = 0;
  int present = 0;  // classes with samples
  for (std::size_t c = 0; c < classes; ++c) {
    std::int64_t truths = 0, predictions = 0;
    for (std::size_t other = 0; other < classes; ++other) {
      truths += confusion[c * classes + other];
      predictions += confusion[other * classes + c];
    }
    if (truths == 0) continue;
    const double hits = static_cast<double>(confusion[c * classes + c]);
    ++present;
    scores.correct += confusion[c * classes + c];
    scores.total += truths;
    recalls += hits / static_cast<double>(truths);
    f1s += 2.0 * hits / (static_cast<double>(truths) + static_cast<double>(predictions));
  }
  if (present == 0) return scores;
  scores.accuracy = static_cast<double>(scores.correct) / static_cast<double>(scores.total);
  scores.unweighted_average_recall = recalls / present;
  scores.macro_f1 = f1s / present;
  return scores;
}

}  // namespace mien
