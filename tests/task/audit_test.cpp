// The audit finds what was planted, and only that.
#include "harness/task/audit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/support/temp_dir.h"

namespace mien {
namespace {

using testing::TempDir;

constexpr int kSide = 48;

using Picture = std::vector<std::uint8_t>;

/// Smooth blobs: as random as a photograph, unlike noise.
Picture picture(std::uint32_t seed) {
  std::mt19937 random(seed);
  Picture pixels(kSide * kSide, 0);
  std::vector<double> sum(pixels.size(), 0);
  for (int blob = 0; blob < 12; ++blob) {
    const double x = random() % kSide, y = random() % kSide, width = 3 + random() % 9;
    const double height = static_cast<double>(random() % 160) - 80;
    for (int i = 0; i < kSide * kSide; ++i) {
      const double dx = i % kSide - x, dy = i / kSide - y;
      sum[static_cast<std::size_t>(i)] +=
          height * std::exp(-(dx * dx + dy * dy) / (2 * width * width));
    }
  }
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(std::clamp(sum[i] + 128, 0.0, 255.0));
  return pixels;
}

template <typename F>
Picture changed(const Picture& from, F&& change) {
  Picture pixels = from;
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(std::clamp(change(double(from[i])), 0.0, 255.0));
  return pixels;
}

class Audit : public ::testing::Test {
 protected:
  Audit() {
    samples_.dataset = "audit";
    samples_.class_names = {"a", "b"};
    samples_.split_names = {"Training", "PublicTest", "PrivateTest"};
    samples_.height = samples_.width = kSide;
    samples_.manifest = "{}";
  }
  void add(int split, const Picture& pixels, int label, int subject = -1, int sequence = -1) {
    samples_.images.insert(samples_.images.end(), pixels.begin(), pixels.end());
    samples_.labels.push_back(label);
    samples_.subject.push_back(subject);
    samples_.sequence.push_back(sequence);
    samples_.split.push_back(split);
    samples_.ids.push_back(std::to_string(samples_.ids.size()));
  }
  std::vector<Leak> run() {
    std::string ignored;
    const Pack pack(write_pack(dir_.path(), samples_, ignored));
    return audit(pack, make_fold(pack, {}, 0));
  }
  /// Rows of one kind in "test in train"; -1 where the kind is not reported.
  static std::int64_t found(const std::vector<Leak>& leaks, const std::string& kind) {
    for (const Leak& leak : leaks)
      if (leak.side == "test in train" && leak.kind == kind) return leak.rows;
    return -1;
  }
  const TempDir dir_;
  Samples samples_;
};

TEST_F(Audit, FindsNothingWhereNothingIsShared) {
  for (std::uint32_t i = 0; i < 60; ++i)
    add(static_cast<int>(i % 3), picture(i), 0, static_cast<int>(i), static_cast<int>(i));
  const std::vector<Leak> leaks = run();
  EXPECT_EQ(leaks.size(), 15u) << "five kinds for three pairs of sides";
  for (const Leak& leak : leaks) EXPECT_EQ(leak.rows, 0) << leak.side << " " << leak.kind;
  EXPECT_EQ(summary(leaks), "no leak found");
}

TEST_F(Audit, FindsIdenticalAndConflictingImages) {
  for (std::uint32_t i = 0; i < 10; ++i) add(0, picture(i), 0);
  add(0, picture(3), 1);  // the same image under both labels in training
  add(1, picture(100), 0);
  add(2, picture(2), 0);
  add(2, picture(3), 0);
  add(2, picture(4), 1);
  add(2, picture(200), 1);
  const std::vector<Leak> leaks = run();
  EXPECT_EQ(found(leaks, "identical"), 3);
  EXPECT_EQ(found(leaks, "conflicting"), 2);
  EXPECT_EQ(found(leaks, "near"), 0);
  EXPECT_EQ(found(leaks, "subject"), -1) << "unknown subjects are not zero leaks";
  EXPECT_EQ(summary(leaks), "test in train (of 4): 3 identical, 2 conflicting");
}

TEST_F(Audit, FoldsAreAddedUp) {
  for (std::uint32_t i = 0; i < 12; ++i) add(0, picture(i / 2), 0, static_cast<int>(i / 3));
  std::string ignored;
  const Pack pack(write_pack(dir_.path(), samples_, ignored));
  SplitRule rule;
  rule.scheme = SplitScheme::kFolds;
  rule.unit = SplitUnit::kSubject;
  rule.folds = 0;
  const std::vector<Fold> folds = folds_of(pack, rule);
  ASSERT_EQ(folds.size(), 4u);
  std::int64_t identical = 0;
  for (const Fold& fold : folds) identical += found(audit(pack, fold), "identical");
  const std::vector<Leak> leaks = audit(pack, folds);
  EXPECT_EQ(identical, 4) << "pictures 1 and 4 show two people each";
  EXPECT_EQ(found(leaks, "identical"), identical);
  EXPECT_EQ(found(leaks, "subject"), 0);
  for (const Leak& leak : leaks) EXPECT_EQ(leak.of, 12) << leak.kind;
}

TEST_F(Audit, FindsReencodedImages) {
  for (std::uint32_t i = 0; i < 20; ++i) add(0, picture(i), 0);
  add(1, picture(500), 0);
  std::mt19937 random(7);
  add(2, changed(picture(1), [](double v) { return v + 25; }), 0);
  add(2, changed(picture(2), [](double v) { return 0.7 * v + 20; }), 0);
  add(2,
      changed(picture(3), [&](double v) { return v + static_cast<double>(random() % 17) - 8; }),
      0);
  add(2, changed(picture(4), [](double v) { return 255 * std::pow(v / 255, 1.4); }), 0);
  add(2, changed(picture(5), [](double v) { return 255 - v; }), 0);  // a negative is another image
  const std::vector<Leak> leaks = run();
  EXPECT_EQ(found(leaks, "near"), 4);
  EXPECT_EQ(found(leaks, "identical"), 0);
}

TEST_F(Audit, FindsPeopleAndSequences) {
  for (int i = 0; i < 6; ++i) add(0, picture(static_cast<std::uint32_t>(i)), 0, i, i / 2);
  add(1, picture(50), 0, 99, 99);
  add(2, picture(51), 0, 5, 77);
  add(2, picture(52), 0, 6, 2);
  add(2, picture(53), 0, 0, 0);
  const std::vector<Leak> leaks = run();
  EXPECT_EQ(found(leaks, "subject"), 2);
  EXPECT_EQ(found(leaks, "sequence"), 2);
}

TEST_F(Audit, ConstantImagesAreNobodysNeighbour) {
  add(0, Picture(kSide * kSide, 0), 0);
  add(0, picture(1), 0);
  add(1, picture(2), 0);
  add(2, Picture(kSide * kSide, 128), 0);
  const std::vector<Leak> leaks = run();
  EXPECT_EQ(found(leaks, "near"), 0);
  EXPECT_EQ(found(leaks, "identical"), 0);
}

}  // namespace
}  // namespace mien
