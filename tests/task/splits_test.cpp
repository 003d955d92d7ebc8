// Splits are functions of pack and rule: complete, disjoint, repeatable, and true to their unit.
#include "harness/task/splits.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

using testing::TempDir;

constexpr int kSubjects = 7, kClasses = 3, kFrames = 4;

/// 7 people (ids 10, 13, 16 ...), each one sequence of four frames per class; every 29th image has
/// no label.
Samples people() {
  Samples s;
  s.dataset = "people";
  s.class_names = {"a", "b", "c"};
  s.split_names = {"train", "val", "test"};
  s.height = s.width = 2;
  for (int subject = 0; subject < kSubjects; ++subject)
    for (int label = 0; label < kClasses; ++label)
      for (int frame = 0; frame < kFrames; ++frame) {
        const int row = static_cast<int>(s.labels.size());
        s.labels.push_back(row % 29 == 28 ? -1 : label);
        s.subject.push_back(10 + 3 * subject);
        s.sequence.push_back(subject * kClasses + label);
        s.split.push_back(subject < 4 ? 0 : subject < 5 ? 1 : 2);
        s.ids.push_back(fmt::format("s{}-{}-{}", subject, label, frame));
        for (int pixel = 0; pixel < 4; ++pixel) s.images.push_back(static_cast<std::uint8_t>(row));
      }
  s.manifest = "{}";
  return s;
}

Pack pack_of(const TempDir& dir, const Samples& samples) {
  std::string ignored;
  return Pack(write_pack(dir.path(), samples, ignored));
}

class Splits : public ::testing::Test {
 protected:
  /// Sides are disjoint and hold every labelled row.
  void expect_whole(const Fold& fold) {
    std::set<std::int64_t> seen;
    for (const auto* side : {&fold.train, &fold.validation, &fold.test}) {
      EXPECT_TRUE(std::is_sorted(side->begin(), side->end()));
      for (const std::int64_t row : *side) {
        EXPECT_TRUE(seen.insert(row).second) << "row " << row << " on two sides";
        EXPECT_GE(pack_.labels()[static_cast<std::size_t>(row)], 0);
      }
    }
    std::size_t labelled = 0;
    for (const std::int64_t label : pack_.labels()) labelled += label >= 0;
    EXPECT_EQ(seen.size(), labelled);
  }
  std::set<std::int32_t> keys(std::span<const std::int32_t> of,
                              const std::vector<std::int64_t>& rows) {
    std::set<std::int32_t> found;
    for (const std::int64_t row : rows) found.insert(of[static_cast<std::size_t>(row)]);
    return found;
  }
  bool share(std::span<const std::int32_t> of, const Fold& fold) {
    const auto train = keys(of, fold.train), test = keys(of, fold.test);
    return std::any_of(test.begin(), test.end(), [&](auto key) { return train.contains(key); });
  }

  const TempDir dir_;
  const Pack pack_ = pack_of(dir_, people());
};

TEST_F(Splits, OfficialFollowsTheNames) {
  const SplitRule rule{.train = {"train"}, .validation = {"val"}, .test = {"test"}};
  const Fold fold = make_fold(pack_, rule, 0);
  expect_whole(fold);
  EXPECT_EQ(keys(pack_.subject(), fold.test), (std::set<std::int32_t>{25, 28}));
  EXPECT_EQ(fold_count(pack_, rule), 1);
  EXPECT_TRUE(make_fold(pack_, {.train = {"train"}, .validation = {}, .test = {"test"}}, 0)
                  .validation.empty());
  EXPECT_ERROR(make_fold(pack_, {}, 0), Exit::kUsage, "no split 'Training'");
  EXPECT_ERROR(make_fold(pack_, rule, 1), Exit::kUsage, "fold 2, but official has one only");
}

