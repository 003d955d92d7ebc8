// A linear SVM on points whose classes are known.
#include "harness/engine/tasks/linear_svm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace mien {
namespace {

using Labels = std::vector<std::int64_t>;

/// `each` points around every one of three corners of a triangle; class after class.
NumberRows blobs(std::size_t each, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, 0.3);
  NumberRows rows{2};
  for (const auto& [x, y] : {std::pair(-2., 0.), {2., 0.}, {0., 3.}})
    for (std::size_t i = 0; i < each; ++i) {
      rows.values.push_back(x + normal(random));
      rows.values.push_back(y + normal(random));
    }
  return rows;
}

Labels labels_of(std::size_t each, const Labels& classes) {
  Labels labels;
  for (const std::int64_t one : classes) labels.insert(labels.end(), each, one);
  return labels;
}

Labels answers(const std::vector<float>& scores, std::size_t classes) {
  Labels answers;
  for (auto row = scores.begin(); row != scores.end(); row += static_cast<std::ptrdiff_t>(classes))
    answers.push_back(std::max_element(row, row + static_cast<std::ptrdiff_t>(classes)) - row);
  return answers;
}

TEST(Svm, TellsSeparateBlobsApart) {
  const NumberRows training = blobs(40, 1), others = blobs(25, 2);
  const std::vector<float> scores = svm_scores(training, labels_of(40, {0, 1, 2}), 3, 1, others);
  EXPECT_EQ(answers(scores, 3), labels_of(25, {0, 1, 2}));
  EXPECT_EQ(scores, svm_scores(training, labels_of(40, {0, 1, 2}), 3, 1, others)) << "same bits";
}

TEST(Svm, TwoClassesMirrorEachOther) {
  NumberRows training = blobs(40, 3), queries = blobs(25, 4);
  training.values.resize(160);
  queries.values.resize(100);
  const std::vector<float> scores = svm_scores(training, labels_of(40, {1, 0}), 2, 1, queries);
  EXPECT_EQ(answers(scores, 2), labels_of(25, {1, 0}));
  for (std::size_t i = 0; i < scores.size(); i += 2) EXPECT_EQ(scores[i], -scores[i + 1]);
}

TEST(Svm, DoesNotDependOnTheOrderOfRows) {
  const NumberRows training = blobs(40, 5), queries = blobs(25, 6);
  NumberRows reversed{2};
  for (std::size_t i = training.size(); i-- > 0;)
    reversed.values.insert(reversed.values.end(), training.row(i).begin(), training.row(i).end());
  const std::vector<float> one = svm_scores(training, labels_of(40, {0, 1, 2}), 3, 1, queries);
  const std::vector<float> other = svm_scores(reversed, labels_of(40, {2, 1, 0}), 3, 1, queries);
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(one[i], other[i], 1e-2);
}

TEST(Svm, NeverAnswersAClassThatItHasNotSeen) {
  for (const Labels& seen : {Labels{1, 3, 4}, {4, 1, 1}}) {
    const std::vector<float> scores =
        svm_scores(blobs(20, 7), labels_of(20, seen), 5, 1, blobs(20, 8));
    for (const std::int64_t answer : answers(scores, 5))
      EXPECT_TRUE(std::count(seen.begin(), seen.end(), answer)) << answer;
    for (std::size_t i = 0; i < scores.size(); i += 5)
      EXPECT_LT(scores[i], std::min(scores[i + 1], scores[i + 4]));
  }
}

TEST(Svm, AnswersTheOnlyClassThereIs) {
  const std::vector<float> scores = svm_scores({1, {1, 2}}, Labels{2, 2}, 3, 1, {1, {-9, 9}});
  EXPECT_EQ(scores, (std::vector<float>{0, 0, 1, 0, 0, 1}));
}

TEST(Svm, ConstantColumnsAndFarQueriesGiveFiniteScores) {
  const NumberRows training{2, {0, 1, 0, 1, 0, 1, 0, 1}};
  for (const float score : svm_scores(training, Labels{0, 1, 1, 1}, 3, 1, training))
    EXPECT_TRUE(std::isfinite(score));
  for (const float score :
       svm_scores(blobs(5, 9), labels_of(5, {0, 1, 2}), 4, 1e6, {2, {1e80, -1e80}}))
    EXPECT_TRUE(std::isfinite(score));
}

}  // namespace
}  // namespace mien
