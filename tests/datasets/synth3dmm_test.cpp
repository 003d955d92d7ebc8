// Rendered training pairs: pictures are a function of their coefficients, labels are these or these
// with noise, and the reader names what does not fit together.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "datasets/morphable.h"
#include "datasets/portrait.h"
#include "datasets/prepare.h"
#include "datasets/registry.h"
#include "datasets/synth3dmm_stand_in.h"
#include "harness/core/reconstruct.h"
#include "tests/datasets/tree_files.h"
#include "tests/support/expect_error.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

const DatasetEntry& entry() { return find_dataset("synth3dmm"); }

const Head& head() {
  static const Head one = morphable_head(FaceHead::kProcedural);
  return one;
}

/// The smallest set, made once; tests copy what they alter.
const fs::path& original() {
  static const TempDir dir;
  static const bool made = (entry().synthesize(dir.path(), {.subjects = 3, .seed = 4}), true);
  (void)made;
  return dir.path();
}

class Synth3dmm : public ::testing::Test {
 protected:
  Synth3dmm() {
    fs::copy(original(), dir.path(), fs::copy_options::recursive);
    table = read_text(dir / "coefficients.csv");
  }
  Samples read() const { return entry().read(dir.path(), {}); }
  /// The table with the first `from` replaced.
  void alter(const std::string& from, const std::string& to) {
    std::string text = table;
    ASSERT_NE(text.find(from), text.npos) << from;
    dir.write("coefficients.csv", text.replace(text.find(from), from.size(), to));
  }

  TempDir dir;
  std::string table;
};

TEST(SynthPicture, IsAFunctionOfItsCoefficients) {
  SynthTruth truth = draw_truth(head().model, 5, 2, 3);
  const Image image = draw_synth(head(), 5, 2, 3, truth);
  EXPECT_EQ(image.width, kSynthSide);
  EXPECT_EQ(image.channels, 3);
  SynthTruth again = draw_truth(head().model, 5, 2, 3);
  EXPECT_EQ(draw_synth(head(), 5, 2, 3, again).pixels, image.pixels);
  EXPECT_EQ(again.pose, truth.pose);
  again.expression[0] += 1;
  EXPECT_NE(draw_synth(head(), 5, 2, 3, again).pixels, image.pixels);
  EXPECT_EQ(again.pose, truth.pose);
}

TEST(SynthPicture, CoefficientsAreStandardNormalAndIdentityIsTheSubjects) {
  double sum = 0, squares = 0, n = 0;
  for (int number = 0; number < 400; ++number) {
    const SynthTruth truth = draw_truth(head().model, 1, 7, number);
    EXPECT_EQ(truth.identity, draw_truth(head().model, 1, 7, 0).identity);
    for (const float value : truth.expression) sum += value, squares += value * value, ++n;
  }
  EXPECT_NEAR(sum / n, 0, 0.03);
  EXPECT_NEAR(squares / n, 0.93, 0.04);  // a little below 1: cut at +-2.2
}

TEST(SynthPicture, PosePutsLandmarksWhereTheyAreDrawn) {
  const FaceModel& model = head().model;
  for (int number = 0; number < 5; ++number) {
    const FaceRequest request{.sitting = number, .width = 200, .height = 200, .face_share = 0.7};
    Occasion occasion = occasion_of(request);
    occasion.yaw = 0.2f * static_cast<float>(number);
    occasion.pitch = -0.1f * static_cast<float>(number);
    Person person = person_of(1, number, FaceStyle::kWild, model);
    const std::vector<float> shape = model.shape(person.identity, {});
    const Exposure drawn = expose({head(), person, shape, {}}, occasion, request);
    std::vector<float> posed = shape;
    apply_pose(posed, drawn.pose);
    for (std::size_t k = 0; k < 68; ++k) {
      const float* p = &posed[3 * static_cast<std::size_t>(model.landmarks68[k])];
      EXPECT_NEAR(100 - kFocal * 200 * p[0] / p[2], drawn.landmarks[k].x, 3) << number << ' ' << k;
      EXPECT_NEAR(100 + kFocal * 200 * p[1] / p[2], drawn.landmarks[k].y, 3) << number << ' ' << k;
    }
  }
}

