// A tree dataset as its owner meets it: synthesize, verify, prepare, split, audit, run; and what a
// damaged copy is told.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/files.h"
#include "harness/system/process.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::json;

namespace mien {
namespace {

constexpr const char* kBin = MIEN_BINARY_DIR "/bin/";

constexpr const char* kConfig = R"(schema: 1
experiment: deepemotion@jaffe
title: e2e
model: deepemotion
variant: fig
dataset: jaffe
protocol:
  splits: {scheme: folds, unit: image, folds: 3}
  resize_px: 48
  epochs: 1
profiles:
  smoke:
    protocol: {timing: {repetitions: 2, seconds: 0.01, warmup_seconds: 0}}
)";

/// One synthetic JAFFE of four people, drawn once, copied where a test damages it.
class Data : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(
        bench({"data", "synthesize", "jaffe", "--out", original().string(), "--subjects", "4"})
            .exited.exit_code,
        0);
  }
  static fs::path root() {
    static const testing::TempDir folder;
    return folder.path();
  }
  static fs::path original() { return root() / "data/jaffe"; }

  static Output bench(std::vector<std::string> arguments) {
    Command command{{std::string(kBin) + "bench"}, {}, 0};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    command.environment = {{"MIEN_CACHE", (root() / "cache").string()},
                           {"MIEN_DATA", (root() / "data").string()},
                           {"MIEN_DB", (root() / "results.db").string()}};
    return run_to_end(command, false);
  }
  static json answer(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    const Output output = bench(std::move(arguments));
    EXPECT_EQ(output.exited.exit_code, 0) << output.err;
    return json::parse(output.out, nullptr, false);
  }
  /// A copy without the marker: what a person has who copied half of the real thing.
  fs::path copy() {
    fs::copy(original(), copy_ / "jaffe", fs::copy_options::recursive);
    fs::remove(copy_ / "jaffe/STAND-IN.json");
    return copy_ / "jaffe";
  }
  static std::vector<fs::path> images(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& item : fs::recursive_directory_iterator(folder))
      if (item.path().extension() == ".tiff") found.push_back(item.path());
    std::sort(found.begin(), found.end());
    return found;
  }

  const testing::TempDir copy_;
};

TEST_F(Data, SynthesizedIsVerifiedPreparedAndCalledStandIn) {
  const json report = answer({"data", "verify", "jaffe"});
  EXPECT_EQ(report.at("data"), "stand-in");
  const Output first = bench({"data", "prepare", "jaffe", "--json"});
  const json prepared = json::parse(first.out);
  EXPECT_EQ(prepared.at("data"), "stand-in");
  EXPECT_NE(first.err.find("bench: jaffe: reading "), std::string::npos) << first.err;
  EXPECT_NE(first.err.find("samples prepared in "), std::string::npos) << first.err;
  EXPECT_EQ(prepared.at("manifest").at("n_total"), prepared.at("samples"));
  EXPECT_EQ(answer({"data", "prepare", "jaffe"}).at("cached"), true);
  const json card = answer({"data", "list", "jaffe"}).at("datasets").at(0);
  EXPECT_EQ(card.at("installed"), false) << "a folder with a marker is no licensed copy";
  EXPECT_EQ(card.at("pack"), prepared.at("pack"));
}

TEST_F(Data, SplitsAreListedAndExported) {
  const json splits = answer({"data", "splits", "jaffe"}).at("splits");
  std::set<std::string> disjoint;
  for (const json& split : splits)
    if (split.at("subject_disjoint") == true) disjoint.insert(split.at("name"));
  EXPECT_EQ(disjoint, std::set<std::string>{"loso"});
  const fs::path csv = root() / "splits.csv";
  answer({"data", "splits", "jaffe", "--split", "loso", "-o", csv.string()});
  const std::string text = read_text(csv);
  EXPECT_TRUE(text.starts_with("fold,side,sample_id,class,subject,sequence\n1,train,"));
  const auto samples = answer({"data", "prepare", "jaffe"}).at("samples").get<std::int64_t>();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1 + 4 * samples) << "four folds";
  EXPECT_EQ(bench({"data", "splits", "jaffe", "--split", "lsoo"}).exited.exit_code, 2);
}

