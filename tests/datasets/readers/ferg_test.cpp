// What the FERG reader makes of folders of characters.
#include <gtest/gtest.h>

#include "datasets/registry.h"
#include "tests/support/expect_error.h"
#include "tests/support/tree_files.h"

namespace mien::testing {
namespace {

const std::string& picture() {
  static const std::string bytes = image_bytes(face_image(32, 3), ".png");
  return bytes;
}

Samples read(const TempDir& dir) {
  return find_dataset("ferg").read(dir.path(), {.accept_unverified = true});
}

TEST(Ferg, ReadsBothLayoutsInTheOrderOfNumbers) {
  for (const std::string top : {"FERG_DB_256/", "", "with blank/FERG_DB_256/"}) {
    const TempDir dir;
    dir.write(top + "ray/ray_joy/ray_joy_2.png", picture());
    dir.write(top + "aia/aia_surprise/aia_surprise_10.png", picture());
    dir.write(top + "aia/aia_surprise/aia_surprise_2.png", picture());
    dir.write(top + "aia/aia_anger/aia_anger_1.png", picture());
    const Samples samples = read(dir);
    EXPECT_EQ(samples.ids,
              (std::vector<std::string>{
                  "aia_anger_1", "aia_surprise_2", "aia_surprise_10", "ray_joy_2"}));
    EXPECT_EQ(samples.labels, (std::vector<std::int64_t>{0, 6, 6, 3}));
    EXPECT_EQ(samples.subject, (std::vector<std::int32_t>{0, 0, 0, 5}));
    EXPECT_EQ(samples.data, DataKind::kUnverified);
    EXPECT_EQ(samples.channels, 1);
    EXPECT_EQ(samples.height, 48);
    EXPECT_EQ(fact(samples, "images"),
              (nlohmann::ordered_json{{"found", 4}, {"published", 55767}}));
  }
}

TEST(Ferg, NamesWhatIsTwiceOrUnknown) {
  const TempDir dir;
  dir.write("aia/aia_anger/aia_anger_1.png", picture());
  dir.write("copy/aia/aia_anger/aia_anger_1.png", picture());
  dir.write("aia/aia_happy/aia_happy_1.png", picture());
  dir.write("bob/bob_anger/bob_anger_1.png", picture());
  dir.write("aia/aia_anger/mery_anger_1.png", picture());
  const Samples samples = read(dir);
  EXPECT_EQ(samples.ids, std::vector<std::string>{"aia_anger_1"});
  EXPECT_EQ(reasons(samples, "copy/aia/aia_anger/aia_anger_1.png"),
            "a second sample aia_anger_1\n");
  EXPECT_EQ(reasons(samples, "aia/aia_happy/aia_happy_1.png"), "no expression is called happy\n");
  EXPECT_EQ(fact(samples, "ignored_files"), 2);
  const TempDir empty;
  EXPECT_ERROR(read(empty), Exit::kPrecondition, "aia/aia_anger/aia_anger_1.png");
}

TEST(Ferg, PapersSplitIsThatOfThePaperAndScalesWithTheStandIn) {
  const DatasetEntry& entry = find_dataset("ferg");
  const PackOfLabels whole(entry, {7966, 7966, 7966, 7967, 7967, 7967, 7968});  // 55,767
  const Fold fold = whole.fold("deepemotion");
  EXPECT_EQ(fold.test.size(), 7'000u);
  EXPECT_EQ(fold.validation.size(), 14'000u);
  EXPECT_EQ(fold.train.size(), 34'767u);
  const Fold small = PackOfLabels(entry, std::vector<std::int64_t>(7, 180)).fold("deepemotion");
  EXPECT_GT(small.train.size(), small.validation.size());
  EXPECT_GT(small.validation.size(), small.test.size());
  EXPECT_GE(small.test.size(), 7u * 20);
}

TEST(Ferg, StandInHasAtMostTheSixCharacters) {
  const TempDir dir;
  const DatasetEntry& entry = find_dataset("ferg");
  EXPECT_ERROR(
      write_stand_in(stand_in_of(entry), dir.path(), {.subjects = 7}), Exit::kUsage, "from 1 to 6");
  EXPECT_EQ(stand_in_of(entry).subjects, 6);
}

}  // namespace
}  // namespace mien::testing
