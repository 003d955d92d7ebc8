// Known cases, properties, and brute force over small ones.
#include "harness/engine/tasks/nearest_neighbours.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace mien {
namespace {

NumberRows random_rows(std::size_t n, std::size_t width, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  NumberRows rows{width};
  for (std::size_t i = 0; i < n * width; ++i) rows.values.push_back(normal(random));
  return rows;
}

std::vector<std::int64_t> labels_of(std::size_t n, std::int64_t classes) {
  std::vector<std::int64_t> labels(n);
  for (std::size_t i = 0; i < n; ++i) labels[i] = static_cast<std::int64_t>(i * i) % classes;
  return labels;
}

std::vector<float> shares_of(const NumberRows& training,
                             const std::vector<std::int64_t>& labels,
                             const NumberRows& queries,
                             std::size_t k,
                             std::size_t classes) {
  return vote_shares(
      nearest_rows(training, queries, k, 1), std::min(k, training.size()), k, labels, classes);
}

std::size_t largest(const std::vector<float>& shares, std::size_t query, std::size_t classes) {
  const auto begin = shares.begin() + static_cast<std::ptrdiff_t>(query * classes);
  return static_cast<std::size_t>(
      std::max_element(begin, begin + static_cast<std::ptrdiff_t>(classes)) - begin);
}

TEST(Standardiser, MeanZeroDeviationOneOfItsOwnRows) {
  NumberRows rows = random_rows(50, 3, 1);
  for (std::size_t i = 0; i < rows.size(); ++i) rows.values[i * 3] = 1000 + 7 * rows.values[i * 3];
  const NumberRows same = Standardiser(rows)(rows);
  for (std::size_t j = 0; j < 3; ++j) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < 50; ++i) sum += same.row(i)[j];
    for (std::size_t i = 0; i < 50; ++i) squares += same.row(i)[j] * same.row(i)[j];
    EXPECT_NEAR(sum, 0, 1e-9);
    EXPECT_NEAR(squares / 50, 1, 1e-9);
  }
}

TEST(Standardiser, ConstantColumnsAreOnlyShifted) {
  const NumberRows rows{2, {0.1, 1, 0.1, 2, 0.1, 4}};
  const NumberRows queries{2, {0.1, 1, 3.1, 1}};
  const NumberRows answer = Standardiser(rows)(queries);
  EXPECT_EQ(answer.row(0)[0], 0);
  EXPECT_NEAR(answer.row(1)[0], 3, 1e-12);
  EXPECT_EQ(Standardiser({1, {5}})({1, {5, 6}}).values, (std::vector<double>{0, 1})) << "one row";
}

TEST(NearestRows, AreThoseOfASortOverAll) {
  const NumberRows training = random_rows(2500, 29, 2), queries = random_rows(20, 29, 3);
  const std::vector<std::uint32_t> nearest = nearest_rows(training, queries, 11, 2);
  ASSERT_EQ(nearest.size(), 20u * 11);
  for (std::size_t q = 0; q < 20; ++q) {
    std::vector<std::pair<double, std::uint32_t>> all;
    for (std::uint32_t i = 0; i < 2500; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < 29; ++j)
        sum += std::pow(training.row(i)[j] - queries.row(q)[j], 2);
      all.emplace_back(sum, i);
    }
    std::sort(all.begin(), all.end());
    for (std::size_t i = 0; i < 11; ++i) EXPECT_EQ(nearest[q * 11 + i], all[i].second);
  }
}

TEST(NearestRows, EqualDistancesKeepTheOrderOfRows) {
  const NumberRows training{1, {3, 1, -1, 1, 9, -1}};
  EXPECT_EQ(nearest_rows(training, {1, {0}}, 4, 1), (std::vector<std::uint32_t>{1, 2, 3, 5}));
}

TEST(NearestRows, NoMoreThanThereAre) {
  EXPECT_EQ(nearest_rows({1, {3, 1}}, {1, {0, 9}}, 1000, 1),
            (std::vector<std::uint32_t>{1, 0, 0, 1}));
  EXPECT_TRUE(nearest_rows({1, {3, 1}}, {1, {}}, 5, 1).empty());
}

TEST(Majority, MostVotesElseTheFirst) {
  EXPECT_EQ(majority(std::vector<std::int64_t>{3, 1, 1}, 4), 1);
  EXPECT_EQ(majority(std::vector<std::int64_t>{3, 1, 1, 3}, 4), 3);
  EXPECT_EQ(majority(std::vector<std::int64_t>{2}, 4), 2);
}

TEST(VoteShares, NearestOfItsOwnTrainingPointsIsPerfect) {
  const NumberRows training = random_rows(300, 29, 4);
  const std::vector<std::int64_t> labels = labels_of(300, 7);
  const std::vector<float> shares = shares_of(training, labels, training, 1, 7);
  for (std::size_t i = 0; i < 300; ++i)
    EXPECT_EQ(largest(shares, i, 7), static_cast<std::size_t>(labels[i]));
}

TEST(VoteShares, SumToOneAndDoNotDependOnTheOrderOfRows) {
  const NumberRows training = random_rows(200, 5, 5), queries = random_rows(50, 5, 6);
  const std::vector<std::int64_t> labels = labels_of(200, 4);
  std::vector<std::size_t> order(200);
  std::iota(order.begin(), order.end(), 0u);
  std::shuffle(order.begin(), order.end(), std::mt19937(7));
  NumberRows shuffled{5};
  std::vector<std::int64_t> shuffled_labels;
  for (const std::size_t i : order) {
    shuffled.values.insert(shuffled.values.end(), training.row(i).begin(), training.row(i).end());
    shuffled_labels.push_back(labels[i]);
  }
  for (const std::size_t k : {1u, 4u, 9u, 200u, 1000u}) {
    const std::vector<float> shares = shares_of(training, labels, queries, k, 4);
    EXPECT_EQ(shares, shares_of(shuffled, shuffled_labels, queries, k, 4)) << k;
    for (std::size_t q = 0; q < 50; ++q)
      EXPECT_NEAR(std::accumulate(&shares[q * 4], &shares[q * 4] + 4, 0.f), 1, 1e-6);
  }
}

TEST(VoteShares, OfATieTheNearestWins) {
  const NumberRows training{1, {10, 1, 2, 11, 30}};
  const std::vector<std::int64_t> labels = {0, 2, 2, 0, 1};
  const std::vector<float> shares = shares_of(training, labels, {1, {0, 12}}, 4, 3);
  EXPECT_EQ(largest(shares, 0, 3), 2u);
  EXPECT_EQ(largest(shares, 1, 3), 0u);
  EXPECT_NEAR(shares[0], 0.5, 1e-6);
  EXPECT_NEAR(shares[2], 0.5, 1e-6);
  EXPECT_NE(shares[0], shares[2]);
}

TEST(VoteShares, KBeyondAllRowsIsTheShareOfClassesAndAbsentClassesGetNothing) {
  const std::vector<float> shares = shares_of({1, {0, 1, 2, 3}}, {0, 2, 2, 2}, {1, {-5}}, 99, 4);
  EXPECT_EQ(shares, (std::vector<float>{0.25, 0, 0.75, 0}));
}

}  // namespace
}  // namespace mien
