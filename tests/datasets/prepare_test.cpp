// From folder to pack: when a pack is used again, when it is not, and what is left behind.
#include "datasets/prepare.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "harness/core/files.h"
#include "tests/datasets/fer2013_text.h"
#include "tests/support/expect_error.h"
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
  EXPECT_EQ(locate("fer2013").at("pack"), nullptr);
  EXPECT_EQ(files_in(dir_.path()), 0) << "locate writes nothing";
  const ordered_json first = prepare({"fer2013", {}, false, false});
  EXPECT_EQ(first.at("data"), "stand-in");
  EXPECT_EQ(first.at("cached"), false);
  EXPECT_EQ(first.at("samples"), 2400);
  for (const char* split : {"PublicTest", "PrivateTest"}) {
    int sum = 0;
    for (const auto& count : first.at("manifest").at("counts").at(split)) sum += count.get<int>();
    EXPECT_EQ(sum, 360) << split;
  }
  const ordered_json again = prepare({"fer2013", {}, false, false});
  EXPECT_EQ(again.at("cached"), true);
  EXPECT_EQ(again.at("pack"), first.at("pack"));
  EXPECT_EQ(again.at("manifest"), first.at("manifest"));
  EXPECT_EQ(locate("fer2013").at("sha256"), first.at("sha256"));
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
  EXPECT_EQ(files_in(dir_ / "cache"), 0);
}

TEST_F(Prepare, RealFolderWinsOverTheStandIn) {
  fs::create_directories(dir_ / "data/fer2013");
  EXPECT_EQ(locate("fer2013").at("data"), "real");
  EXPECT_ERROR(prepare({"fer2013", {}, false, false}), Exit::kPrecondition, "none of fer2013.csv");
  EXPECT_EQ(prepare({"fer2013", {}, false, true}).at("data"), "stand-in");
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
  EXPECT_ERROR(synthesize("fer2013", dir_ / "two", {.subjects = 2}),
               Exit::kUsage,
               "--subjects 2: at least 3");
  EXPECT_FALSE(fs::exists(dir_ / "two"));
  EXPECT_EQ(files_in(dir_.path()), 2 + 2 + 3) << "no partial folder stays";
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
                            "errata"})
      EXPECT_TRUE(card.contains(key)) << key;
  EXPECT_EQ(all.at(0).at("counts").at("Training").at("disgust"), 436);
}

}  // namespace
}  // namespace mien::testing
