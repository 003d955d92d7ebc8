// From folder to pack: when a pack is used again, when it is not, and what is left behind.
#include "datasets/prepare/prepare.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>

#include "datasets/faces/faces.h"
#include "datasets/images/image_io.h"
#include "datasets/prepare/catalog.h"
#include "datasets/prepare/verify.h"
#include "datasets/prepare/workspace.h"
#include "harness/base/digest.h"
#include "harness/base/files.h"
#include "tests/support/expect_error.h"
#include "tests/support/fer2013_text.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::ordered_json;

namespace mien::testing {
namespace {

/// Cache and data directories of its own.
class Prepare : public ::testing::Test {
 protected:
  Prepare() {
    ::setenv("MIEN_CACHE", (dir_ / "cache").c_str(), 1);
    ::setenv("MIEN_DATA", (dir_ / "data").c_str(), 1);
  }
  ~Prepare() override {
    ::unsetenv("MIEN_CACHE");
    ::unsetenv("MIEN_DATA");
  }
  fs::path own_copy(std::uint64_t seed) {
    return dir_.write("own/fer2013.csv", csv_text(random_rows(8, seed), {})).parent_path();
  }
  int files_in(const fs::path& folder) {
    std::error_code ignored;
    return static_cast<int>(std::distance(fs::recursive_directory_iterator(folder, ignored), {}));
  }

