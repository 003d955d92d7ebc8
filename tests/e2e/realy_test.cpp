// `bench realy score` as a person types it, on the stand-in with its template as the prediction.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/system/process.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

Output bench(std::vector<std::string> arguments) {
  Command command{{MIEN_BINARY_DIR "/bin/bench"}, {}, 0};
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  return run_to_end(command, /*pass_err=*/false);
}

TEST(Realy, ScoresTheStandInGoesOnAndRefuses) {
  const testing::TempDir dir;
  const std::string data = (dir / "realy").string();
  const Output drawn = bench({"data", "synthesize", "realy", "--out", data, "--subjects", "1"});
  ASSERT_EQ(drawn.exited.exit_code, 0) << drawn.err;
  fs::create_directories(dir / "pred");
  fs::copy_file(data + "/data/SYN.obj", dir / "pred/1.obj");
  const auto score = [&](std::vector<std::string> more, const std::string& topology = "SYN") {
    std::vector<std::string> arguments = {"realy",
                                          "score",
                                          "--data",
                                          data,
                                          "--predictions",
                                          (dir / "pred").string(),
                                          "--topology",
                                          topology};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return bench(arguments);
  };
  const std::string out = (dir / "out").string();

  const Output first = score({"--out", out, "--error-text"});
  EXPECT_EQ(first.exited.exit_code, 0) << first.err;
  EXPECT_NE(first.out.find("compat  nose"), std::string::npos) << first.out;
  EXPECT_NE(first.out.find("strict: 1 scored, 0 failed, 0 missing"), std::string::npos);
  EXPECT_TRUE(fs::exists(out + "/REALY_error.txt"));

  dir.write("pred/1_2.obj", "v 0 0 0\r\n");
  const Output second = score({"--out", out, "--json"});
  EXPECT_EQ(second.exited.exit_code, 5);
  EXPECT_NE(second.err.find("1_2.obj"), std::string::npos) << second.err;
  const auto report = nlohmann::json::parse(second.out);
  EXPECT_EQ(report.at("resumed"), 1) << "the finished mesh was kept";
  EXPECT_EQ(report.at("modes").at("compat").at("scored"), 1);

  fs::remove(dir / "pred/1_2.obj");
  EXPECT_FALSE(fs::exists(out + "/pictures"));
  const Output drawn_late = score({"--out", out, "--pictures", "--json"});
  EXPECT_EQ(drawn_late.exited.exit_code, 0) << drawn_late.err;
  EXPECT_EQ(nlohmann::json::parse(drawn_late.out).at("resumed"), 0) << "it had no picture";
  const std::string picture = out + "/pictures/1.png";
  ASSERT_TRUE(fs::exists(picture));
  EXPECT_EQ(std::distance(fs::directory_iterator(out + "/pictures"), {}), 1);
  const auto drawn_at = fs::last_write_time(picture);
  EXPECT_EQ(nlohmann::json::parse(score({"--out", out, "--pictures", "--json"}).out).at("resumed"),
            1);
  EXPECT_EQ(fs::last_write_time(picture), drawn_at);
  EXPECT_EQ(score({"--pictures"}).exited.exit_code, 2);

  const Output unknown = score({}, "HIFI3D++");
  EXPECT_EQ(unknown.exited.exit_code, 5);
  EXPECT_NE(unknown.err.find("no such template"), std::string::npos) << unknown.err;
  EXPECT_EQ(score({"--mode", "loose"}).exited.exit_code, 2);
  EXPECT_EQ(score({"--error-text"}).exited.exit_code, 2);
}

/// A stand-in of one subject, with its template as the prediction.
class OneSubject : public ::testing::Test {
 protected:
  void SetUp() override {
    const Output drawn = bench({"data", "synthesize", "realy", "--out", data_, "--subjects", "1"});
    ASSERT_EQ(drawn.exited.exit_code, 0) << drawn.err;
    fs::create_directories(dir_ / "pred");
    fs::copy_file(data_ + "/data/SYN.obj", dir_ / "pred/1.obj");
  }
  Output score(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"realy", "score", "--data", data_, "--topology", "SYN"};
    arguments.insert(arguments.end(), {"--predictions", (dir_ / "pred").string()});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return bench(arguments);
  }
  /// Exit code 5 and one line that has `part`.
  void expect_refused(const std::string& part) const {
    const Output output = score();
    EXPECT_EQ(output.exited.exit_code, 5) << output.err;
    EXPECT_NE(output.err.find(part), std::string::npos) << part << "\n" << output.err;
    EXPECT_EQ(std::ranges::count(output.err, '\n'), 1) << output.err;
    EXPECT_EQ(output.out, "");
  }

  testing::TempDir dir_;
  const std::string data_ = (dir_ / "realy").string(), db_ = (dir_ / "r.db").string();
};
using RealyStore = OneSubject;
using RealyBadInput = OneSubject;

