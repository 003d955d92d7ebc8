// Maps of bench-worker explain as pictures and pages.
#include <gtest/gtest.h>

#include <cmath>

#include "datasets/figures/sheet.h"
#include "harness/base/safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::json;

namespace mien {
namespace {

class ExplainSheetTest : public ::testing::Test {
 protected:
  ExplainSheetTest() {
    image.assign(20 * 20, 100);
    map.assign(20 * 20, 0);
    map[0] = 1;
    features.assign(3 * 5 * 5, 0.5f);
    facts = {{"model", "deepemotion"},
             {"variant", "fig"},
             {"dataset", "fer2013"},
             {"data", "stand-in"},
             {"sample", "<b>&1"},
             {"split", "test"},
             {"truth", "happy"},
             {"predicted", "sad"},
             {"explained", "sad"},
             {"probability", 0.5},
             {"broken", 0.25},
             {"size_px", 3},
             {"stride_px", 1},
             {"squares", 324},
             {"default_size", true},
             {"default_stride", false},
             {"theta_row", "S4"},
             {"warp_row", "W"},
             {"gradcam_row", "W"},
             {"features", json::array({{{"row", "L1"}, {"operation", "conv"}, {"of", 3}}})}};
  }
  template <typename T>
  static TensorView view(DType dtype, std::vector<std::int64_t> shape, const std::vector<T>& data) {
    return {dtype, std::move(shape), std::as_bytes(std::span(data))};
  }
  fs::path written(std::int64_t map_side = 20) {
    std::map<std::string, TensorView> tensors = {
        {"image", view(DType::kU8, {1, 20, 20}, image)},
        {"drop_map", view(DType::kF32, {map_side, 400 / map_side}, map)},
        {"gradcam", view(DType::kF32, {20, 20}, map)},
        {"theta", view(DType::kF32, {2, 3}, theta)},
        {"features.L1", view(DType::kF32, {3, 5, 5}, features)}};
    write_safetensors(folder / "maps.safetensors", tensors, {{"explanation", facts.dump()}});
    return folder / "maps.safetensors";
  }

  testing::TempDir folder;
  std::vector<std::uint8_t> image;
  std::vector<float> map, features, theta = {1, 0, 0, 0, 1, 0};
  json facts;
};

TEST_F(ExplainSheetTest, PanelsAreThoseOfTheMapsAndLargeEnough) {
  const ExplainSheet sheet = read_explanation(written());
  std::vector<std::string> titles;
  for (const Panel& panel : sheet.panels) {
    titles.push_back(panel.title);
    EXPECT_GE(panel.picture.width, 224) << panel.title;
    EXPECT_EQ(panel.picture.pixels.size(),
              static_cast<std::size_t>(panel.picture.width * panel.picture.height * 3));
  }
  EXPECT_EQ(titles,
            (std::vector<std::string>{"Image",
                                      "Occlusion: lost probability",
                                      "Grad-CAM, row W",
                                      "Sampling grid",
                                      "Row L1, 5x5"}));
  EXPECT_EQ(sheet.header[0], "deepemotion (fig) on fer2013: stand-in data, profile ");
  EXPECT_EQ(sheet.header[1],
            "test sample <b>&1: truth happy, predicted sad with probability 0.500");
  EXPECT_NE(sheet.notes[0].find("a square of 3 px moves by 1 px (the size is our choice"),
            std::string::npos)
      << sheet.notes[0];
  EXPECT_NE(sheet.notes.back().find("Stand-in"), std::string::npos);
}

TEST_F(ExplainSheetTest, HighValuesAreBright) {
  const Panel panel = read_explanation(written()).panels[1];
  const auto brightness = [&](int x, int y) {
    const std::uint8_t* p = panel.picture.pixels.data() + 3 * (y * panel.picture.width + x);
    return p[0] + p[1] + p[2];
  };
  EXPECT_GT(brightness(2, 2), 450) << "the map's only 1 lies in the corner";
  EXPECT_LT(brightness(120, 120), 300);
}

TEST_F(ExplainSheetTest, PicturesAndPagesAreWhole) {
  const fs::path maps = written();
  write_sheet(read_explanation(maps), folder / "a.png");
  EXPECT_TRUE(read_text(folder / "a.png").starts_with("\x89PNG"));
  write_sheet(read_explanation(maps), folder / "a.html");
  const std::string page = read_text(folder / "a.html");
  EXPECT_NE(page.find("&lt;b&gt;&amp;1"), std::string::npos);
  EXPECT_EQ(page.find("<b>&1"), std::string::npos);
  EXPECT_NE(page.find("src=\"data:image/png;base64,iVBORw0KGgo"), std::string::npos);
  EXPECT_EQ(page.find("://"), std::string::npos) << "works without a network";
}

TEST_F(ExplainSheetTest, WhatIsNoExplanationIsRefused) {
  EXPECT_ERROR(
      write_sheet(read_explanation(written()), folder / "a.gif"), Exit::kUsage, "must end in .png");
  EXPECT_ERROR(read_explanation(written(10)), Exit::kIntegrity, "drop_map is not of the image's");
  facts = "text";
  EXPECT_ERROR(read_explanation(written()), Exit::kIntegrity, "facts are not JSON");
  facts = {{"features", json::array({1, {{"row", 2}}, {{"row", "L9"}}})}, {"sample", 7}};
  theta = {NAN, INFINITY, 1e30f, 0, 0, -1e30f};
  EXPECT_EQ(picture_of(read_explanation(written())).channels, 3) << "odd facts, still a picture";
  EXPECT_ERROR(read_explanation(folder.write("x", "nothing")), Exit::kIntegrity, "x");
}

}  // namespace
}  // namespace mien