TEST_F(Splits, SubjectFoldsFollowThePublishedRule) {
  const SplitRule rule{.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSubject, .folds = 3};
  ASSERT_EQ(fold_count(pack_, rule), 3);
  // Ascending ids 10 13 16 19 22 25 28: part 1 holds the first, fourth and seventh.
  const std::set<std::int32_t> parts[] = {{10, 19, 28}, {13, 22}, {16, 25}};
  for (std::int64_t fold = 0; fold < 3; ++fold) {
    const Fold one = make_fold(pack_, rule, fold);
    expect_whole(one);
    EXPECT_EQ(keys(pack_.subject(), one.test), parts[fold]);
    EXPECT_FALSE(share(pack_.subject(), one));
    EXPECT_TRUE(one.validation.empty());
  }
}

TEST_F(Splits, EveryImageIsTestedOnceWhateverTheUnit) {
  for (const SplitUnit unit : {SplitUnit::kImage, SplitUnit::kSequence, SplitUnit::kSubject})
    for (const std::int64_t folds : {2, 5, 7, 0}) {
      if (folds == 0 && unit == SplitUnit::kImage) continue;
      const SplitRule rule{.scheme = SplitScheme::kFolds, .unit = unit, .folds = folds};
      std::map<std::int64_t, int> tested;
      for (std::int64_t fold = 0; fold < fold_count(pack_, rule); ++fold) {
        const Fold one = make_fold(pack_, rule, fold);
        expect_whole(one);
        for (const std::int64_t row : one.test) ++tested[row];
        EXPECT_TRUE(unit == SplitUnit::kImage || !share(pack_.sequence(), one));
      }
      for (const auto& [row, times] : tested) EXPECT_EQ(times, 1) << name_of(rule);
    }
}

TEST_F(Splits, ImageFoldsAreStratifiedAndEven) {
  const SplitRule rule{.scheme = SplitScheme::kFolds, .folds = 5};
  for (std::int64_t fold = 0; fold < 5; ++fold) {
    const Fold one = make_fold(pack_, rule, fold);
    std::map<std::int64_t, int> classes;
    for (const std::int64_t row : one.test)
      ++classes[pack_.labels()[static_cast<std::size_t>(row)]];
    for (const auto& [label, count] : classes) EXPECT_NEAR(count, 27.0 / 5, 1) << label;
    EXPECT_NEAR(static_cast<double>(one.test.size()), 82.0 / 5, 1);
    EXPECT_TRUE(share(pack_.subject(), one)) << "frames of one person on both sides";
  }
}

TEST_F(Splits, LeaveOneOutHasAFoldPerUnit) {
  const SplitRule rule{.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSubject, .folds = 0};
  ASSERT_EQ(fold_count(pack_, rule), kSubjects);
  EXPECT_EQ(keys(pack_.subject(), make_fold(pack_, rule, 6).test), (std::set<std::int32_t>{28}));
  EXPECT_EQ(name_of(rule), "leave-one-subject-out");
  EXPECT_ERROR(make_fold(pack_, rule, 7), Exit::kUsage, "fold 8 of 7");
}

TEST_F(Splits, HoldoutTakesSharesOfEveryClass) {
  const SplitRule rule{
      .scheme = SplitScheme::kHoldout, .validation_share = 0.25, .test_share = 0.5};
  const Fold fold = make_fold(pack_, rule, 0);
  expect_whole(fold);
  EXPECT_NEAR(static_cast<double>(fold.test.size()), 41, 2);
  EXPECT_NEAR(static_cast<double>(fold.validation.size()), 20.5, 1);
}

TEST_F(Splits, HoldoutTakesCountsAndScalesThem) {
  SplitRule rule{.scheme = SplitScheme::kHoldout, .validation_total = 10, .test_per_class = 5};
  Fold fold = make_fold(pack_, rule, 0);
  EXPECT_EQ(fold.test.size(), 15u);
  EXPECT_EQ(fold.validation.size(), 10u);
  rule.counts_of = 820;  // ten times what there is
  rule.test_per_class = 50;
  rule.validation_total = 100;
  fold = make_fold(pack_, rule, 0);
  EXPECT_EQ(fold.test.size(), 15u);
  EXPECT_EQ(fold.validation.size(), 10u);
}