TEST_F(RealyStore, AResultGoesToTheBoardOnce) {
  const Output first = score({"--method", "mine", "--db", db_});
  EXPECT_EQ(first.exited.exit_code, 0) << first.err;
  EXPECT_NE(first.err.find("as mine@realy, task "), std::string::npos) << first.err;
  EXPECT_NE(first.out.find("stand-in meshes are not ranked"), std::string::npos) << first.out;
  const Output second = score({"--method", "mine", "--db", db_});
  EXPECT_NE(second.err.find("these meshes are already in"), std::string::npos) << second.err;

  const auto board = nlohmann::json::parse(bench({"board", "--db", db_, "--json"}).out);
  ASSERT_EQ(board.at("rows").size(), 1u);
  const auto& row = board.at("rows").at(0);
  EXPECT_EQ(row.at("experiment"), "mine@realy");
  EXPECT_EQ(row.at("data"), "stand-in");
  EXPECT_EQ(row.at("unit"), "mm");
  EXPECT_EQ(row.at("n"), 1);
  EXPECT_EQ(row.at("external"), "meshes");
  EXPECT_TRUE(row.at("verdict").is_null());

  const std::string id = first.err.substr(first.err.find(", task ") + 7, 12);
  const std::string shown = bench({"show", id, "--db", db_}).out;
  for (const char* part : {"REALY error in mm", "Worst meshes, mode compat", "realy_error_strict"})
    EXPECT_NE(shown.find(part), std::string::npos) << part << "\n" << shown;
  EXPECT_NE(bench({"show", "mine@realy", "--db", db_}).out.find(id), std::string::npos);

  const std::string ranks = bench({"realy", "board", "--db", db_}).out;
  EXPECT_NE(ranks.find("ExpNet"), std::string::npos) << ranks;
  EXPECT_LT(ranks.find("HiFace-f"), ranks.find("not ranked"));
  EXPECT_LT(ranks.find("not ranked"), ranks.find("mine *")) << "below, and without a rank";
}

TEST_F(RealyStore, OtherMeshesAreAnotherTaskAndTrueScansAreRanked) {
  fs::remove(data_ + "/STAND-IN.json");
  const Output frontal = score({"--method", "mine", "--db", db_});
  EXPECT_NE(frontal.out.find("of 27"), std::string::npos) << frontal.out;
  EXPECT_NE(frontal.out.find("1 meshes were scored, the published figures are of 100"),
            std::string::npos);
  fs::copy_file(dir_ / "pred/1.obj", dir_ / "pred/1_2.obj");
  EXPECT_NE(score({"--method", "mine", "--db", db_}).err.find("mine@realy-side"), std::string::npos)
      << "two pictures of one subject";
  const auto ranks =
      nlohmann::json::parse(bench({"realy", "board", "--set", "side", "--db", db_, "--json"}).out);
  const auto& rows = ranks.at("rows");
  EXPECT_EQ(rows.size(), 21u);
  EXPECT_EQ(std::ranges::count_if(
                rows, [](const auto& row) { return row.at("measured here") == "unverified data"; }),
            1);
  EXPECT_EQ(score({"--method", "a b", "--db", db_}).exited.exit_code, 2);
  EXPECT_EQ(score({"--method", "a", "--mode", "strict", "--db", db_}).exited.exit_code, 2);
}

TEST_F(RealyBadInput, MeshesCostThemselves) {
  const std::string good = read_text(dir_ / "pred/1.obj");
  std::string windows;
  for (const char c : good) windows += c == '\n' ? "\r\n" : std::string(1, c);
  dir_.write("pred/1_2.obj", windows);
  dir_.write("pred/1_3.obj", good + "f 1 1 1\nf 1 2 3\nf 1 2 3\nf 1 2 99\n");
  dir_.write("pred/1_4.obj", "v 1 2 3\n" + good);
  dir_.write("pred/1_5.obj", "v nan 0 0\n" + good.substr(good.find('\n') + 1));
  dir_.write("pred/1_6.obj", "");
  fs::create_directory(dir_ / "pred/1_8.obj");
  dir_.write("pred/1_7.ply",
             "ply\nformat binary_little_endian 1.0\nelement vertex 4000000000\nproperty float x\n"
             "property float y\nproperty float z\nend_header\n");
  for (const char* name : {"0", "101", "face"})
    fs::copy_file(dir_ / "pred/1.obj", dir_ / fmt::format("pred/{}.obj", name));
  const std::string out = (dir_ / "out").string();
  const Output output = score({"--mode", "compat", "--out", out, "--json"});
  EXPECT_EQ(output.exited.exit_code, 5);
  const auto report = nlohmann::json::parse(output.out);
  EXPECT_EQ(report.at("modes").at("compat").at("scored"), 3);
  EXPECT_EQ(report.at("modes").at("compat").at("failed"), 8);
  for (const char* name : {"1_4", "1_5", "1_6", "1_7", "1_8", "0", "101", "face"}) {
    std::istringstream lines(output.err);
    int found = 0;
    for (std::string line; std::getline(lines, line);)
      found += line.starts_with("bench-mesh: ") &&
               line.find(fmt::format("/pred/{}.", name)) != std::string::npos;
    EXPECT_EQ(found, 1) << name << "\n" << output.err;
  }
  EXPECT_TRUE(fs::exists(out + "/meshes/1.json")) << "what was finished is kept";
}

TEST_F(RealyBadInput, OfTheGroundTruthIsOneLine) {
  const std::string places = read_text(data_ + "/data/SYN.txt");
  fs::rename(data_ + "/data/SYN.txt", data_ + "/data/SYN.bak");
  expect_refused("SYN.txt");
  auto fewer = nlohmann::json::parse(places);
  fewer.erase(84);
  dir_.write("realy/data/SYN.txt", fewer.dump());
  expect_refused("84 keypoints, expected 85");
  dir_.write("realy/data/SYN.txt", places);
  fs::rename(data_ + "/data/SYN.obj", data_ + "/data/OTHER.obj");
  expect_refused("no such template");
  fs::rename(data_ + "/data/OTHER.obj", data_ + "/data/SYN.obj");
  dir_.write("realy/data/metrical_scale.txt", "");
  expect_refused("metrical_scale.txt: no scale in it");
  fs::remove(dir_ / "pred/1.obj");
  dir_.write("pred/readme.txt", "");
  dir_.write("realy/data/metrical_scale.txt", "9\n");
  expect_refused("no .obj and no .ply");
}

}  // namespace
}  // namespace mien
