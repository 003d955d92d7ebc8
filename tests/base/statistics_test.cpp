// Known values, properties, and brute force over small cases.
#include "harness/base/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace mien {
namespace {

TEST(Wilson, KnownValues) {
  const Interval eight = wilson(8, 10);
  EXPECT_NEAR(eight.lower, 0.4902, 5e-5);
  EXPECT_NEAR(eight.upper, 0.9433, 5e-5);
  const Interval none = wilson(0, 10);
  EXPECT_EQ(none.lower, 0);
  EXPECT_NEAR(none.upper, 0.2775, 5e-5);
  // Half-width of FER2013's test split at 65 %: 1.56 points.
  const Interval fer = wilson(2333, 3589);
  EXPECT_NEAR((fer.upper - fer.lower) / 2, 0.0156, 5e-5);
}

/// The interval is, by definition, where |p - k/n| <= z sqrt(p (1 - p) / n).
TEST(Wilson, EndsSolveTheScoreEquation) {
  const double z = 1.959963984540054;
  for (std::int64_t n = 1; n <= 60; ++n)
    for (std::int64_t k = 0; k <= n; ++k) {
      const Interval interval = wilson(k, n);
      const double share = static_cast<double>(k) / static_cast<double>(n);
      for (const double p : {interval.lower, interval.upper}) {
        if (p == 0 || p == 1) continue;
        EXPECT_NEAR(std::abs(p - share), z * std::sqrt(p * (1 - p) / static_cast<double>(n)), 1e-9);
      }
    }
}

TEST(Wilson, StaysInsideHoldsTheShareAndMirrors) {
  for (std::int64_t n = 1; n <= 40; ++n)
    for (std::int64_t k = 0; k <= n; ++k) {
      const Interval interval = wilson(k, n), mirror = wilson(n - k, n);
      const double share = static_cast<double>(k) / static_cast<double>(n);
      EXPECT_LE(0, interval.lower);
      EXPECT_LE(interval.lower, share);
      EXPECT_LE(share, interval.upper);
      EXPECT_LE(interval.upper, 1);
      EXPECT_NEAR(interval.lower, 1 - mirror.upper, 1e-12);
    }
}

TEST(Wilson, NarrowsWithSamplesAndWidensWithConfidence) {
  for (std::int64_t n = 10; n <= 10'000; n *= 10) {
    const Interval few = wilson(n * 7 / 10, n), many = wilson(n * 7, n * 10);
    EXPECT_LT(many.upper - many.lower, few.upper - few.lower);
    const Interval sure = wilson(n * 7 / 10, n, 0.99);
    EXPECT_GT(sure.upper - sure.lower, few.upper - few.lower);
  }
}

TEST(Difference, KnownValueAndSymmetry) {
  const Interval found = difference({56, 70}, {48, 80});
  EXPECT_NEAR(found.lower, 0.0524, 5e-5);
  EXPECT_NEAR(found.upper, 0.3339, 5e-5);
  const Interval turned = difference({48, 80}, {56, 70});
  EXPECT_NEAR(turned.lower, -found.upper, 1e-12);
  const Interval same = difference({5, 10}, {5, 10});
  EXPECT_NEAR(same.lower, -same.upper, 1e-12);
}

TEST(Difference, HoldsTheTrueOneAboutAsOftenAsItSays) {
  std::mt19937 random(5);
  const auto draw = [&](int n, double p) {
    std::int64_t k = 0;
    for (int i = 0; i < n; ++i) k += std::generate_canonical<double, 32>(random) < p;
    return k;
  };
  int held = 0;
  constexpr int kTries = 2000;
  for (int i = 0; i < kTries; ++i) {
    const Interval found = difference({draw(60, 0.8), 60}, {draw(90, 0.6), 90});
    held += found.lower <= 0.2 && 0.2 <= found.upper;
  }
  EXPECT_NEAR(held / double(kTries), 0.95, 0.02);
}

/// Averaged over p, the interval holds the true share about as often as it says.
TEST(Wilson, CoversTheTruth) {
  const std::int64_t n = 50;
  double coverage = 0;
  int points = 0;
  for (double p = 0.05; p < 0.96; p += 0.05, ++points) {
    double probability = std::pow(1 - p, n);  // of k hits, from k = 0 on
    for (std::int64_t k = 0; k <= n; ++k) {
      const Interval interval = wilson(k, n);
      if (interval.lower <= p && p <= interval.upper) coverage += probability;
      probability *= static_cast<double>(n - k) / static_cast<double>(k + 1) * p / (1 - p);
    }
  }
  EXPECT_NEAR(coverage / points, 0.95, 0.01);
}

TEST(MeanInterval, KnownValue) {
  // t(0.975, 4) = 2.776445, sd = sqrt(2.5), n = 5.
  const Interval interval = mean_interval(std::vector<double>{1, 2, 3, 4, 5});
  EXPECT_NEAR(interval.upper - 3, 2.776445 * std::sqrt(2.5 / 5), 1e-6);
  EXPECT_NEAR(interval.lower + interval.upper, 6, 1e-12);
}

TEST(MeanInterval, IsAPointForEqualValues) {
  const Interval interval = mean_interval(std::vector<double>{2, 2, 2});
  EXPECT_EQ(interval.lower, 2);
  EXPECT_EQ(interval.upper, 2);
}

TEST(Quantile, TypeSeven) {
  const std::vector<double> values = {4, 1, 3, 2};
  EXPECT_DOUBLE_EQ(quantile(values, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(values, 1), 4);
  EXPECT_DOUBLE_EQ(median(values), 2.5);
  EXPECT_DOUBLE_EQ(quantile(values, 0.25), 1.75);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{7}), 7);
}

