// What the MMI reader makes of sessions: labels, views, frames, subjects, and copies that are bad.
#include <gtest/gtest.h>

#include "datasets/registry.h"
#include "tests/support/clip_files.h"
#include "tests/support/expect_error.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

using Ids = std::vector<std::string>;

const std::string& upright() {
  static const std::string bytes = clip_bytes();
  return bytes;
}

std::string emotion(const std::string& value) {
  return fmt::format(
      "<m>\n<Metatag Name=\"Person\" Value=\"9\"/>\n"
      "<Metatag Name=\"Emotion\" Value=\"{}\"/>\n</m>",
      value);
}

class Mmi : public ::testing::Test {
 protected:
  /// A session of one dual-view clip, which stands upright.
  void session(int number,
               const std::string& id,
               const std::string& code,
               const std::string& view = "2",
               const std::string& more = "") {
    const std::string folder = fmt::format("Sessions/{}/", number);
    dir_.write(
        folder + "session.xml",
        fmt::format(
            "<session>{}<track filename=\"{}.avi\" view=\"{}\"/></session>", more, id, view));
    dir_.write(folder + id + ".xml", emotion(code));
    dir_.write(folder + id + ".avi", upright());
  }
  Samples read(const ReadOptions& options = {}) {
    return find_dataset("mmi").read(dir_.path(), options);
  }
  TempDir dir_;
};

