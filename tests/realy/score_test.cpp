// A folder of predictions: aggregation, the two protocols, resume, and bad meshes among good ones.
#include "harness/realy/score.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/expect_error.h"
#include "tests/support/realy_tree.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

class Score : public ::testing::Test {
 protected:
  void SetUp() override { write_realy_tree(dir_); }
  ScoreRequest request() const {
    ScoreRequest request;
    request.data = dir_.path();
    request.predictions = dir_ / "pred";
    request.topology = "SYN";
    request.jobs = 2;
    return request;
  }
  static double error_of(const ScoreAnswer& answer,
                         std::size_t mesh,
                         const char* mode,
                         const char* region) {
    return to_json(answer.report)
        .at("meshes")
        .at(mesh)
        .at("modes")
        .at(mode)
        .at("regions")
        .at(region)
        .at("error_mm");
  }
  /// Returns a mask that keeps the middle of the face.
  static std::string mask_text() {
    std::string text;
    for (int j = 0; j < kTreeSide; ++j)
      for (int i = 0; i < kTreeSide; ++i)
        text += std::min(i, j) > 2 && std::max(i, j) < kTreeSide - 3 ? "1," : "0,";
    return text;
  }
  TempDir dir_;
};

TEST_F(Score, CompatIsBlindToReflectionsStrictIsNot) {
  const ScoreAnswer answer = score_predictions(request());
  EXPECT_TRUE(answer.complete);
  const auto compat = to_json(answer.report).at("modes").at("compat");
  EXPECT_EQ(compat.at("scored"), 2);
  EXPECT_EQ(compat.at("reflected"), 1);
  EXPECT_EQ(to_json(answer.report).at("modes").at("strict").at("reflected"), 0);
  const double straight = error_of(answer, 0, "compat", "nose");
  EXPECT_NEAR(error_of(answer, 1, "compat", "nose") / 9, straight / 8.754064, 1e-6);
  EXPECT_GT(error_of(answer, 1, "strict", "nose"), 2 * error_of(answer, 0, "strict", "nose"));
  double sum = 0;
  for (const char* region : kRealyRegions)
    sum += compat.at("regions").at(region).at("mean_mm").get<double>();
  EXPECT_NEAR(compat.at("all_mm").get<double>(), sum / 4, 1e-12);
}

TEST_F(Score, MissingMeshesAreChargedInStrictMode) {
  fs::remove(dir_ / "pred/2.obj");
  const ScoreAnswer answer = score_predictions(request());
  EXPECT_EQ(to_json(answer.report).at("missing").at(0).at("subject"), 2);
  const auto modes = to_json(answer.report).at("modes");
  EXPECT_EQ(modes.at("compat").at("charged"), 0);
  EXPECT_EQ(modes.at("strict").at("charged"), 1);
  EXPECT_FALSE(modes.at("compat").at("regions").at("nose").contains("std_mm"));
  EXPECT_GE(modes.at("strict").at("regions").at("nose").at("mean_mm").get<double>(),
            error_of(answer, 0, "strict", "nose"));
}

TEST_F(Score, SaysWhatItRead) {
  const auto report = to_json(score_predictions(request()).report);
  const auto again = to_json(score_predictions(request()).report);
  EXPECT_EQ(report.at("predictions_sha256"), again.at("predictions_sha256"));
  EXPECT_EQ(report.at("truth_sha256"), again.at("truth_sha256"));
  EXPECT_EQ(report.at("stand_in"), false);
  fs::copy_file(dir_ / "pred/1.obj", dir_ / "pred/1_2.obj");
  dir_.write("STAND-IN.json", "{}");
  const auto more = to_json(score_predictions(request()).report);
  EXPECT_NE(more.at("predictions_sha256"), report.at("predictions_sha256"));
  EXPECT_EQ(more.at("truth_sha256"), report.at("truth_sha256"));
  EXPECT_EQ(more.at("stand_in"), true);
  dir_.write("data/metrical_scale.txt", "8.754064\n9.5\n");
  EXPECT_NE(to_json(score_predictions(request()).report).at("truth_sha256"),
            report.at("truth_sha256"));
}