  TempDir dir_;
};

TEST_F(Prepare, MakesTheStandInOnceAndReusesItsPack) {
  const PrepareRequest request{.name = "ckplus48"};  // the smallest pictures
  EXPECT_EQ(locate(request).at("pack"), nullptr);
  EXPECT_EQ(files_in(dir_.path()), 0) << "locate writes nothing";
  const ordered_json first = prepare(request);
  EXPECT_EQ(first.at("data"), "stand-in");
  EXPECT_EQ(first.at("cached"), false);
  EXPECT_EQ(first.at("samples"), first.at("manifest").at("n_used"));
  const ordered_json again = prepare(request);
  EXPECT_EQ(again.at("cached"), true);
  EXPECT_EQ(again.at("pack"), first.at("pack"));
  EXPECT_EQ(again.at("manifest"), first.at("manifest"));
  EXPECT_EQ(locate(request).at("sha256"), first.at("sha256"));
  // A folder for real data wins over the stand-in, even an empty one.
  fs::create_directories(dir_ / "data/ckplus48");
  EXPECT_EQ(locate(request).at("data"), "real");
  EXPECT_ERROR(prepare(request), Exit::kPrecondition, "data/ckplus48");
  EXPECT_EQ(prepare({.name = "ckplus48", .stand_in = true}).at("pack"), first.at("pack"));
}

TEST_F(Prepare, ReadsAgainWhenAFileChanged) {
  const fs::path own = own_copy(1);
  const PrepareRequest request{"fer2013", own, true, false};
  const ordered_json first = prepare(request);
  EXPECT_EQ(first.at("data"), "unverified");
  EXPECT_EQ(prepare(request).at("cached"), true);
  own_copy(2);
  const ordered_json second = prepare(request);
  EXPECT_EQ(second.at("cached"), false);
  EXPECT_NE(second.at("sha256"), first.at("sha256"));
}

TEST_F(Prepare, ReadsAgainWhenThePackOrItsIndexIsGoneOrDamaged) {
  const PrepareRequest request{"fer2013", own_copy(1), true, false};
  const ordered_json first = prepare(request);
  fs::remove(first.at("pack").get<std::string>());
  EXPECT_EQ(prepare(request).at("cached"), false);
  for (const auto& item : fs::directory_iterator(dir_ / "cache/packs/index"))
    write_text(item.path(), "{\"schema\":");
  EXPECT_EQ(prepare(request).at("cached"), false);
  EXPECT_EQ(prepare(request).at("cached"), true);
}

TEST_F(Prepare, UnverifiedDataNeedsConsentEveryTime) {
  PrepareRequest request{"fer2013", own_copy(1), true, false};
  prepare(request);
  request.accept_unverified = false;
  EXPECT_ERROR(prepare(request), Exit::kPrecondition, "--accept-unverified");
}

TEST_F(Prepare, FailureLeavesNothingBehind) {
  const fs::path own = own_copy(1);
  write_text(own / "fer2013.csv", "emotion,pixels,Usage\n0,1 2,Training\n");
  EXPECT_ERROR(prepare({"fer2013", own, true, false}), Exit::kPrecondition, ":2: 2 pixels");
  EXPECT_EQ(files_in(dir_ / "cache/packs"), 1) << "an empty folder for work in progress";
}

TEST_F(Prepare, VerifyComparesDigestsCountsAndThePack) {
  EXPECT_ERROR(verify({"fer2013", {}, false, false}), Exit::kPrecondition, "nor a stand-in yet");
  const fs::path own = own_copy(1);
  const Verification before = verify({"fer2013", own, false, false});
  EXPECT_EQ(before.exit, Exit::kPrecondition);
  EXPECT_EQ(before.report.at("counts_match"), false);
  EXPECT_EQ(before.report.at("pack"), nullptr);
  const ordered_json prepared = prepare({"fer2013", own, true, false});
  EXPECT_EQ(verify({"fer2013", own, true, false}).exit, Exit::kDone);
  const fs::path pack = prepared.at("pack").get<std::string>();
  std::string bytes = read_text(pack);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_text(pack, bytes);
  const Verification after = verify({"fer2013", own, true, false});
  EXPECT_EQ(after.exit, Exit::kIntegrity);
  EXPECT_NE(after.problem.find("recorded was"), std::string::npos);
}

TEST_F(Prepare, SynthesizeFillsOnlyANewOrEmptyFolder) {
  synthesize("fer2013", dir_ / "new/deep", {.subjects = 3});
  EXPECT_TRUE(fs::exists(dir_ / "new/deep/fer2013.csv"));
  EXPECT_ERROR(synthesize("fer2013", dir_ / "new/deep", {.subjects = 3}),
               Exit::kUsage,
               "exists and is not an empty folder");
  fs::create_directory(dir_ / "empty");
  synthesize("fer2013", dir_ / "empty/", {.subjects = 3});
  EXPECT_ERROR(
      synthesize("fer2013", dir_ / "two", {.subjects = 2}), Exit::kUsage, "--subjects 2: from 3");
  EXPECT_FALSE(fs::exists(dir_ / "two"));
  EXPECT_EQ(files_in(dir_.path()), 2 + 2 + 3) << "no partial folder stays";
}

// ---- trees of pictures: JAFFE's is the simplest ------------------------------------------------

/// Its folder with a few named pictures, without a marker.
class PrepareTree : public Prepare {
 protected:
  PrepareTree() {
    for (const char* name : {"KA.AN1.39", "KA.HA1.29", "KL.SU1.70", "KM.NE1.11"}) {
      const Image image = draw_face({.subject = static_cast<int>(name[1]),
                                     .expression = "happy",
                                     .style = FaceStyle::kLab,
                                     .width = 256,
                                     .height = 256,
                                     .face_share = 0.7})
                              .image;
      fs::create_directories(jaffe());
      write_image(jaffe() / (std::string(name) + ".tiff"), image);
    }
  }
  fs::path jaffe() const { return dir_ / "own jaffé"; }
  PrepareRequest request() const { return {.name = "jaffe", .source = jaffe()}; }
};

TEST_F(PrepareTree, PackIsTheSameWhereverTheFolderLies) {
  const ordered_json first = prepare(request());
  EXPECT_EQ(first.at("samples"), 4);
  EXPECT_EQ(prepare(request()).at("cached"), true) << "unverified without asking for consent";
  fs::rename(jaffe(), dir_ / "moved");
  const ordered_json moved = prepare({.name = "jaffe", .source = dir_ / "moved"});
  EXPECT_EQ(moved.at("cached"), false);
  EXPECT_EQ(moved.at("pack"), first.at("pack"));
  EXPECT_EQ(files_in(dir_ / "cache/packs/partial"), 0) << "finished work is removed";
}

TEST_F(PrepareTree, StrictRefusesAlsoWhatIsPreparedAlready) {
  write_text(jaffe() / "KL.SU1.70.tiff", "half");
  const ordered_json found = prepare(request());
  EXPECT_EQ(found.at("manifest").at("n_failed"), 1);
  PrepareRequest strict = request();
  strict.strict = true;
  EXPECT_ERROR(prepare(strict), Exit::kPrecondition, "KL.SU1.70.tiff: not a JPEG, PNG or TIFF");
}

TEST_F(PrepareTree, VerifyNamesProblemsAndChanges) {
  const ordered_json prepared = prepare({.name = "jaffe", .source = jaffe()});
  PrepareRequest own = request();
  own.accept_unverified = true;
  const Verification good = verify(own, dir_ / "hashes");
  EXPECT_EQ(good.exit, Exit::kDone) << good.problem;
  EXPECT_EQ(good.report.at("prepared_files").at("match"), true);
  EXPECT_EQ(prepared.at("manifest").at("tree").at("sha256"), sha256_file(dir_ / "hashes"));
  EXPECT_EQ(verify(request()).exit, Exit::kPrecondition) << "four pictures are not JAFFE";
  write_text(jaffe() / "KL.SU1.70.tiff", "half");
  const Verification changed = verify(own);
  EXPECT_EQ(changed.exit, Exit::kIntegrity);
  EXPECT_NE(changed.problem.find("not those that were prepared"), std::string::npos);
  prepare(own);
  const Verification bad = verify(own);
  EXPECT_EQ(bad.exit, Exit::kPrecondition);
  EXPECT_NE(bad.problem.find("1 problems, the first: KL.SU1.70.tiff"), std::string::npos)
      << bad.problem;
  EXPECT_EQ(files_in(dir_ / "cache/packs/partial"), 0) << "verify leaves nothing";
}

TEST_F(PrepareTree, GoesOnWithTheWorkThatAKilledProcessLeft) {
  const ordered_json whole = prepare(request());
  const fs::path pack = whole.at("pack").get<std::string>();
  const std::string bytes = read_text(pack);
  fs::remove_all(dir_ / "cache");
  // A child that dies at the last moment: everything is read, nothing is packed.
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(STDERR_FILENO);
    fs::create_directories(dir_ / "cache");
    fs::permissions(dir_ / "cache", fs::perms::owner_all);
    write_text(dir_ / "cache/packs/index", "in the way of the index");
    try {
      prepare(request());
    } catch (const Error&) {
    }
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_GT(files_in(dir_ / "cache/packs/partial"), 2) << "its work is there";
  fs::remove(dir_ / "cache/packs/index");
  EXPECT_EQ(prepare(request()).at("sha256"), whole.at("sha256"));
  EXPECT_EQ(read_text(pack), bytes);
}

TEST_F(PrepareTree, FrameRulesAreCheckedAndSuggested) {
  EXPECT_ERROR(locate({.name = "jaffe", .frames = "last3"}), Exit::kUsage, "has no frames");
  EXPECT_ERROR(
      locate({.name = "ckplus", .frames = "last"}), Exit::kUsage, "no frame rule 'last': did you");
  EXPECT_EQ(locate({.name = "ckplus"}).at("frames"), "last3");
  EXPECT_EQ(locate({.name = "ckplus", .frames = "peak"}).at("frames"), "peak");
}

TEST_F(PrepareTree, ShowWritesASheetOfAllClasses) {
  const ordered_json shown = show(request(), dir_ / "sheet.png", 3);
  EXPECT_EQ(shown.at("width_px"), 150 + 3 * 100);
  EXPECT_EQ(shown.at("height_px"), 28 + 4 * 100) << "one row for each class that has samples";
  EXPECT_GT(fs::file_size(dir_ / "sheet.png"), 1000u);
}

// ---- workspaces --------------------------------------------------------------------------------

TEST(Workspace, StaysUntilItIsFinishedAndBelongsToOneProcess) {
  const TempDir dir;
  const fs::path folder = dir / "work";
  {
    const Workspace first(folder, "a");
    write_text(first.path() / "journal", "x");
    const Workspace second(folder, "a");
    EXPECT_NE(second.path(), folder) << "in use";
    write_text(second.path() / "journal", "x");
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), {}), 1);
  EXPECT_TRUE(fs::exists(Workspace(folder, "a").path() / "journal"));
  EXPECT_FALSE(fs::exists(Workspace(folder, "b").path() / "journal")) << "of another source";
  EXPECT_FALSE(fs::exists(folder)) << "nothing in it";
  Workspace last(folder, "a");
  last.finish();
  EXPECT_FALSE(fs::exists(folder));
}

