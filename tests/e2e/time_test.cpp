// `bench time` as a person types it, with budgets far too small for a figure worth anything.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/system/process.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::json;

namespace mien {
namespace {

class Time : public ::testing::Test {
 protected:
  Output bench(std::vector<std::string> arguments) {
    Command command{{MIEN_BINARY_DIR "/bin/bench"}, {}, 0};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    command.environment = {{"MIEN_CACHE", (folder / "cache").string()},
                           {"MIEN_DB", (folder / "results.db").string()}};
    return run_to_end(command, /*pass_err=*/false);
  }
  Output time(const std::string& model, std::vector<std::string> more = {}) {
    std::vector<std::string> all = {
        "time", model, "--device", "cpu", "--seconds", "0.001", "--launches", "2"};
    all.insert(all.end(), more.begin(), more.end());
    return bench(all);
  }

  testing::TempDir folder;
};

TEST_F(Time, EveryCellIsPrintedStoredAndSaysWhatNAllows) {
  const Output ran = time("deepemotion", {"--batches", "1,2", "--json"});
  ASSERT_EQ(ran.exited.exit_code, 0) << ran.err;
  const json report = json::parse(ran.out);
  EXPECT_EQ(report.at("model"), "deepemotion");
  std::set<std::string> cells;
  for (const json& cell : report.at("cells")) {
    cells.insert(fmt::format("{} {} {}",
                             cell.at("batch").get<int>(),
                             cell.at("scope").get<std::string>(),
                             cell.at("cache").get<std::string>()));
    EXPECT_EQ(cell.at("mode"), "eager");
    EXPECT_GT(cell.at("median_ms"), 0);
    EXPECT_GT(cell.at("images_per_second"), 0);
    EXPECT_LE(cell.at("lower_ms"), cell.at("median_ms"));
    EXPECT_EQ(cell.at("interval"), "range");
    EXPECT_EQ(cell.at("launches"), 2);
    EXPECT_GE(cell.at("n"), 14);
    EXPECT_TRUE(cell.at("device_ms").is_null()) << "a CPU has no clock of its own";
    if (cell.at("n") < 662) {
      EXPECT_TRUE(cell.at("p99_ms").is_null());
    }
  }
  EXPECT_EQ(cells,
            (std::set<std::string>{"1 compute hot",
                                   "1 compute cold",
                                   "1 end-to-end hot",
                                   "2 compute hot",
                                   "2 compute cold",
                                   "2 end-to-end hot"}));
  std::set<std::string> metrics;
  for (const json& metric : report.at("metrics")) metrics.insert(metric.at("name"));
  for (const char* name : {"images_per_second_b2",
                           "latency_ms_b1_p99",
                           "foreign_work_before",
                           "peak_gflop_per_second",
                           "roofline_b1"})
    EXPECT_TRUE(metrics.contains(name)) << name;

  const Output shown = bench({"show", report.at("task"), "--json"});
  EXPECT_EQ(shown.exited.exit_code, 0) << shown.err;
  EXPECT_EQ(json::parse(shown.out).at("task").at("protocol").at("timing").at("launches"), 2);
  const Output again = time("deepemotion", {"--batches", "1,2", "--json"});
  EXPECT_NE(json::parse(again.out).at("task"), report.at("task")) << "a task of its own";
}

TEST_F(Time, RefusesWhatHasNoNetwork) {
  const Output unknown = time("deepemotoin");
  EXPECT_EQ(unknown.exited.exit_code, 2);
  EXPECT_NE(unknown.err.find("deepemotion"), std::string::npos) << unknown.err;
  EXPECT_EQ(time("null").exited.exit_code, 2);
  EXPECT_EQ(time("deepemotion", {"--batches", "0"}).exited.exit_code, 2);
  EXPECT_FALSE(fs::exists(folder / "results.db")) << "nothing was begun";
}

}  // namespace
}  // namespace mien