TEST_F(Score, EqualOnOneAndTwoThreads) {
  ScoreRequest one = request();
  one.jobs = 1;
  const ScoreAnswer a = score_predictions(one), b = score_predictions(request());
  for (const char* mode : {"compat", "strict"})
    EXPECT_EQ(to_json(a.report).at("modes").at(mode), to_json(b.report).at("modes").at(mode));
}

TEST_F(Score, GoesOnWhereItStopped) {
  ScoreRequest kept = request();
  kept.out = dir_ / "out";
  kept.protocols = {RealyProtocol::kCompat};
  kept.error_text = true;
  const ScoreAnswer first = score_predictions(kept);
  EXPECT_EQ(to_json(first.report).at("resumed"), 0);
  const std::string text = read_text(dir_ / "out/REALY_error.txt");
  EXPECT_EQ(text.find("1\t\t"), 0u);
  EXPECT_EQ(text.substr(3, 9),
            fmt::format("{}", error_of(first, 0, "compat", "nose")).substr(0, 9));
  EXPECT_EQ(to_json(score_predictions(kept).report).at("resumed"), 2);
  EXPECT_EQ(to_json(score_predictions(kept).report).at("modes"), to_json(first.report).at("modes"));
  write_obj(dir_ / "pred/2.obj", formula_prediction(kTreeSide));  // changed
  EXPECT_EQ(to_json(score_predictions(kept).report).at("resumed"), 1);
  dir_.write("out/meshes/1.json", "{");
  EXPECT_EQ(to_json(score_predictions(kept).report).at("resumed"), 1);
}

TEST_F(Score, KeptResultsGiveTheSameReport) {
  dir_.write("pred/1_2.obj", "v 1 2 3\n");
  dir_.write("pred/2_2.obj", "");
  ScoreRequest kept = request();
  kept.out = dir_ / "out";
  kept.mask = dir_.write("mask.txt", mask_text());
  const auto first = to_json(score_predictions(kept).report);
  const auto again = to_json(score_predictions(kept).report);
  EXPECT_EQ(again.at("resumed"), 4);
  EXPECT_EQ(again.at("meshes").dump(), first.at("meshes").dump());
  EXPECT_EQ(again.at("modes").dump(), first.at("modes").dump());
  EXPECT_EQ(to_json(report_from_json(first)).dump(), first.dump());
  EXPECT_EQ(nlohmann::ordered_json::parse(read_text(dir_ / "out/report.json")).at("meshes"),
            first.at("meshes"));
}

TEST_F(Score, OneBadMeshCostsItself) {
  write_obj(dir_ / "pred/1_2.obj", formula_prediction(kTreeSide + 1));
  dir_.write("pred/2_2.obj", "v 1 2 inf\n");
  dir_.write("pred/101.obj", "v 1 2 3\n");
  dir_.write("pred/0.obj", "v 1 2 3\n");
  dir_.write("pred/who.obj", "v 1 2 3\n");
  ::testing::internal::CaptureStderr();
  const ScoreAnswer answer = score_predictions(request());
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_FALSE(answer.complete);
  EXPECT_EQ(to_json(answer.report).at("modes").at("compat").at("scored"), 2);
  EXPECT_EQ(to_json(answer.report).at("modes").at("compat").at("failed"), 5);
  EXPECT_EQ(to_json(answer.report).at("modes").at("strict").at("charged"),
            2);  // of subjects that are there
  for (const char* part : {"676 vertices, the topology SYN has 625",
                           "three finite numbers",
                           "subject 101",
                           "subject 0",
                           "does not begin with a subject's number"})
    EXPECT_NE(said.find(part), std::string::npos) << part << "\n" << said;
}

