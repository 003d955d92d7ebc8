// What the CK+ reader makes of whole, half and damaged copies, and what its stand-in holds.
#include "datasets/stand_ins/ckplus.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "datasets/readers/ckplus_names.h"
#include "datasets/registry.h"
#include "tests/support/expect_error.h"
#include "tests/support/tree_files.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

const ReadOptions kAsItIs{.accept_unverified = true};
using Ids = std::vector<std::string>;
using Labels = std::vector<std::int64_t>;

/// A copy of CK+ in which everybody has the same face.
class CkTree {
 public:
  std::string images = "cohn-kanade-images", labels = "Emotion", landmarks = "Landmarks";

  /// Sequence `number` of subject `subject` with frames 1 to `frames`; `label` is the text of the
  /// label file of the last one; nullptr: none.
  void sequence(const std::string& subject,
                const std::string& number,
                int frames,
                const char* label) const {
    const std::string folder = "/" + subject + "/" + number + "/";
    for (int frame = 1; frame <= frames; ++frame) {
      const std::string stem = folder + name(subject, number, frame);
      dir.write(images + stem + ".png", picture());
      if (!landmarks.empty()) dir.write(landmarks + stem + "_landmarks.txt", points());
    }
    if (label) dir.write(labels + folder + name(subject, number, frames) + "_emotion.txt", label);
  }

  static std::string name(const std::string& subject, const std::string& number, int frame) {
    return fmt::format("{}_{}_{:08}", subject, number, frame);
  }

  Samples read(const std::string& frames = {}) const {
    return find_dataset("ckplus").read(dir.path(), {.accept_unverified = true, .frames = frames});
  }

  TempDir dir;

 private:
  static const std::string& picture() {
    static const std::string bytes = image_bytes(face_image(64), ".png");
    return bytes;
  }
  static std::string points() {
    std::string text;
    for (int i = 0; i < 68; ++i)
      text += fmt::format("   {:.7e}   {:.7e}\n", 12. + 40 * (i % 2), 12. + 40. * i / 67);
    return text;
  }
};

/// Two labelled sequences, the second of two frames, and one with an empty label folder.
void three_sequences(const CkTree& tree) {
  tree.sequence("S005", "001", 5, "   3.0000000e+00\n");
  tree.sequence("S010", "002", 2, "   7.0000000e+00\n");
  tree.sequence("S010", "004", 3, nullptr);
  fs::create_directories(tree.dir / "Emotion/S010/004");
}

TEST(Ckplus, TakesTheLastThreeFramesOfLabelledSequences) {
  const CkTree tree;
  three_sequences(tree);
  const Samples samples = tree.read();
  EXPECT_EQ(samples.ids,
            (Ids{"S005_001_00000003",
                 "S005_001_00000004",
                 "S005_001_00000005",
                 "S010_002_00000001",
                 "S010_002_00000002"}));
  EXPECT_EQ(samples.labels, (Labels{2, 2, 2, 6, 6}));
  EXPECT_EQ(samples.subject, (std::vector<std::int32_t>{5, 5, 5, 10, 10}));
  EXPECT_EQ(samples.sequence, (std::vector<std::int32_t>{0, 0, 0, 1, 1}));
  EXPECT_EQ(samples.split, std::vector<std::int32_t>(5, 0));
  EXPECT_EQ(samples.class_names.at(2), "disgust");
  EXPECT_EQ(samples.class_names.at(6), "surprise");
  EXPECT_EQ(samples.height, 224);
  EXPECT_EQ(problem_count(samples), 0u);
}

TEST(Ckplus, EveryFrameRuleTakesWhatItsSentenceSays) {
  const CkTree tree;
  three_sequences(tree);
  const std::map<std::string, Labels> expected = {{"last3", {2, 2, 2, 6, 6}},
                                                  {"peak", {2, 6}},
                                                  {"labelled", {2, 2, 2, 2, 2, 6, 6}},
                                                  {"all", {2, 2, 2, 2, 2, 6, 6, -1, -1, -1}},
                                                  {"neutral-first", {7, 2, 7, 6}}};
  ASSERT_EQ(find_dataset("ckplus").frame_rules.size(), expected.size());
  for (const auto& [rule, labels] : expected) {
    const Samples samples = tree.read(rule);
    EXPECT_EQ(samples.labels, labels) << rule;
    EXPECT_EQ(samples.class_names.size(), rule == "neutral-first" ? 8u : 7u);
  }
  EXPECT_EQ(tree.read("peak").ids, (Ids{"S005_001_00000005", "S010_002_00000002"}));
  EXPECT_EQ(tree.read("neutral-first").ids.front(), "S005_001_00000001");
  EXPECT_ERROR(tree.read("pea"), Exit::kUsage, "no frame rule 'pea': did you mean peak?");
}

TEST(Ckplus, ReadsTheUsualNamesOfFolders) {
  CkTree tree;
  three_sequences(tree);
  const Samples samples = tree.read();
  CkTree other;
  other.images = "extended-cohn-kanade-images/cohn-kanade-images";
  other.labels = "Emotion_labels/Emotion";
  other.landmarks = "CK+ données/landmarks";
  three_sequences(other);
  const Samples same = other.read();
  EXPECT_EQ(same.ids, samples.ids);
  EXPECT_EQ(same.labels, samples.labels);
  EXPECT_EQ(same.images, samples.images);
  EXPECT_EQ(problem_count(same), 0u);
}