TEST(Quantile, IsMonotoneAndIgnoresOrder) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(-5, 5);
  for (int round = 0; round < 50; ++round) {
    std::vector<double> values(1 + static_cast<std::size_t>(round));
    for (double& value : values) value = uniform(random);
    std::vector<double> shuffled = values;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    double before = -10;
    for (double q = 0; q <= 1; q += 0.0625) {
      EXPECT_EQ(quantile(values, q), quantile(shuffled, q));
      EXPECT_LE(before, quantile(values, q));
      before = quantile(values, q);
    }
  }
}

TEST(Bootstrap, DrawsWholeGroups) {
  // Each group repeats one value ten times: the interval must be that of ten values, not of
  // hundred.
  std::mt19937 random(3);
  std::normal_distribution<double> normal(2, 1);
  std::vector<double> values, few;
  std::vector<std::int64_t> groups, alone;
  for (int g = 0; g < 20; ++g) {
    few.push_back(normal(random));
    for (int i = 0; i < 10; ++i) {
      values.push_back(few.back());
      groups.push_back(100 - g);
      alone.push_back(std::ssize(alone));
    }
  }
  const Interval grouped = *bootstrap_mean(values, groups), naive = *bootstrap_mean(values, alone);
  const Interval t = mean_interval(few);
  EXPECT_NEAR(grouped.upper - grouped.lower, t.upper - t.lower, 0.2 * (t.upper - t.lower));
  EXPECT_GT(grouped.upper - grouped.lower, 2.5 * (naive.upper - naive.lower));
  EXPECT_LT(grouped.lower, mean(values));
  EXPECT_GT(grouped.upper, mean(values));
  const Interval again = *bootstrap_mean(values, groups);
  EXPECT_EQ(grouped.lower, again.lower);
  EXPECT_EQ(grouped.upper, again.upper);
}

TEST(Bootstrap, OneGroupSaysNothing) {
  const std::vector<double> values = {1, 2, 3};
  EXPECT_FALSE(bootstrap_mean(values, std::vector<std::int64_t>{7, 7, 7}));
  EXPECT_FALSE(bootstrap_mean({}, {}));
}

TEST(Score, MatchesBruteForceOverSamples) {
  std::mt19937 random(2);
  for (int round = 0; round < 50; ++round) {
    const std::size_t classes = 2 + random() % 5;
    Confusion confusion(classes * classes);
    std::vector<std::pair<std::size_t, std::size_t>> samples;
    for (int i = 0; i < 40; ++i) {
      samples.emplace_back(random() % classes, random() % classes);
      ++confusion[samples.back().first * classes + samples.back().second];
    }
    const ClassScores scores = score(confusion, classes);
    double hits = 0, recalls = 0, f1s = 0, present = 0;
    for (const auto& [truth, predicted] : samples) hits += truth == predicted;
    for (std::size_t c = 0; c < classes; ++c) {
      double both = 0, truths = 0, found = 0;
      for (const auto& [truth, predicted] : samples) {
        both += truth == c && predicted == c;
        truths += truth == c;
        found += predicted == c;
      }
      if (truths == 0) continue;
      ++present;
      recalls += both / truths;
      const double precision = found > 0 ? both / found : 0, recall = both / truths;
      f1s += precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
    }
    EXPECT_DOUBLE_EQ(scores.accuracy, hits / 40);
    EXPECT_NEAR(scores.unweighted_average_recall, recalls / present, 1e-12);
    EXPECT_NEAR(scores.macro_f1, f1s / present, 1e-12);
  }
}

TEST(Score, WithoutSamplesIsZero) {
  const ClassScores scores = score(Confusion(4), 2);
  EXPECT_EQ(scores.total, 0);
  EXPECT_EQ(scores.unweighted_average_recall, 0);
}

/// 2 * sum of the smaller tail of Binomial(n, 1/2), by hand.
TEST(McNemar, IsTheExactBinomial) {
  EXPECT_EQ(mcnemar(0, 0), 1);
  EXPECT_EQ(mcnemar(4, 4), 1);
  EXPECT_DOUBLE_EQ(mcnemar(0, 1), 1);
  EXPECT_DOUBLE_EQ(mcnemar(0, 5), 2.0 / 32);
  EXPECT_DOUBLE_EQ(mcnemar(5, 0), 2.0 / 32);
  EXPECT_DOUBLE_EQ(mcnemar(1, 7), 2.0 * (1 + 8) / 256);
  EXPECT_NEAR(mcnemar(101, 59), 0.00112, 1e-5) << "chi-squared with continuity gives 0.00119";
}

}  // namespace
}  // namespace mien
