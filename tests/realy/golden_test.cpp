// Parity with the published toolkit: cases from formulas, and the reference cases beside the
// repository where they are there.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/base/parallel.h"
#include "harness/realy/files.h"
#include "tests/support/formula_faces.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

constexpr double kTolerance = 1e-5;  // mm

using Scores = std::array<RegionScore, kRegions>;

Scores score(const Mesh& prediction,
             const Topology& topology,
             const Scan& scan,
             const std::vector<char>& mask = {},
             int workers = 2,
             RealyProtocol protocol = RealyProtocol::kCompat) {
  const AlignedPrediction aligned =
      align_globally(prediction, topology, mask, scan, protocol, "prediction");
  Scores scores;
  parallel_for(kRegions, workers, [&](std::size_t r, int) {
    scores[r] =
        score_region(aligned, topology, scan, static_cast<int>(r), protocol, Keep::kNumbers);
  });
  return scores;
}

void expect_errors(const Scores& scores, const std::array<double, kRegions>& expected) {
  for (std::size_t r = 0; r < kRegions; ++r) {
    EXPECT_EQ(scores[r].failure, "");
    EXPECT_NEAR(scores[r].error_mm, expected[r], kTolerance) << kRealyRegions[r];
  }
}

// ---- formulas ----------------------------------------------------------------------------------

constexpr std::array<double, kRegions> kCaseA = {0.8021246, 0.3712869, 0.6588086, 0.5454041};

TEST(FormulaCase, AGivesTheToolkitsNumbersAndCounts) {
  const Topology topology = formula_topology(49);
  const Scan scan = formula_scan(0.1);
  const Mesh prediction = formula_prediction(49);
  const AlignedPrediction aligned =
      align_globally(prediction, topology, {}, scan, RealyProtocol::kCompat, "p");
  EXPECT_NEAR(aligned.motion.scale, 0.081796525, 1e-8);
  EXPECT_NEAR(aligned.motion.shift.x(), -1.0303189, 2e-7);
  EXPECT_NEAR(aligned.motion.rotation(0, 1), 0.18932634, 1e-7);
  const Scores scores = score(prediction, topology, scan);
  expect_errors(scores, kCaseA);
  const std::size_t fits[] = {6, 5, 5, 10}, solves[] = {9, 9, 10, 9};
  const int repeats[] = {227, 207, 303, 57};
  for (std::size_t r = 0; r < kRegions; ++r) {
    EXPECT_EQ(scores[r].fit_errors.size(), fits[r]) << kRealyRegions[r];
    EXPECT_EQ(scores[r].solves.size(), solves[r]) << kRealyRegions[r];
    EXPECT_EQ(scores[r].keypoint_repeats, repeats[r]) << kRealyRegions[r];
  }
  const double nose[] = {
      0.009625707, 0.008767669, 0.00870659, 0.008697018, 0.008695229, 0.008694875};
  for (std::size_t i = 0; i < std::size(nose); ++i)
    EXPECT_NEAR(scores[0].fit_errors[i], nose[i], 5e-9);
  EXPECT_NEAR(scores[0].scan_to_mesh_mm, 0.067730707 * 8.754064, kTolerance);
}

TEST(FormulaCase, BFinerScans) {
  expect_errors(score(formula_prediction(49), formula_topology(49), formula_scan(0.05)),
                {0.8525982, 0.4176932, 0.6782015, 0.5429892});
}

TEST(FormulaCase, CFinerPrediction) {
  expect_errors(score(formula_prediction(143), formula_topology(143), formula_scan(0.1)),
                {0.6964107, 0.3717714, 0.6589817, 0.5480888});
}

TEST(FormulaCase, DRepeatedVerticesChangeTheResult) {
  Scan scan = formula_scan(0.1);
  set_region(scan, 0, as_soup(formula_region(0, 0.1)));
  std::array<double, kRegions> expected = kCaseA;
  expected[0] = 0.8219016;
  expect_errors(score(formula_prediction(49), formula_topology(49), scan), expected);
}

TEST(FormulaCase, EReflectedPredictionScoresTheSameAndIsNamed) {
  const Scores scores = score(formula_prediction(49, -1), formula_topology(49), formula_scan(0.1));
  expect_errors(scores, kCaseA);
  for (const RegionScore& region : scores) EXPECT_TRUE(region.reflected);
}

