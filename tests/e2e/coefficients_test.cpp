// From pixels to coefficients to millimetres, as a person types it, on drawn faces.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/system/process.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::json;

namespace mien {
namespace {

constexpr const char* kImages =
    "resize_px: 112, resample: area, channel_order: bgr, "
    "normalize: {mean: 0, std: 0.00392156862745098}";

std::string regression(const std::string& model) {
  return fmt::format(
      "schema: 1\nexperiment: {0}@synth3dmm\ntask: regression\nmodel: {0}\nvariant: narrow\n"
      "dataset: synth3dmm\nprotocol:\n"
      "  {{{1}, splits: {{train: [train], validation: [validation], test: [test]}}, epochs: 2, "
      "batch: 16, optimizer: {{name: adam, learning_rate: 0.001}}, test_scales: [100, 20], "
      "landmark_noise: [0, 4]}}\nprofiles: {{smoke: {{protocol: {{timing: {{repetitions: 1, "
      "seconds: 0.01, warmup_seconds: 0, batches: [1]}}}}}}}}\n",
      model,
      kImages);
}

std::string taker(const std::string& id,
                  const std::string& task,
                  const std::string& dataset,
                  const std::string& networks,
                  const std::string& protocol) {
  return fmt::format(
      "schema: 1\nexperiment: {}\ntask: {}\nmodel: expnet\nvariant: narrow\ndataset: {}\n"
      "networks: {{{}}}\nprotocol: {{{}, {}}}\nprofiles: {{smoke: {{}}}}\n",
      id,
      task,
      dataset,
      networks,
      kImages,
      protocol);
}

class CoefficientsEndToEnd : public ::testing::Test {
 protected:
  CoefficientsEndToEnd() {
    folder.write("configs/expnet@synth3dmm.yaml", regression("expnet"));
    folder.write("configs/shapenet@synth3dmm.yaml", regression("shapenet"));
    folder.write("configs/expnet@realy.yaml",
                 taker("expnet@realy",
                       "reconstruction",
                       "realy",
                       "expression: expnet@synth3dmm, identity: shapenet@synth3dmm",
                       "splits: {train: [], validation: [], test: [frontal]}"));
    folder.write("configs/expnet@ckplus.yaml",
                 taker("expnet@ckplus",
                       "accuracy",
                       "ckplus",
                       "expression: expnet@synth3dmm",
                       "splits: {scheme: folds, unit: subject, folds: 0}, "
                       "emotion: {neighbours: 3, sweep: [1, 5]}, test_scales: [50]"));
    for (const auto& [dataset, subjects] :
         std::map<std::string, std::string>{{"synth3dmm", "8"}, {"realy", "2"}, {"ckplus", "6"}}) {
      const Output drawn = bench({"data",
                                  "synthesize",
                                  dataset,
                                  "--out",
                                  (folder / "data" / dataset).string(),
                                  "--subjects",
                                  subjects});
      EXPECT_EQ(drawn.exited.exit_code, 0) << drawn.err;
    }
  }

  Output bench(std::vector<std::string> arguments) {
    Command command{{MIEN_BINARY_DIR "/bin/bench"}, {}, 0};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    command.environment = {{"MIEN_CACHE", (folder / "cache").string()},
                           {"MIEN_DATA", (folder / "data").string()},
                           {"MIEN_DB", (folder / "results.db").string()}};
    return run_to_end(command, /*pass_err=*/false);
  }
  Output run(const std::string& selector) {
    return bench({"run", selector, "--configs", (folder / "configs").string(), "--json"});
  }
  json board_row(const json& answer, const std::string& experiment) {
    for (const json& row : answer.at("board").at("rows"))
      if (row.at("experiment") == experiment) return row;
    ADD_FAILURE() << "no row of " << experiment;
    return json::object();
  }

  testing::TempDir folder;
};

TEST_F(CoefficientsEndToEnd, NetworksAreTrainedThenTakenThenExplained) {
  const Output meshes = run("expnet@realy");
  ASSERT_EQ(meshes.exited.exit_code, 0) << meshes.err;
  const json answer = json::parse(meshes.out);
  EXPECT_EQ(answer.at("tasks").size(), 5u) << "two networks, meshes, and two timings";
  const json error = board_row(answer, "expnet@realy");
  EXPECT_EQ(error.at("unit"), "mm");
  EXPECT_EQ(error.at("n"), 2);
  EXPECT_GT(error.at("measured"), 0.1);
  EXPECT_LT(error.at("measured"), 20);
  const json coefficients = board_row(answer, "expnet@synth3dmm");
  EXPECT_EQ(coefficients.at("unit"), "sd");
  EXPECT_GT(coefficients.at("measured"), 0.1);

  const Output emotions = run("expnet@ckplus");
  ASSERT_EQ(emotions.exited.exit_code, 0) << emotions.err;
  EXPECT_EQ(json::parse(emotions.out).at("tasks").size(), 1u) << "its network is trained already";
  EXPECT_EQ(board_row(json::parse(emotions.out), "expnet@ckplus").at("unit"), "%");

  for (const auto& [experiment, sample] : std::map<std::string, std::string>{
           {"expnet@synth3dmm", "00007_00"}, {"expnet@realy", "1"}}) {
    const std::string out = (folder / (experiment + ".png")).string();
    const Output explained = bench({"explain",
                                    experiment,
                                    "--sample",
                                    sample,
                                    "-o",
                                    out,
                                    "--configs",
                                    (folder / "configs").string()});
    EXPECT_EQ(explained.exited.exit_code, 0) << explained.err;
    EXPECT_TRUE(fs::exists(out));
  }

  fs::remove_all(folder / "results.weights");
  folder.write("configs/expnet@realy.yaml",
               taker("expnet@realy",
                     "reconstruction",
                     "realy",
                     "expression: expnet@synth3dmm",
                     "splits: {train: [], validation: [], test: [frontal]}"));
  const Output gone = run("expnet@realy");
  EXPECT_EQ(gone.exited.exit_code, 5);
  EXPECT_NE(gone.out.find("the weights of expnet@synth3dmm seed 1 are gone"), std::string::npos)
      << gone.out;
}

}  // namespace
}  // namespace mien