TEST_F(Data, AuditFindsThePeopleOfFrameFolds) {
  for (const json& leak : answer({"data", "audit", "jaffe"}).at("leaks")) {
    if (leak.at("kind") != "subject" || leak.at("side") != "test in train") continue;
    if (leak.at("split") == "loso")
      EXPECT_EQ(leak.at("rows"), 0);
    else
      EXPECT_EQ(leak.at("rows"), leak.at("of")) << leak.at("split");
  }
}

TEST_F(Data, SubjectDisjointRunsBothSplitsAndReportsTheDifference) {
  const testing::TempDir configs;
  configs.write("deepemotion@jaffe.yaml", kConfig);
  const json result = answer(
      {"run", "deepemotion@jaffe", "--configs", configs.path().string(), "--subject-disjoint"});
  std::set<std::string> splits;
  for (const json& row : result.at("board").at("rows")) {
    splits.insert(row.at("split"));
    EXPECT_EQ(row.at("folds"), 3);
    EXPECT_EQ(row.at("leaks").at("subject"), row.at("split") == "folds3-image" ? 1.0 : 0.0);
  }
  EXPECT_EQ(splits, (std::set<std::string>{"folds3-image", "folds3-subject"}));
  ASSERT_EQ(result.at("twins").size(), 1u);
  const json& pair = result.at("twins").at(0);
  EXPECT_NEAR(pair.at("difference").get<double>(),
              pair.at("measured").get<double>() - pair.at("twin_measured").get<double>(),
              1e-9);
  EXPECT_LE(pair.at("lower"), pair.at("difference"));
  const Output former =
      bench({"plan", "deepemotion@jaffe", "--configs", configs.path().string(), "--leaky-twin"});
  EXPECT_EQ(former.exited.exit_code, 0);
  EXPECT_NE(former.err.find("--leaky-twin is now called --subject-disjoint"), std::string::npos);
}

TEST_F(Data, DamagedFilesAreNamedTheRestIsUsed) {
  const fs::path folder = copy();
  const std::vector<fs::path> files = images(folder);
  ASSERT_GT(files.size(), 10u);
  fs::resize_file(files[0], 0);
  fs::resize_file(files[1], fs::file_size(files[1]) / 2);
  fs::copy_file(MIEN_SOURCE_DIR "/README.md", files[2], fs::copy_options::overwrite_existing);
  const Output output = bench({"data", "prepare", "jaffe", "--source", folder.string(), "--json"});
  ASSERT_EQ(output.exited.exit_code, 0) << output.err;
  const json prepared = json::parse(output.out);
  EXPECT_EQ(prepared.at("data"), "unverified") << "fewer than the published 213";
  EXPECT_EQ(prepared.at("manifest").at("n_failed"), 3);
  EXPECT_EQ(prepared.at("samples"), files.size() - 3);
  for (int i = 0; i < 3; ++i)
    EXPECT_NE(output.err.find(files[static_cast<std::size_t>(i)].filename().string()),
              std::string::npos)
        << output.err;
  const Output strict =
      bench({"data", "prepare", "jaffe", "--source", folder.string(), "--strict"});
  EXPECT_EQ(strict.exited.exit_code, 5);
  EXPECT_EQ(bench({"data", "verify", "jaffe", "--source", folder.string()}).exited.exit_code, 5);
}

TEST_F(Data, AHeadThatIsNotInstalledIsAskedForInVain) {
  const Output output = bench({"data",
                               "synthesize",
                               "jaffe",
                               "--head",
                               "ict-facekit",
                               "--out",
                               (root() / "ict").string(),
                               "--subjects",
                               "1"});
  EXPECT_EQ(output.exited.exit_code, 5) << output.err;
  EXPECT_NE(output.err.find("ict-facekit"), std::string::npos);
  EXPECT_FALSE(fs::exists(root() / "ict"));
}

TEST_F(Data, ContactSheetIsAPicture) {
  const fs::path sheet = root() / "sheet.png";
  answer({"data", "show", "jaffe", "-o", sheet.string(), "--columns", "3"});
  EXPECT_TRUE(read_text(sheet).starts_with("\x89PNG"));
}

}  // namespace
}  // namespace mien
