// What a model that regresses coefficients saw and said, as a sheet.
#include "datasets/figures/coefficients_sheet.h"

#include <gtest/gtest.h>

#include <cmath>

#include "datasets/face_models/face_models.h"
#include "datasets/faces/principal_head.h"
#include "datasets/readers/synth3dmm.h"
#include "datasets/stand_ins/synth3dmm.h"
#include "harness/base/safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

const Head& head() {
  static const Head one = principal_head(FaceHead::kProcedural);
  return one;
}

/// A drawn picture and its coefficients as the prediction.
class CoefficientsSheet : public ::testing::Test {
 protected:
  CoefficientsSheet() {
    save_face_model(folder / "model.safetensors", head().model);
    SynthTruth truth = draw_truth(head().model, 1, 2, 3);
    const Image drawn = draw_synth(head(), 1, 2, 3, truth);
    for (std::size_t channel = 3; channel-- > 0;)
      for (std::size_t i = channel; i < drawn.pixels.size(); i += 3)
        planes.push_back(drawn.pixels[i]);
    floats = {{"predicted", truth.expression},
              {"identity", truth.identity},
              {"pose", {truth.pose.begin(), truth.pose.end()}}};
  }
  ExplainSheet sheet() {
    std::map<std::string, TensorView> tensors = {
        {"image", {DType::kU8, {3, kSynthSide, side}, std::as_bytes(std::span(planes))}}};
    for (const auto& [name, values] : floats)
      tensors.insert({name, {DType::kF32, {std::ssize(values)}, std::as_bytes(std::span(values))}});
    write_safetensors(folder / "one.safetensors", tensors, {{"title", "first\nsecond"}});
    return coefficients_sheet(folder / "one.safetensors", folder / "model.safetensors");
  }

  testing::TempDir folder;
  std::vector<std::uint8_t> planes;
  std::int64_t side = kSynthSide;
  std::map<std::string, std::vector<float>> floats;
};

TEST_F(CoefficientsSheet, HasThePanelsForWhatIsKnown) {
  const auto titles = [](const ExplainSheet& sheet) {
    std::string all;
    for (const auto* panels : {&sheet.panels, &sheet.wide})
      for (const Panel& panel : *panels) all += panel.title.substr(0, 17) + "|";
    return all;
  };
  const ExplainSheet posed = sheet();
  EXPECT_EQ(titles(posed), "picture|prediction over i|prediction from t|expression coeffi|");
  EXPECT_EQ(posed.header, (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(picture_of(posed).pixels, picture_of(sheet()).pixels);
  floats["truth"] = floats["predicted"];
  const ExplainSheet known = sheet();
  EXPECT_EQ(titles(known),
            "picture|prediction over i|prediction from t|distance from the|expression coeffi|");
  EXPECT_NE(known.panels[3].caption.find("mean 0.00, most 0.00 mm"), std::string::npos);
  EXPECT_NE(known.wide[0].caption.find("difference 0.000"), std::string::npos);
  floats["truth"][0] += 1;
  EXPECT_NE(sheet().wide[0].caption.find("difference 0.034"), std::string::npos);  // 1 / 29
  floats.erase("pose"), floats.erase("identity"), floats.erase("truth");
  EXPECT_EQ(titles(sheet()), "picture|prediction from t|expression coeffi|");
  EXPECT_EQ(sheet().panels[1].caption, "of the mean person");
  EXPECT_NE(html_of(known).find("class=\"wide\""), std::string::npos);
}

/// The overlay of a drawn picture lies on the drawn face, not beside it.
TEST_F(CoefficientsSheet, OverlayIsWhereTheFaceIs) {
  SynthTruth truth = draw_truth(head().model, 1, 2, 3);
  draw_synth(head(), 1, 2, 3, truth);
  const ExplainSheet drawn = sheet();
  const Image& before = drawn.panels[0].picture;
  const Image& after = drawn.panels[1].picture;
  double left = 1e9, right = 0, bottom = 0;
  for (std::size_t k = 0; k < 17; ++k) {  // the jaw
    left = std::min(left, double{truth.landmarks[2 * k]});
    right = std::max(right, double{truth.landmarks[2 * k]});
    bottom = std::max(bottom, double{truth.landmarks[2 * k + 1]});
  }
  const double scale = static_cast<double>(before.width) / kSynthSide;
  const auto changed = [&](double x, double y) {
    const auto at =
        3 * (static_cast<std::size_t>(y * scale) * static_cast<std::size_t>(before.width) +
             static_cast<std::size_t>(x * scale));
    return !std::equal(&before.pixels[at], &before.pixels[at] + 3, &after.pixels[at]);
  };
  EXPECT_TRUE(changed((left + right) / 2, bottom - 8));
  EXPECT_TRUE(changed(truth.landmarks[2 * 30], truth.landmarks[2 * 30 + 1])) << "tip of the nose";
  EXPECT_FALSE(changed(1, 1));
  EXPECT_FALSE(changed(kSynthSide - 2, 1));
}

TEST_F(CoefficientsSheet, OtherFilesAreNamed) {
  const auto whole = floats;
  const auto refuse = [&](Exit code, const char* why) {
    EXPECT_ERROR(sheet(), code, why);
    floats = whole;
  };
  floats["predicted"].push_back(0);
  refuse(Exit::kPrecondition, "30 coefficients of expression");
  floats["predicted"][3] = NAN;
  refuse(Exit::kIntegrity, "predicted has a number that is not finite");
  floats["truth"] = {1, 2};
  refuse(Exit::kIntegrity, "29 predicted, 2 true");
  floats["pose"].pop_back();
  refuse(Exit::kIntegrity, "the pose has 5 numbers");
  floats.erase("predicted");
  refuse(Exit::kIntegrity, "no predicted coefficients");
  planes.resize(3 * kSynthSide * 4), side = 4;
  refuse(Exit::kIntegrity, "the image is 3x227x4");
}

}  // namespace
}  // namespace mien
