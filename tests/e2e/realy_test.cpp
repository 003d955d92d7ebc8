// `bench realy score` as a person types it, on the stand-in with its template as the prediction.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/process.h"
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

}  // namespace
}  // namespace mien