TEST_F(Synth3dmm, PackHoldsTheCoefficientsThatWereDrawn) {
  const Samples samples = read();
  ASSERT_EQ(samples.ids.size(), 3u * kSynthPictures);
  EXPECT_EQ(problem_count(samples), 0u);
  std::string sha256;
  const Pack pack(write_pack(dir / "packs", samples, sha256));
  const TargetsView& coefficients = pack.targets().at("coefficients");
  const TargetsView& identity = pack.targets().at("identity");
  EXPECT_EQ(coefficients.names.size(), kExpressionModes);
  EXPECT_EQ(coefficients.std, head().model.expression_std);
  EXPECT_EQ(pack.targets().at("pose").names.size(), 6u);
  for (const std::size_t row : {std::size_t{0}, samples.ids.size() - 1}) {
    const SynthTruth truth =
        draw_truth(head().model, 4, pack.subject()[row], std::stoi(pack.ids()[row].substr(6)));
    const auto of = [&](const TargetsView& target) {
      return target.values.subspan(row * target.names.size(), target.names.size());
    };
    EXPECT_TRUE(std::ranges::equal(of(coefficients), truth.expression)) << pack.ids()[row];
    EXPECT_TRUE(std::ranges::equal(of(identity), truth.identity)) << pack.ids()[row];
  }
}

TEST_F(Synth3dmm, LabelNoiseChangesTrainingLabelsOnly) {
  const TempDir noisy_dir;
  entry().synthesize(noisy_dir.path(), {.subjects = 3, .seed = 4, .label_noise = 0.5});
  const Samples clean = read(), noisy = entry().read(noisy_dir.path(), {});
  EXPECT_EQ(noisy.images, clean.images);
  EXPECT_EQ(noisy.ids, clean.ids);
  for (const char* same : {"identity", "pose"})
    EXPECT_EQ(noisy.targets.at(same).values, clean.targets.at(same).values);
  double squares = 0, n = 0;
  for (std::size_t i = 0; i < clean.targets.at("coefficients").values.size(); ++i) {
    const float off =
        noisy.targets.at("coefficients").values[i] - clean.targets.at("coefficients").values[i];
    const bool trains = clean.split[i / kExpressionModes] == 0;
    EXPECT_EQ(off != 0, trains);
    if (trains) squares += off * off, ++n;
  }
  EXPECT_NEAR(std::sqrt(squares / n), 0.5, 0.08);
  EXPECT_EQ(nlohmann::ordered_json::parse(noisy.manifest).at("stand_in").at("label_noise"), 0.5);
}

TEST_F(Synth3dmm, NamesRowsThatCannotBeUsed) {
  alter("\n00000_01,", "\n00000_01,nan");  // "nan-1.2" or the like
  EXPECT_NE(reasons(read(), "coefficients.csv").find("line 3: column 2"), std::string::npos);
  EXPECT_EQ(reasons(read(), "images/train/00000_01.png"), "no usable row in coefficients.csv\n");
  EXPECT_EQ(read().ids.size(), 3u * kSynthPictures - 1);
  alter("\n00000_01,", "\n00000_00,");
  EXPECT_NE(reasons(read(), "coefficients.csv").find("a second row of 00000_00"),
            std::string::npos);
  alter("\n00000_01,", "\nelsewhere,");
  EXPECT_EQ(reasons(read(), "coefficients.csv"), "no picture of elsewhere\n");
  alter("\n00000_01,", "\n1,");
  EXPECT_EQ(problem_count(read()), 2u);
  alter("\n00000_01,", "\n00000_01,1,");
  EXPECT_NE(reasons(read(), "coefficients.csv").find("another number of cells"), std::string::npos);
}

TEST_F(Synth3dmm, RefusesTablesThatDoNotGoWithTheModel) {
  alter(",e28,", ",e29,");
  EXPECT_ERROR(read(), Exit::kPrecondition, "no column 'e28'");
  alter(",p0,", ",x,p0,");
  EXPECT_ERROR(read(), Exit::kPrecondition, "34 identity and 29 expression modes");
  dir.write("coefficients.csv", table.substr(0, table.size() - 5));
  EXPECT_ERROR(read(), Exit::kPrecondition, "truncated");
  fs::remove(dir / "coefficients.csv");
  EXPECT_ERROR(read(), Exit::kPrecondition, "no coefficients.csv; make it");
}

TEST(SynthOptions, AreChecked) {
  const TempDir dir;
  EXPECT_ERROR(entry().synthesize(dir.path(), {.subjects = 2}), Exit::kUsage, "from 3");
  EXPECT_ERROR(entry().synthesize(dir.path(), {.subjects = 3, .label_noise = -1}),
               Exit::kUsage,
               "--label-noise -1");
  EXPECT_ERROR(synthesize("jaffe", dir / "x", {.subjects = 4, .label_noise = 1}),
               Exit::kUsage,
               "numbers to regress");
}

}  // namespace
}  // namespace mien::testing
