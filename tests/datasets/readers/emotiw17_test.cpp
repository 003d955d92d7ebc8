// What the AFEW reader makes of folders, aligned faces, archives of them and label files.
#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include "datasets/registry.h"
#include "tests/support/clip_files.h"
#include "tests/support/expect_error.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

using Ids = std::vector<std::string>;

const std::string& clip() {
  static const std::string bytes = clip_bytes();
  return bytes;
}

const std::string& face() {
  static const std::string bytes = image_bytes(face_image(64, 3), ".jpg");
  return bytes;
}

void write_zip(const fs::path& path, const std::vector<std::string>& names) {
  struct archive* out = ::archive_write_new();
  ::archive_write_set_format_zip(out);
  ASSERT_EQ(::archive_write_open_filename(out, path.c_str()), ARCHIVE_OK);
  for (const std::string& name : names) {
    archive_entry* entry = ::archive_entry_new();
    ::archive_entry_set_pathname(entry, name.c_str());
    ::archive_entry_set_filetype(entry, AE_IFREG);
    ::archive_entry_set_size(entry, static_cast<la_int64_t>(face().size()));
    ASSERT_EQ(::archive_write_header(out, entry), ARCHIVE_OK);
    ASSERT_GT(::archive_write_data(out, face().data(), face().size()), 0);
    ::archive_entry_free(entry);
  }
  ::archive_write_close(out);
  ::archive_write_free(out);
}

class Emotiw17 : public ::testing::Test {
 protected:
  void clips(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) dir_.write(path, clip());
  }
  /// Aligned faces 000.jpg, 001.jpg ... of one clip.
  void faces(const std::string& folder, int count, const std::string& ending = ".jpg") {
    for (int i = 0; i < count; ++i)
      dir_.write(fmt::format("{}/{:03}{}", folder, i, ending),
                 ending == ".jpg" ? face() : image_bytes(face_image(64, 3), ending));
  }
  Samples read(const ReadOptions& options = {}) {
    return find_dataset("emotiw17").read(dir_.path(), options);
  }
  TempDir dir_;
};

TEST_F(Emotiw17, FoldersGiveSplitAndLabel) {
  clips({"train_afew/Happy/000000001.avi", "Val_AFEW/sad/000000002.AVI", "Test/000000003.avi"});
  dir_.write("train_afew/readme.txt", "x");
  const Samples samples = read({.frames = "middle"});
  EXPECT_EQ(samples.ids,
            (Ids{"Train_000000001_0004", "Val_000000002_0004", "Test_000000003_0004"}));
  EXPECT_EQ(samples.labels, (std::vector<std::int64_t>{3, 5, -1}));
  EXPECT_EQ(samples.split, (std::vector<std::int32_t>{0, 1, 2}));
  EXPECT_EQ(samples.subject, (std::vector<std::int32_t>{-1, -1, -1}));
  EXPECT_EQ(samples.channels, 3);
  EXPECT_EQ(samples.data, DataKind::kUnverified);
  EXPECT_EQ(fact(samples, "clips").at("Train").at("Happy"),
            (nlohmann::ordered_json{{"found", 1}, {"usable_in_emotion_fan", 149}}));
  EXPECT_EQ(problem_count(samples), 0u);
}

TEST_F(Emotiw17, AlignedFacesComeBeforeTheClipInEveryNesting) {
  clips({"train_afew/Happy/1.avi", "train_afew/Sad/2.avi", "val_afew/Fear/3.avi"});
  faces("train_afew/AlignedFaces_LBPTOP_Points/Faces/1", 8);
  faces("train_afew/AlignedFaces_LBPTOP_Points/2", 4, ".png");
  faces("AlignedFaces_LBPTOP_Points_Val/Angry/4", 1);
  const Samples samples = read();
  EXPECT_EQ(samples.ids,
            (Ids{"Train_1_0002",
                 "Train_1_0004",
                 "Train_1_0006",
                 "Train_2_0001",
                 "Train_2_0002",
                 "Train_2_0003",
                 "Val_3_0002",
                 "Val_3_0004",
                 "Val_3_0006",
                 "Val_4_0000"}));
  EXPECT_EQ(samples.labels, (std::vector<std::int64_t>{3, 3, 3, 5, 5, 5, 2, 2, 2, 0}));
  EXPECT_EQ(samples.sequence, (std::vector<std::int32_t>{0, 0, 0, 1, 1, 1, 2, 2, 2, 3}));
  EXPECT_EQ(fact(samples, "clips_as_aligned_faces"), 3);
}

TEST_F(Emotiw17, FrameRules) {
  faces("train/Happy/1", 12);
  EXPECT_EQ(read({.frames = "all"}).ids, (Ids{"Train_1_0000", "Train_1_0005", "Train_1_0010"}));
  EXPECT_EQ(read({.frames = "middle"}).ids, Ids{"Train_1_0006"});
}