TEST_F(Splits, SeedDecidesAndDigestTells) {
  SplitRule rule{.scheme = SplitScheme::kFolds, .folds = 5};
  const std::string first = digest(pack_, make_fold(pack_, rule, 0));
  EXPECT_EQ(first, digest(pack_, make_fold(pack_, rule, 0)));
  EXPECT_NE(first, digest(pack_, make_fold(pack_, rule, 1)));
  rule.seed = 2;
  EXPECT_NE(first, digest(pack_, make_fold(pack_, rule, 0)));
}

// The shuffle is ours: these rows must never change, or stored splits could not be made again.
TEST_F(Splits, AreTheSameEverywhere) {
  const SplitRule rule{.scheme = SplitScheme::kFolds, .folds = 5};
  EXPECT_EQ(digest(pack_, make_fold(pack_, rule, 0)).substr(0, 16), "09c4417e958c1284");
}

TEST_F(Splits, SubjectDisjointControlKeepsSubjectsWholeAndSizes) {
  SplitRule rule{.scheme = SplitScheme::kFolds, .folds = 3};
  EXPECT_FALSE(is_subject_disjoint(pack_, rule));
  SplitRule control = subject_disjoint(pack_, rule);
  EXPECT_EQ(name_of(control), "folds3-subject");
  EXPECT_TRUE(is_subject_disjoint(pack_, control));
  rule.folds = 10;
  EXPECT_EQ(name_of(subject_disjoint(pack_, rule)), "leave-one-subject-out") << "seven people only";
  rule = {.scheme = SplitScheme::kHoldout, .validation_total = 10, .test_per_class = 8};
  EXPECT_FALSE(is_subject_disjoint(pack_, rule));
  control = subject_disjoint(pack_, rule);
  EXPECT_TRUE(is_subject_disjoint(pack_, control));
  const Fold fold = make_fold(pack_, control, 0);
  EXPECT_NEAR(static_cast<double>(fold.test.size()), 24, 6) << "two people of seven";
  EXPECT_NEAR(static_cast<double>(fold.validation.size()), 10, 6);
  EXPECT_TRUE(
      is_subject_disjoint(pack_, {.train = {"train"}, .validation = {"val"}, .test = {"test"}}));
}

TEST_F(Splits, WithoutClassesNoLabelIsNeeded) {
  Samples faces = people();
  faces.dataset = "faces";
  faces.class_names.clear();
  faces.labels.assign(faces.labels.size(), -1);
  const Pack pack = pack_of(dir_, faces);
  const Fold fold = make_fold(pack, {.train = {"train"}, .validation = {}, .test = {"test"}}, 0);
  EXPECT_EQ(fold.train.size(), 48u);
  EXPECT_EQ(fold.test.size(), 24u);
  EXPECT_EQ(
      fold_count(pack, {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSubject, .folds = 0}),
      7);
  const Fold scored = make_fold(pack, {.train = {}, .validation = {}, .test = {"test"}}, 0);
  EXPECT_TRUE(scored.train.empty()) << "what is only scored needs nothing to train on";
}

TEST_F(Splits, WhatCannotBeSplitIsRefused) {
  Samples unknown = people();
  unknown.subject.assign(unknown.subject.size(), -1);
  unknown.dataset = "nobody";
  const Pack nobody = pack_of(dir_, unknown);
  SplitRule rule{.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSubject, .folds = 3};
  EXPECT_FALSE(knows_subjects(nobody));
  EXPECT_TRUE(knows_subjects(pack_));
  EXPECT_ERROR(fold_count(nobody, rule), Exit::kUsage, "sample s0-0-0 has no known subject");
  rule.folds = 8;
  EXPECT_ERROR(fold_count(pack_, rule), Exit::kUsage, "8 folds over 7 subjects");
  rule.folds = 1;
  EXPECT_ERROR(fold_count(pack_, rule), Exit::kUsage, "1 folds");
  EXPECT_ERROR(make_fold(pack_, {.scheme = SplitScheme::kHoldout, .test_share = 0}, 0),
               Exit::kPrecondition,
               "0 to test on");
}

}  // namespace
}  // namespace mien