TEST(Workspace, RemovesOnlyOldLeftoversOfDeadProcesses) {
  const TempDir dir;
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const std::string gone = std::to_string(child), here = std::to_string(::getpid());
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(1);
  for (const std::string& name : {"a.partial-" + gone,
                                  "b.partial-" + here,
                                  "c-unnamed-" + gone + ".safetensors",
                                  "d-unnamed-" + gone + ".safetensors.partial-" + gone,
                                  std::string("e-0123456789abcdef.safetensors")})
    fs::last_write_time(dir.write(name, "x"), old);
  dir.write("f.partial-" + gone, "x");
  remove_leftovers(dir.path());
  std::set<std::string> left;
  for (const auto& item : fs::directory_iterator(dir.path()))
    left.insert(item.path().filename().string().substr(0, 1));
  EXPECT_EQ(left, (std::set<std::string>{"b", "e", "f"}));
}

TEST_F(Prepare, CardsHoldTheWholeTable) {
  const ordered_json all = cards();
  ASSERT_GE(all.size(), 1u);
  for (const ordered_json& card : all)
    for (const char* key : {"name",
                            "title",
                            "licence",
                            "obtain",
                            "tree",
                            "classes",
                            "splits",
                            "counts",
                            "files",
                            "errata",
                            "frame_rules",
                            "named_splits"})
      EXPECT_TRUE(card.contains(key)) << key;
  EXPECT_EQ(all.at(0).at("counts").at("Training").at("disgust"), 436);
  EXPECT_EQ(all.at(0).at("named_splits").at(1).at("test"), ordered_json::array({"PublicTest"}));
}

}  // namespace
}  // namespace mien::testing