TEST_F(Score, AFailureThatNothingPricesIsNotFree) {
  fs::remove(dir_ / "pred/2.obj");
  dir_.write("pred/1.obj", "");
  for (const int subject : {1, 2})
    fs::remove(dir_ / fmt::format("REALY_scan_region/{}/nose.obj", subject));
  const ScoreAnswer answer = score_predictions(request());
  const auto strict = to_json(answer.report).at("modes").at("strict");
  EXPECT_TRUE(strict.at("all_mm").is_null()) << strict;
  EXPECT_EQ(strict.at("charged"), 0);
}

TEST_F(Score, StrayPartsStopCompatAndNotStrict) {
  Mesh nose = formula_region(0, 0.5);
  const auto base = static_cast<std::int32_t>(nose.vertices.size() / 3);
  add_point(nose, 1, 3.9, 9), add_point(nose, 1.2, 3.9, 9), add_point(nose, 1, 4, 9);
  nose.triangles.insert(nose.triangles.end(), {base, base + 1, base + 2});
  write_obj(dir_ / "REALY_scan_region/1/nose.obj", nose);
  const ScoreAnswer answer = score_predictions(request());
  const auto modes = to_json(answer.report).at("meshes").at(0).at("modes");
  const std::string failure = modes.at("compat").at("regions").at("nose").at("failure");
  EXPECT_NE(failure.find("3 of its vertices lie in parts"), std::string::npos) << failure;
  EXPECT_TRUE(modes.at("compat").at("regions").at("mouth").at("error_mm").is_number());
  EXPECT_EQ(modes.at("strict").at("regions").at("nose").at("held_vertices"), 3);
  EXPECT_EQ(to_json(answer.report).at("modes").at("strict").at("failed"), 0);
}

TEST_F(Score, RegionsTooSmallForTheirKeypoints) {
  Mesh mouth;
  add_grid(mouth, -3, 3, 3, -6, -2, 3, true_height);  // 9 vertices, 14 keypoints
  write_obj(dir_ / "REALY_scan_region/1/mouth.obj", mouth);
  const ScoreAnswer answer = score_predictions(request());
  const std::string failure = to_json(answer.report)
                                  .at("meshes")
                                  .at(0)
                                  .at("modes")
                                  .at("strict")
                                  .at("regions")
                                  .at("mouth")
                                  .at("failure");
  EXPECT_EQ(failure, "9 vertices, too few for 14 keypoints");
}

TEST_F(Score, RepeatedVerticesDoNotMatterInStrictMode) {
  const ScoreAnswer before = score_predictions(request());
  write_obj(dir_ / "REALY_scan_region/1/nose.obj", as_soup(formula_region(0, 0.5)));
  const ScoreAnswer after = score_predictions(request());
  EXPECT_NE(error_of(before, 0, "compat", "nose"), error_of(after, 0, "compat", "nose"));
  EXPECT_NEAR(error_of(before, 0, "strict", "nose"), error_of(after, 0, "strict", "nose"), 1e-9);
}

TEST_F(Score, DegenerateAndNonManifoldTrianglesAreScored) {
  Mesh mesh = formula_prediction(kTreeSide);
  mesh.triangles.insert(mesh.triangles.end(),
                        {5, 5, 5, 7, 8, 7, 0, 1, 2, 0, 1, kTreeSide, 0, 1, 99});
  write_obj(dir_ / "pred/1.obj", mesh);
  Mesh nose = formula_region(0, 0.5);
  nose.triangles.insert(nose.triangles.end(), {1, 1, 2, 0, 1, 30, 0, 1, 40});
  write_obj(dir_ / "REALY_scan_region/1/nose.obj", nose);
  EXPECT_TRUE(score_predictions(request()).complete);
}

TEST_F(Score, OnePointInsteadOfAFace) {
  Mesh mesh = formula_prediction(kTreeSide);
  std::ranges::fill(mesh.vertices, 1.0F);
  write_obj(dir_ / "pred/1.obj", mesh);
  const ScoreAnswer answer = score_predictions(request());
  const std::string failure =
      to_json(answer.report).at("meshes").at(0).at("modes").at("compat").at("failure");
  EXPECT_NE(failure.find("are one point"), std::string::npos) << failure;
}

}  // namespace
}  // namespace mien::testing
