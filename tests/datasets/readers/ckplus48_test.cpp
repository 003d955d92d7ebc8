// What the CK+48 reader makes of class folders.
#include <gtest/gtest.h>

#include "datasets/registry.h"
#include "tests/support/expect_error.h"
#include "tests/support/tree_files.h"

namespace mien::testing {
namespace {

const std::string& picture() {
  static const std::string bytes = image_bytes(face_image(48), ".png");
  return bytes;
}

Samples read(const TempDir& dir) {
  return find_dataset("ckplus48").read(dir.path(), {.accept_unverified = true});
}

TEST(Ckplus48, LabelIsTheFolderSubjectAndSequenceAreInTheName) {
  const TempDir dir;
  dir.write("CK+48/surprise/S005_002_00000009.png", picture());
  dir.write("CK+48/anger/S010_004_00000017.png", picture());
  dir.write("CK+48/anger/S010_004_00000018.png", picture());
  dir.write("CK+48/Contempt/s138_001_00000009.PNG", picture());
  const Samples samples = read(dir);
  EXPECT_EQ(
      samples.ids,
      (std::vector<std::string>{
          "S138_001_00000009", "S010_004_00000017", "S010_004_00000018", "S005_002_00000009"}));
  EXPECT_EQ(samples.labels, (std::vector<std::int64_t>{1, 0, 0, 6}));
  EXPECT_EQ(samples.subject, (std::vector<std::int32_t>{138, 10, 10, 5}));
  EXPECT_EQ(samples.sequence, (std::vector<std::int32_t>{2, 1, 1, 0}));
  EXPECT_EQ(samples.height, 48);
  EXPECT_EQ(samples.data, DataKind::kUnverified);
  EXPECT_EQ(fact(samples, "images_anger"),
            (nlohmann::ordered_json{{"found", 2}, {"published", 135}}));
}

TEST(Ckplus48, FaceIsTheWholePicture) {
  const TempDir dir;
  Image image = face_image(48);
  write_image(dir.write("anger/S010_004_00000017.png", ""), image);
  EXPECT_EQ(read(dir).images, image.pixels);
}

TEST(Ckplus48, NamesWhatIsTwiceAndCountsWhatIsNot) {
  const TempDir dir;
  dir.write("anger/S010_004_00000017.png", picture());
  dir.write("disgust/S010_004_00000017.png", picture());
  dir.write("happiness/S010_004_00000018.png", picture());
  dir.write("anger/Thumbs.db", "x");
  const Samples samples = read(dir);
  EXPECT_EQ(samples.ids.size(), 1u);
  EXPECT_EQ(reasons(samples, "disgust/S010_004_00000017.png"),
            "a second sample S010_004_00000017\n");
  EXPECT_EQ(fact(samples, "ignored_files"), 2);
  const TempDir empty;
  EXPECT_ERROR(read(empty), Exit::kPrecondition, "no picture such as anger/S010_004_00000017.png");
}

TEST(Ckplus48, StandInHasThreeFramesOfEachLabelledSequence) {
  const TempDir dir;
  write_stand_in(stand_in_of(find_dataset("ckplus48")), dir.path(), {.subjects = 2, .seed = 1});
  const Samples samples = read(dir);
  ASSERT_EQ(samples.sequence.size() % 3, 0u);
  for (std::size_t i = 0; i < samples.sequence.size(); i += 3) {
    EXPECT_EQ(samples.sequence[i], samples.sequence[i + 2]);
    EXPECT_EQ(samples.subject[i], samples.subject[i + 2]);
  }
}

}  // namespace
}  // namespace mien::testing