TEST(Ckplus, NamesInAnotherCaseMeanTheSame) {
  const CkTree tree;
  tree.sequence("s005", "001", 2, "1");
  fs::rename(tree.dir / "cohn-kanade-images/s005/001/s005_001_00000002.png",
             tree.dir / "cohn-kanade-images/s005/001/S005_001_00000002.PNG");
  EXPECT_EQ(tree.read().ids, (Ids{"S005_001_00000001", "S005_001_00000002"}));
}

TEST(Ckplus, ReadsLabelsAsNumbersAndSaysWhatIsNone) {
  const std::map<std::string, std::pair<std::int64_t, std::string>> cases = {
      {"   1.0000000e+00\n", {0, ""}},
      {"7\r\n", {6, ""}},
      {"8.0", {-1, "label 8 is out of range 1..7"}},
      {"-1", {-1, "label -1 is out of range 1..7"}},
      {"2.5", {-1, "label 2.5 is out of range 1..7"}},
      {"nan", {-1, "label nan is out of range 1..7"}},
      {"0.0000000e+00", {-1, "label 0 (neutral) is not a published label"}},
      {"anger", {-1, "'anger' is not a number from 1 to 7"}},
      {"1 2", {-1, "'1 2' is not a number from 1 to 7"}},
      {"", {-1, "'' is not a number from 1 to 7"}},
  };
  for (const auto& [text, expected] : cases) {
    const CkTree tree;
    tree.sequence("S005", "001", 1, text.c_str());
    tree.sequence("S006", "001", 1, "2");  // one that can be read, whatever the other is
    const Samples samples = tree.read("all");
    const std::string file = "Emotion/S005/001/S005_001_00000001_emotion.txt";
    EXPECT_EQ(samples.labels.at(0), expected.first) << text;
    EXPECT_EQ(reasons(samples, file), expected.second.empty() ? "" : expected.second + "\n");
  }
}

TEST(Ckplus, LeavesOutASequenceWhoseLabelCannotBeTrusted) {
  const CkTree tree;
  three_sequences(tree);
  tree.dir.write("Emotion/S010/002/S010_002_00000001_emotion.txt", "6");
  fs::remove(tree.dir / "cohn-kanade-images/S005/001/S005_001_00000005.png");
  tree.sequence("S011", "001", 1, "4");
  const Samples samples = tree.read();
  EXPECT_EQ(samples.ids, Ids{"S011_001_00000001"});
  EXPECT_EQ(reasons(samples, "Emotion/S010/002/S010_002_00000002_emotion.txt"),
            "a second label of the sequence of "
            "Emotion/S010/002/S010_002_00000001_emotion.txt; none is used\n");
  EXPECT_EQ(reasons(samples, "Emotion/S005/001/S005_001_00000005_emotion.txt"),
            "frame 5, which it labels, is not there\n");
}

TEST(Ckplus, TwoCopiesOfTheLabelsAreAsGoodAsOne) {
  const CkTree tree;
  three_sequences(tree);
  const Samples samples = tree.read();
  fs::create_directory(tree.dir / "Emotion_labels");
  fs::copy(tree.dir / "Emotion", tree.dir / "Emotion_labels/Emotion", fs::copy_options::recursive);
  const Samples same = tree.read();
  EXPECT_EQ(same.labels, samples.labels);
  EXPECT_EQ(problem_count(same), 2u);
}

TEST(Ckplus, SaysWhichFilesLieWrong) {
  const CkTree tree;
  tree.sequence("S005", "001", 2, "1");
  tree.dir.write("cohn-kanade-images/S006/001/S005_001_00000001.png", "x");
  tree.dir.write("copy/S005/001/S005_001_00000002.png", "x");
  tree.dir.write("ReadMe.txt", "x");
  tree.dir.write("FACS/S005/001/S005_001_00000002_facs.txt", "x");
  const Samples samples = tree.read();
  EXPECT_EQ(samples.ids.size(), 2u);
  EXPECT_EQ(reasons(samples, "cohn-kanade-images/S006/001/S005_001_00000001.png"),
            "lies outside the folders that its name says\n");
  EXPECT_EQ(reasons(samples, "copy/S005/001/S005_001_00000002.png"),
            "the same frame as cohn-kanade-images/S005/001/S005_001_00000002.png\n");
  EXPECT_EQ(fact(samples, "ignored_files"), 1);
  EXPECT_EQ(fact(samples, "facs_files"), 1);
}