TEST_F(Emotiw17, FacesStillInTheirArchiveAreReadFromThere) {
  dir_.write("train_afew/Train_6.xml", "<a><c n='7' e='Sad'/></a>");
  dir_.write("train_afew/x.txt", "x");
  write_zip(dir_ / "train_afew/AlignedFaces_LBPTOP_Points.zip",
            {"Faces/7/000.jpg", "Faces/7/001.jpg"});
  const TempDir work;
  const Samples samples = read({.frames = "middle", .workspace = work.path()});
  EXPECT_EQ(samples.ids, Ids{"Train_7_0001"});
  EXPECT_EQ(samples.labels, std::vector<std::int64_t>{5});
  EXPECT_FALSE(fs::exists(work / "opened")) << "what was unpacked is gone";
  EXPECT_EQ(samples.manifest.find(work.path().string()), std::string::npos);
  EXPECT_EQ(read({.frames = "middle"}).manifest, samples.manifest) << "wherever it is unpacked";
}

TEST_F(Emotiw17, AHostileArchiveIsNamedAndTheClipsAreUsed) {
  clips({"val_afew/Happy/1.avi"});
  write_zip(dir_ / "val_afew/AlignedFaces_LBPTOP_Points_Val.zip",
            {"Faces/1/000.jpg", "../../evil"});
  const Samples samples = read({.frames = "middle"});
  EXPECT_EQ(samples.ids, Ids{"Val_1_0004"});
  EXPECT_EQ(reasons(samples, "val_afew/AlignedFaces_LBPTOP_Points_Val.zip").substr(0, 40),
            std::string("../../evil: leads out of its folder; fetch the").substr(0, 40));
  EXPECT_ERROR(read({.strict = true, .frames = "middle"}), Exit::kPrecondition, "leads out of");
}

TEST_F(Emotiw17, LabelFilesGiveActorsAndLabelsOfFlatFolders) {
  faces("train_afew/Faces/1", 1);
  faces("train_afew/Faces/2", 1);
  faces("train_afew/Happy/3", 1);
  faces("train_afew/Faces/4", 1);
  dir_.write(
      "train_afew/Train_6.xml",
      "<Clips>\n<Clip Name='1.avi' MovieTitle='Sad'><P KeyWord='fear' NameOfActor='Z'/></Clip>\n"
      "<Clip><File>2</File><Label>Neutral</Label><P NameOfActor='A'/><P NameOfActor='B'/></Clip>\n"
      "<Clip Name='3' KeyWord='Sad'><P NameOfActor='A'/></Clip>\n"
      "<Clip Name='99' KeyWord='Sad'/></Clips>");
  const Samples samples = read();
  EXPECT_EQ(samples.ids, (Ids{"Train_1_0000", "Train_2_0000", "Train_3_0000"}));
  EXPECT_EQ(samples.labels, (std::vector<std::int64_t>{2, 4, 3})) << "the folder counts";
  EXPECT_EQ(samples.subject, (std::vector<std::int32_t>{1, -1, 0}));
  EXPECT_EQ(reasons(samples, "train_afew/Train_6.xml"),
            "line 4: 3 is Sad, but lies under Happy; the folder counts\n");
  EXPECT_EQ(reasons(samples, "train_afew/Faces/4/000.jpg"),
            "in no class folder and in no label file\n");
  EXPECT_EQ(fact(samples, "label_files").at("train_afew/Train_6.xml"),
            (nlohmann::ordered_json{{"records", 4}, {"that_name_a_clip", 3}}));
}

TEST_F(Emotiw17, BadFilesAreNamedAndTheRestIsUsed) {
  clips({"train/Happy/1.avi", "train/Sad/1.avi", "elsewhere/Sad/9.avi", "train/Hapy/8.avi"});
  dir_.write("train/Sad/2.avi", "");
  dir_.write("train/Sad/3.avi", clip().substr(0, clip().size() / 2));
  dir_.write("train/Train_6.xml", "<a><b></a>");
  faces("train/Faces/5", 1);
  faces("train/Fear/5", 1);
  const Samples samples = read({.frames = "middle"});
  EXPECT_EQ(samples.ids, (Ids{"Train_1_0004", "Train_5_0001"}));
  EXPECT_EQ(samples.labels, (std::vector<std::int64_t>{3, 2}));
  EXPECT_EQ(reasons(samples, "train/Sad/1.avi"), "there is one of that name: train/Happy/1.avi\n");
  EXPECT_EQ(reasons(samples, "elsewhere/Sad/9.avi"),
            "in no folder called train..., val... or test...\n");
  EXPECT_EQ(reasons(samples, "train/Hapy/8.avi"), "in no class folder and in no label file\n");
  EXPECT_EQ(reasons(samples, "train/Sad/2.avi"), "0 bytes\n");
  EXPECT_EQ(reasons(samples, "train/Sad/3.avi").find("cut short; copy it again\n"), 0u);
  EXPECT_EQ(nlohmann::ordered_json::parse(samples.manifest).at("n_failed"), 2)
      << "the empty clip and the frame that is cut off";
  EXPECT_EQ(reasons(samples, "train/Train_6.xml").substr(0, 8), "line 1: ");
}

TEST_F(Emotiw17, NothingThere) {
  EXPECT_ERROR(read(), Exit::kPrecondition, "neither clips nor aligned faces in folders called");
  dir_.write("notes.txt", "x");
  EXPECT_TRUE(find_dataset("emotiw17").sources(dir_.path()).empty());
}

}  // namespace
}  // namespace mien::testing
