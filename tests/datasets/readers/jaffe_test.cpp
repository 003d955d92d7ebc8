// What the JAFFE reader makes of names, and which names its stand-in has.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "datasets/registry.h"
#include "tests/support/expect_error.h"
#include "tests/support/tree_files.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

/// A face that the detector finds.
const std::string& picture() {
  static const std::string bytes = image_bytes(face_image(128), ".tiff");
  return bytes;
}

Samples read(const TempDir& dir) {
  return find_dataset("jaffe").read(dir.path(), {.accept_unverified = true});
}

TEST(Jaffe, NameGivesSubjectAndLabel) {
  const TempDir dir;
  dir.write("jaffe/KA.AN1.39.tiff", picture());
  dir.write("jaffe/YM.SU3.60.tif", picture());
  dir.write("jaffe/km.ne2.5.TIFF", picture());
  dir.write("jaffe/README", "x");
  dir.write("jaffe/KA.AN1.tiff", "x");
  const Samples samples = read(dir);
  EXPECT_EQ(samples.ids, (std::vector<std::string>{"KA.AN1.39", "YM.SU3.60", "KM.NE2.5"}));
  EXPECT_EQ(samples.labels, (std::vector<std::int64_t>{0, 6, 4}));
  EXPECT_EQ(samples.subject, (std::vector<std::int32_t>{0, 9, 2}));
  EXPECT_EQ(fact(samples, "ignored_files"), 2);
  EXPECT_EQ(samples.data, DataKind::kUnverified);
  EXPECT_EQ(fact(samples, "images"), (nlohmann::ordered_json{{"found", 3}, {"published", 213}}));
}

TEST(Jaffe, NamesWhatIsTwiceAndWhatIsNoExpression) {
  const TempDir dir;
  dir.write("KA.AN1.39.tiff", picture());
  dir.write("KA.AN1.39.tif", picture());
  dir.write("KL.HA1.39.tiff", picture());
  dir.write("KL.XX1.40.tiff", picture());
  const Samples samples = read(dir);
  EXPECT_EQ(samples.ids, std::vector<std::string>{"KA.AN1.39"});
  EXPECT_EQ(reasons(samples, "KA.AN1.39.tiff"), "number 39 is also that of KA.AN1.39.tif\n");
  EXPECT_EQ(reasons(samples, "KL.HA1.39.tiff"), "number 39 is also that of KA.AN1.39.tif\n");
  EXPECT_EQ(reasons(samples, "KL.XX1.40.tiff"), "no expression is called XX\n");
  const TempDir empty;
  EXPECT_ERROR(read(empty), Exit::kPrecondition, "no picture such as KA.AN1.39.tiff");
}

/// Per part of the name, how often it occurs: subjects, expressions, running numbers.
TEST(Jaffe, StandInHasThePublishedNames) {
  const TempDir dir;
  write_stand_in(stand_in_of(find_dataset("jaffe")), dir.path(), {.subjects = 10, .seed = 1});
  std::map<std::string, int> subjects, expressions;
  std::set<int> numbers;
  for (const auto& file : fs::directory_iterator(dir.path())) {
    const std::string name = file.path().filename().string();
    if (file.path().extension() != ".tiff") continue;
    ++subjects[name.substr(0, 2)];
    ++expressions[name.substr(3, 2)];
    numbers.insert(std::stoi(name.substr(7)));
  }
  EXPECT_EQ(subjects,
            (std::map<std::string, int>{{"KA", 23},
                                        {"KL", 22},
                                        {"KM", 22},
                                        {"KR", 20},
                                        {"MK", 21},
                                        {"NA", 21},
                                        {"NM", 20},
                                        {"TM", 21},
                                        {"UY", 21},
                                        {"YM", 22}}));
  EXPECT_EQ(
      expressions,
      (std::map<std::string, int>{
          {"AN", 30}, {"DI", 29}, {"FE", 32}, {"HA", 31}, {"NE", 30}, {"SA", 31}, {"SU", 30}}));
  EXPECT_EQ(numbers.size(), 213u);
  EXPECT_EQ(*numbers.rbegin(), 219);
  for (const int missing : {8, 12, 21, 76, 108, 183}) EXPECT_FALSE(numbers.contains(missing));
}

TEST(Jaffe, PapersSplitTestsTenImagesPerClass) {
  const DatasetEntry& entry = find_dataset("jaffe");
  const auto counts = entry.counts.front().per_class;
  const PackOfLabels pack(entry, {counts.begin(), counts.end()});
  const Fold fold = pack.fold("deepemotion");
  EXPECT_EQ(fold.train.size(), 120u);
  EXPECT_EQ(fold.validation.size(), 23u);
  EXPECT_EQ(fold.test.size(), 70u);
  std::map<std::int64_t, int> per_class;
  for (const std::int64_t row : fold.test)
    ++per_class[pack.pack->labels()[static_cast<std::size_t>(row)]];
  for (const auto& [label, count] : per_class) EXPECT_EQ(count, 10) << label;
}

}  // namespace
}  // namespace mien::testing