TEST(Ckplus, SaysWhatAHalfCopyLacks) {
  const CkTree empty;
  EXPECT_ERROR(empty.read(), Exit::kPrecondition, "no picture such as cohn-kanade-images/S005");
  EXPECT_TRUE(find_dataset("ckplus").sources(empty.dir.path()).empty());
  const CkTree unlabelled;
  unlabelled.sequence("S005", "001", 1, nullptr);
  EXPECT_ERROR(unlabelled.read("all"), Exit::kPrecondition, "no label such as Emotion/S005");
  const CkTree one_missing;
  three_sequences(one_missing);
  fs::remove(one_missing.dir / "Landmarks/S005/001/S005_001_00000004_landmarks.txt");
  EXPECT_EQ(reasons(one_missing.read(), "cohn-kanade-images/S005/001/S005_001_00000004.png")
                .substr(0, 13),
            "no landmarks;");
  EXPECT_ERROR(find_dataset("ckplus").read(one_missing.dir.path(),
                                           {.accept_unverified = true, .strict = true}),
               Exit::kPrecondition,
               "no landmarks");
  fs::remove_all(one_missing.dir / "Landmarks");
  EXPECT_EQ(reasons(one_missing.read("all"), "Landmarks"),
            "not there; faces are looked for by the detector\n");
}

TEST(Ckplus, AnythingButThePublishedCountsIsUnverified) {
  const CkTree tree;
  three_sequences(tree);
  const Samples samples = tree.read();
  EXPECT_EQ(samples.data, DataKind::kUnverified);
  EXPECT_EQ(fact(samples, "sequences"), (nlohmann::ordered_json{{"found", 3}, {"published", 593}}));
  EXPECT_EQ(fact(samples, "labelled_subjects"),
            (nlohmann::ordered_json{{"found", 2}, {"published", 118}}));
  EXPECT_EQ(fact(samples, "sequences_surprise"),
            (nlohmann::ordered_json{{"found", 1}, {"published", 83}}));
}

TEST(Ckplus, FirstNamedSplitKeepsSubjectsApart) {
  const SplitRule rule = find_dataset("ckplus").named_splits.front().rule;
  EXPECT_EQ(rule.scheme, SplitScheme::kFolds);
  EXPECT_EQ(rule.unit, SplitUnit::kSubject);
  EXPECT_EQ(rule.folds, 10);
}

// ---- stand-in ----------------------------------------------------------------------------------

TEST(CkplusStandIn, OfThePublishedSizeHasThePublishedCounts) {
  const std::vector<CkSequence> plan = plan_ckplus({.subjects = kCkSubjects});
  std::map<int, std::int64_t> per_class;
  std::set<int> subjects, labelled;
  std::set<std::pair<int, int>> pairs;
  std::int64_t frames = 0;
  for (const CkSequence& sequence : plan) {
    ++per_class[sequence.label];
    subjects.insert(sequence.subject_id);
    frames += sequence.frames;
    if (sequence.label < 0) continue;
    labelled.insert(sequence.subject_id);
    EXPECT_TRUE(pairs.emplace(sequence.subject_id, sequence.label).second);
  }
  EXPECT_EQ(plan.size(), 593u);
  EXPECT_EQ(frames, 10'708);
  EXPECT_EQ(subjects.size(), 123u);
  EXPECT_EQ(labelled.size(), 118u);
  for (int label = 0; label < kCkClasses; ++label)
    EXPECT_EQ(per_class[label], kCkSequences[label]) << kCkClassNames[label];
}

TEST(CkplusStandIn, AnyNumberOfSubjectsHasEveryClassAndEveryoneALabelWhereFew) {
  for (int subjects = 1; subjects <= 24; ++subjects) {
    std::set<int> labels, labelled;
    for (const CkSequence& sequence : plan_ckplus({.subjects = subjects})) {
      labels.insert(sequence.label);
      if (sequence.label >= 0) labelled.insert(sequence.subject);
    }
    EXPECT_EQ(labels.size(), 8u) << "seven classes and none";
    EXPECT_EQ(labelled.size(), static_cast<std::size_t>(subjects));
  }
}

TEST(CkplusStandIn, HasTheFourFoldersOfTheRealTree) {
  const TempDir dir;
  const DatasetEntry& entry = find_dataset("ckplus");
  write_stand_in(stand_in_of(entry), dir.path(), {.subjects = 1, .seed = 2});
  const std::vector<CkSequence> plan = plan_ckplus({.subjects = 1, .seed = 2});
  const CkSequence& first = plan.front();
  const std::string folder = "/S005/001/", stem = folder + first.id(first.frames);
  EXPECT_TRUE(fs::exists(dir / ("cohn-kanade-images" + folder + first.id(1) + ".png")));
  EXPECT_TRUE(fs::exists(dir / ("FACS" + stem + "_facs.txt")));
  const std::string landmarks = read_text(dir / ("Landmarks" + stem + "_landmarks.txt"));
  EXPECT_EQ(std::count(landmarks.begin(), landmarks.end(), '\n'), 68);
  const Samples samples = entry.read(dir.path(), {.frames = "labelled"});
  EXPECT_EQ(samples.data, DataKind::kStandIn);
  EXPECT_EQ(problem_count(samples), 0u);
  std::size_t frames = 0;
  for (const CkSequence& sequence : plan)
    if (sequence.label >= 0) frames += static_cast<std::size_t>(sequence.frames);
  EXPECT_EQ(samples.labels.size(), frames);
}

}  // namespace
}  // namespace mien::testing