TEST_F(Mmi, EmotionsOneToSixAreTheClasses) {
  for (int code = 1; code <= 6; ++code)
    session(code, fmt::format("S{}", code), fmt::format("{}", code));
  session(7, "S7", "7");
  session(8, "S8", "12");
  session(9, "S9", "0");
  session(10, "T0", "happy");
  session(11, "T1", "1");
  dir_.write("Sessions/11/T1.xml", "<m/>");
  const Samples samples = read({.frames = "middle"});
  EXPECT_EQ(samples.labels, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(samples.ids[0], "S1_0004");
  EXPECT_EQ(samples.sequence, (std::vector<std::int32_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(samples.data, DataKind::kReal);
  EXPECT_EQ(fact(samples, "recordings"), 11);
  EXPECT_EQ(fact(samples, "of_other_emotion"), 2);
  EXPECT_EQ(fact(samples, "without_emotion"), 1);
  EXPECT_EQ(reasons(samples, "Sessions/9/S9.xml"), "line 3: Emotion is '0', expected 1 or more\n");
  EXPECT_EQ(reasons(samples, "Sessions/10/T0.xml"),
            "line 3: Emotion is 'happy', expected 1 or more\n");
  EXPECT_EQ(problem_count(samples), 2u);
}

TEST_F(Mmi, ApexIsWhereMostActionUnitsAre) {
  session(1, "S1", "4", "0");
  // Apex of one unit in frames 3 to 7, of another from 5 on: both in 5 to 7, counted from 1.
  dir_.write("Sessions/1/S1-oao_aucs.xml",
             "<a><ActionUnit Number='12'><Marker Frame='1' Type='0'/><Marker Frame='3' Type='2'/>"
             "<Marker Frame='8' Type='3'/></ActionUnit>\n"
             "<ActionUnit Number='6'><Marker Frame='5' Type='2'/></ActionUnit>\n"
             "<ActionUnit Number='7'><Marker Type='2'/></ActionUnit></a>");
  const Samples samples = read();
  EXPECT_EQ(samples.ids, (Ids{"S1_0004", "S1_0005", "S1_0006"}));
  EXPECT_EQ(fact(samples, "turned_recordings"), 0);
  EXPECT_EQ(reasons(samples, "Sessions/1/S1-oao_aucs.xml"), "line 3: a Marker without Frame\n");
}

TEST_F(Mmi, WithoutActionUnitsTheMiddleCounts) {
  session(1, "S1", "4");
  EXPECT_EQ(read().ids, (Ids{"S1_0003", "S1_0004", "S1_0005"}));
  EXPECT_ERROR(read({.frames = "apx"}), Exit::kUsage, "did you mean apex");
}

TEST_F(Mmi, DexpressionRuleKeepsWhatMovesButTheFirstTwo) {
  session(1, "S1", "4");
  dir_.write("Sessions/1/S1.avi",
             clip_bytes({.still_until = 3}));  // moves from frame 3 to 4, 4 to 5, 5 to 6, 6 to 7
  EXPECT_EQ(read({.frames = "dexpression"}).ids, (Ids{"S1_0005", "S1_0006"}));
}

TEST_F(Mmi, OtherViewsAreLeftOut) {
  session(1, "S1", "1");
  session(2, "S2", "2", "1");
  session(3, "S3", "3", "");
  const Samples samples = read({.frames = "middle"});
  EXPECT_EQ(samples.ids, Ids{"S1_0004"});
  EXPECT_EQ(fact(samples, "of_other_view"), 2);
  EXPECT_EQ(problem_count(samples), 0u);
}

TEST_F(Mmi, FrontalClipsWithoutActionUnitsLieOnTheirSide) {
  session(1, "S1", "1", "0");
  dir_.write("Sessions/1/S1.avi", clip_bytes({.width = 160, .height = 200, .quarter_turns = 1}));
  session(2, "S2", "1", "0");  // higher than wide: it stands upright
  dir_.write("Sessions/2/S2.avi", clip_bytes({.width = 160, .height = 200}));
  const Samples samples = read({.frames = "middle"});
  EXPECT_EQ(samples.ids, (Ids{"S1_0004", "S2_0004"}));
  EXPECT_EQ(fact(samples, "turned_recordings"), 1);
}

TEST_F(Mmi, SubjectStandsInEitherFile) {
  session(1, "S1", "1", "2", "<subject id=\"10\"/>");
  session(2, "S2", "1", "2", "<Metatag Name=\"Subject\" Value=\"2\"/>");
  session(3, "S3", "1");
  dir_.write("Sessions/3/S3.xml",
             "<m><Metatag Name='Subject' Value='10'/><Metatag Name='Emotion' Value='2'/></m>");
  session(4, "S4", "1");
  const Samples samples = read({.frames = "middle"});
  EXPECT_EQ(samples.subject, (std::vector<std::int32_t>{1, 0, 1, -1})) << "2 comes before 10";
  EXPECT_EQ(fact(samples, "subjects"), (nlohmann::ordered_json{"2", "10"}));
  EXPECT_EQ(fact(samples, "recordings_of_unknown_subject"), 1);
}

TEST_F(Mmi, StillsAreOneSampleEach) {
  session(1, "S1", "1", "0");
  fs::remove(dir_ / "Sessions/1/S1.avi");
  dir_.write("Sessions/1/S1.JPG", image_bytes(face_image(200, 3), ".jpg"));
  const Samples samples = read();
  EXPECT_EQ(samples.ids, Ids{"S1"});
  EXPECT_EQ(fact(samples, "turned_recordings"), 0);
}

TEST_F(Mmi, NamesMayDifferInCaseAndBeOfAnyScript) {
  session(1, "S1", "1");
  fs::rename(dir_ / "Sessions", dir_ / "SESSIONS");
  fs::rename(dir_ / "SESSIONS/1/session.xml", dir_ / "SESSIONS/1/Session.XML");
  fs::rename(dir_ / "SESSIONS/1/S1.avi", dir_ / "SESSIONS/1/s1.AVI");
  fs::rename(dir_ / "SESSIONS/1", dir_ / "SESSIONS/Überraschung 1");
  const Samples samples = read({.frames = "middle"});
  EXPECT_EQ(samples.ids, Ids{"s1_0004"});
  EXPECT_EQ(problem_count(samples), 0u);
}

TEST_F(Mmi, HalfCopiedSessionsAreNamed) {
  session(1, "S1", "1");
  session(2, "S2", "1");
  fs::remove(dir_ / "Sessions/2/S2.avi");
  session(3, "S3", "1");
  fs::remove(dir_ / "Sessions/3/session.xml");
  session(4, "S4", "1");
  fs::remove(dir_ / "Sessions/4/S4.xml");
  session(5, "S5", "1", "0", "<annotation filename=\"S5-oao_aucs.xml\"/>");
  session(6, "S6", "1");
  dir_.write("Sessions/6/session.xml", "<session/>");
  const Samples samples = read({.frames = "middle"});
  EXPECT_EQ(samples.ids, (Ids{"S1_0004", "S5_0004"}));
  EXPECT_EQ(reasons(samples, "Sessions/2/S2.xml"), "neither clip nor still beside it\n");
  EXPECT_EQ(reasons(samples, "Sessions/3"), "no session.xml\n");
  EXPECT_EQ(reasons(samples, "Sessions/4"), "no <id>.xml beside session.xml\n");
  EXPECT_EQ(reasons(samples, "Sessions/4/S4.avi"), "no .xml of that name beside it\n");
  EXPECT_EQ(reasons(samples, "Sessions/5/session.xml"),
            "names s5-oao_aucs.xml, which is not there\n");
  EXPECT_EQ(reasons(samples, "Sessions/6/session.xml"), "no <track view=\"...\">\n");
  EXPECT_ERROR(read({.strict = true, .frames = "middle"}), Exit::kPrecondition, "6 problems");
}

TEST_F(Mmi, BadFilesAreNamedAndTheRestIsUsed) {
  session(1, "S1", "1");
  session(2, "S2", "1");
  dir_.write("Sessions/2/S2.xml", "<!DOCTYPE m [<!ENTITY e \"1\">]>" + emotion("&e;"));
  session(3, "S3", "1");
  dir_.write("Sessions/3/session.xml", "<session>\n<track view=\"0\"");
  session(4, "S4", "1");
  dir_.write("Sessions/4/S4.avi", "");
  session(5, "S5", "1");
  dir_.write("Sessions/5/S5.avi", "a letter to the editor");
  session(6, "S6", "1");
  dir_.write("Sessions/6/S6.avi", upright().substr(0, upright().size() * 8 / 10));
  session(7, "S1", "2");
  fs::create_directory_symlink(dir_ / "Sessions", dir_ / "Sessions/again");
  const Samples samples = read({.frames = "middle"});
  EXPECT_EQ(samples.ids, (Ids{"S1_0004", "S6_0004"})) << "the frame that the whole clip would give";
  EXPECT_EQ(reasons(samples, "Sessions/2/S2.xml"),
            "a document type, which could define entities\n");
  EXPECT_EQ(reasons(samples, "Sessions/3/session.xml").substr(0, 8), "line 2: ");
  EXPECT_EQ(reasons(samples, "Sessions/4/S4.avi"), "0 bytes\n");
  EXPECT_NE(reasons(samples, "Sessions/5/S5.avi").find("not a clip"), std::string::npos);
  EXPECT_EQ(reasons(samples, "Sessions/6/S6.avi"), "cut short; copy it again\n");
  EXPECT_EQ(reasons(samples, "Sessions/7/S1.avi"), "there is one of that name in Sessions/1\n");
  EXPECT_EQ(reasons(samples, "Sessions/again"), "a link to a folder that is read already\n");
  const auto manifest = nlohmann::ordered_json::parse(samples.manifest);
  EXPECT_EQ(manifest.at("n_failed"), 2) << "the empty clip and the letter";
  EXPECT_EQ(samples.manifest.find(dir_.path().string()), std::string::npos);
}

TEST_F(Mmi, NothingThere) {
  EXPECT_ERROR(read(), Exit::kPrecondition, "no folder with a session.xml; sign");
  EXPECT_TRUE(find_dataset("mmi").sources(dir_.path()).empty());
}

}  // namespace
}  // namespace mien::testing