TEST(FormulaCase, FMaskChangesTheResult) {
  const Topology topology = formula_topology(49);
  std::vector<char> mask;
  for (Eigen::Index v = 0; v < topology.vertices.rows(); ++v)
    mask.push_back(std::abs(topology.vertices(v, 0)) < 6 && std::abs(topology.vertices(v, 1)) < 6);
  expect_errors(score(formula_prediction(49), topology, formula_scan(0.1), mask),
                {0.8021246, 0.7699508, 5.5448921, 5.7936496});
}

TEST(FormulaCase, SameBitsOnOneAndTwoThreads) {
  const Topology topology = formula_topology(49);
  const Scan scan = formula_scan(0.2);
  const Scores one = score(formula_prediction(49), topology, scan, {}, 1);
  const Scores two = score(formula_prediction(49), topology, scan, {}, 2);
  const Scores again = score(formula_prediction(49), topology, scan, {}, 2);
  for (std::size_t r = 0; r < kRegions; ++r) {
    EXPECT_EQ(one[r].error_mm, two[r].error_mm);
    EXPECT_EQ(two[r].error_mm, again[r].error_mm);
    EXPECT_EQ(one[r].fit_errors, two[r].fit_errors);
  }
}

// ---- reference cases ---------------------------------------------------------------------------

fs::path golden_folder() { return fs::path(MIEN_SOURCE_DIR) / "../shared/realy-golden"; }

class ReferenceCase : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!fs::exists(golden_folder() / "README.md"))
      GTEST_SKIP() << "no reference cases at " << golden_folder();
  }
};

/// Per prediction name its four errors.
std::map<std::string, std::array<double, kRegions>> expected_in(const fs::path& file) {
  std::map<std::string, std::array<double, kRegions>> rows;
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  while (std::getline(stream, line)) {
    std::ranges::replace(line, ',', ' ');
    std::istringstream words(line);
    std::string name;
    words >> name;
    for (double& value : rows[name]) words >> value;
  }
  return rows;
}

void expect_trace(const RegionScore& score, const nlohmann::json& expected) {
  const auto trace = expected.at("ricp").at("error_trace").get<std::vector<double>>();
  ASSERT_EQ(score.fit_errors.size(), trace.size());
  for (std::size_t i = 0; i < trace.size(); ++i)  // the toolkit sums in fp32
    EXPECT_NEAR(score.fit_errors[i], trace[i], 1e-8 + 4e-6 * trace[i]);
  const auto& log = expected.at("nicp").at("log");
  ASSERT_EQ(score.solves.size(), log.size());
  for (std::size_t i = 0; i < log.size(); ++i) {
    EXPECT_EQ(score.solves[i].stage, log[i].at("stage"));
    EXPECT_EQ(score.solves[i].dropped, log[i].at("dropped"));
    EXPECT_NEAR(score.solves[i].threshold, log[i].at("threshold"), 1e-6);
    const double change = log[i].at("delta_after");
    EXPECT_NEAR(score.solves[i].change, change, 1e-4 + 3e-5 * change);
  }
}

TEST_P(ReferenceCase, AgreesWithTheToolkit) {
  const RealyFolders folders(golden_folder());
  const std::string name = GetParam();
  const Topology topology = read_topology(folders, name);
  const std::vector<double> scales = read_scales(folders);
  const auto json =
      nlohmann::json::parse(read_text(golden_folder() / "expected" / (name + ".json")));
  const auto expected = expected_in(golden_folder() / "expected" / (name + ".csv"));
  const auto masked = name == "synthA" ? expected_in(golden_folder() / "expected/synthA.mask.csv")
                                       : std::map<std::string, std::array<double, kRegions>>();
  for (const PredictionFile& file : list_predictions(golden_folder() / "predictions" / name)) {
    SCOPED_TRACE(file.name);
    const Scan scan = read_scan(folders, scales, file.subject);
    const Mesh mesh = read_mesh(file.path);
    const Scores scores = score(mesh, topology, scan);
    expect_errors(scores, expected.at(file.name));
    for (const auto& entry : json.at("cases"))
      if (entry.at("subject") == file.name)
        for (std::size_t r = 0; r < kRegions; ++r)
          expect_trace(scores[r], entry.at("regions").at(kRealyRegions[r]));
    if (!masked.contains(file.name)) continue;
    const auto mask = read_mask(golden_folder() / "data/synthA_mask.txt", topology);
    expect_errors(score(mesh, topology, scan, mask), masked.at(file.name));
  }
}

INSTANTIATE_TEST_SUITE_P(Topologies,
                         ReferenceCase,
                         ::testing::Values("synthA", "synthB"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace mien::testing
