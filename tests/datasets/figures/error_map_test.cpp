// Heat maps of REALY errors: the colours of known errors in known places, and files that are none.
#include "datasets/figures/error_map.h"

#include <gtest/gtest.h>

#include <cmath>

#include "datasets/figures/mesh_view.h"
#include "datasets/images/image_io.h"
#include "harness/base/safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;
using nlohmann::json;

namespace mien {
namespace {

constexpr double kPxPerMm = 2.4;  // of a plane of 160 mm: 384 px of a view's 400
constexpr int kMiddleX = 16 + 200, kMiddleY = 64 + 240;

/// A square in z = 0 around (x, y) mm.
std::vector<float> square(float x, float y, float half) {
  return {
      x - half, y - half, 0, x + half, y - half, 0, x + half, y + half, 0, x - half, y + half, 0};
}

class ErrorMapTest : public ::testing::Test {
 protected:
  ErrorMapTest() {
    floats["prediction.vertices"] = square(0, 0, 80);
    std::vector<float>& keypoints = floats["keypoints"];
    for (int k = 0; k < 85; ++k) {
      const float x = k >= 36 && k <= 41 ? -30.0f : k >= 42 && k <= 47 ? 30.0f : 0.0f;
      const float y = k >= 36 && k <= 47 ? 30.0f : k >= 48 && k <= 59 ? -30.0f : 0.0f;
      keypoints.insert(keypoints.end(), {x, y, 0});
    }
    add("nose", 0, 0, 1);
    add("mouth", 0, -30, 5);
    add("forehead", 0, 50, 0);
    add("cheek", -50, 0, 9);
  }
  void add(const std::string& region, float x, float y, float mm) {
    floats[region + ".vertices"] = square(x, y, 10);
    floats[region + ".errors"] = {mm, mm, mm, mm};
    score["regions"][region] = mm;
  }
  fs::path written(const std::string& name = "1_2") {
    std::map<std::string, TensorView> tensors;
    for (const auto& [key, values] : floats) {
      const std::int64_t n = std::ssize(values);
      const bool flat = key.ends_with(".errors");
      tensors.insert({key,
                      {DType::kF32,
                       flat ? std::vector{n} : std::vector{n / 3, std::int64_t{3}},
                       std::as_bytes(std::span(values))}});
      if (const std::size_t dot = key.find(".vertices"); dot != key.npos)
        tensors.insert({key.substr(0, dot) + ".triangles",
                        {DType::kI32, {2, 3}, std::as_bytes(std::span(corners))}});
    }
    const fs::path path = folder / (name + ".safetensors");
    write_safetensors(path, tensors, {{"score", score.dump()}});
    return path;
  }
  /// Red, green, blue at (x, y) mm of the view from the front.
  static std::array<int, 3> at(const Image& map, double x, double y) {
    const auto column = static_cast<std::size_t>(kMiddleX + std::lround(kPxPerMm * x));
    const auto row = static_cast<std::size_t>(kMiddleY - std::lround(kPxPerMm * y));
    const std::uint8_t* bgr = &map.pixels[3 * (row * static_cast<std::size_t>(map.width) + column)];
    return {bgr[2], bgr[1], bgr[0]};
  }

  testing::TempDir folder;
  std::map<std::string, std::vector<float>> floats;
  std::vector<std::int32_t> corners = {0, 1, 2, 0, 2, 3};
  json score = {{"name", "1_2"}, {"subject", 1}, {"mode", "compat"}, {"regions", {}}};
};

TEST_F(ErrorMapTest, ColoursSayTheErrorWhereItIs) {
  const Image map = error_map(written());
  EXPECT_EQ(map.channels, 3);
  EXPECT_EQ(map.pixels, error_map(written()).pixels);
  const std::array<int, 3> gray = at(map, 50, 0);
  EXPECT_EQ(gray[0], gray[1]);
  EXPECT_EQ(gray[1], gray[2]);
  const auto expect_colour = [&](double x, double y, double mm) {
    const ScreenColour colour = scale_colour(mm / 5);
    const double shade = gray[0] / 176.0;  // one plane, one light
    const std::array<int, 3> found = at(map, x, y);
    EXPECT_NEAR(found[0], shade * colour.x, 1.5) << mm;
    EXPECT_NEAR(found[1], shade * colour.y, 1.5) << mm;
    EXPECT_NEAR(found[2], shade * colour.z, 1.5) << mm;
  };
  expect_colour(0, 0, 1);
  expect_colour(0, -30, 5);
  expect_colour(0, 50, 0);
  expect_colour(-50, 0, 5);  // 9 is beyond the scale
  EXPECT_EQ(at(map, 0, 80.5 + 2), (std::array{255, 255, 255})) << "paper beside the face";
}

TEST_F(ErrorMapTest, FrontIsWhereEyesAndMouthSayItIs) {
  const Image map = error_map(written());
  for (auto& [key, values] : floats)  // a quarter turn about z and half a turn about the new x
    if (!key.ends_with(".errors"))
      for (std::size_t i = 0; i + 2 < values.size(); i += 3) {
        const float x = values[i], y = values[i + 1];
        values[i] = 7 - y;
        values[i + 1] = -x;
        values[i + 2] = -values[i + 2];
      }
  const Image turned = error_map(written());
  std::size_t differing = 0;
  for (std::size_t i = 0; i < map.pixels.size(); ++i)
    differing += std::abs(map.pixels[i] - turned.pixels[i]) > 2;
  EXPECT_LT(differing, map.pixels.size() / 200);
}

TEST_F(ErrorMapTest, RegionThatFailedStaysGray) {
  for (const char* gone : {"nose.vertices", "nose.errors"}) floats.erase(gone);
  score["regions"]["nose"] = nullptr;
  const std::array<int, 3> nose = at(error_map(written()), 0, 0);
  EXPECT_EQ(nose[0], nose[2]);
}

TEST_F(ErrorMapTest, FilesBecomePicturesAndGo) {
  const Image map = error_map(written("1_2"));
  written("2");
  folder.write("3.png", "of an older run");
  EXPECT_EQ(draw_error_maps(folder.path()).at("drawn"), 2);
  EXPECT_FALSE(fs::exists(folder / "1_2.safetensors"));
  const std::string bytes = read_text(folder / "1_2.png");
  const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
  EXPECT_EQ(decode_image({first, bytes.size()}, 3)->pixels, map.pixels);
  EXPECT_EQ(read_text(folder / "3.png"), "of an older run");
  EXPECT_EQ(draw_error_maps(folder.path()).at("drawn"), 0);
  EXPECT_ERROR(draw_error_maps(folder / "none"), Exit::kPrecondition, "none");
}

TEST_F(ErrorMapTest, OtherFilesAreNamed) {
  floats["nose.errors"].pop_back();
  EXPECT_ERROR(error_map(written()), Exit::kIntegrity, "nose has 3 errors");
  add("nose", 0, 0, NAN);
  score["regions"]["nose"] = 1;
  EXPECT_ERROR(error_map(written()), Exit::kIntegrity, "nose has an error that is not finite");
  floats["keypoints"].resize(3 * 84);
  EXPECT_ERROR(error_map(written()), Exit::kIntegrity, "84 keypoints");
  corners[2] = 4;
  EXPECT_ERROR(draw_error_maps(written().parent_path()), Exit::kIntegrity, "keypoints");
  EXPECT_FALSE(fs::exists(folder / "1_2.png"));
  floats["keypoints"].resize(3 * 85);
  EXPECT_ERROR(error_map(written()), Exit::kIntegrity, "corner 4");
  corners[2] = 2;
  add("nose", 0, 0, 1);
  score.erase("mode");
  EXPECT_ERROR(error_map(written()), Exit::kIntegrity, "lacks a field");
}

TEST(ScaleColour, GrowsLighterEvenly) {
  double last = 0;
  for (int i = 0; i <= 20; ++i) {
    const ScreenColour c = scale_colour(i / 20.0);
    // Relative luminance of sRGB, to CIE lightness.
    const auto light = [](float level) { return std::pow((level / 255 + 0.055) / 1.055, 2.4); };
    const double y = 0.2126 * light(c.x) + 0.7152 * light(c.y) + 0.0722 * light(c.z);
    const double lightness = 116 * std::cbrt(y) - 16;
    if (i > 0) {
      EXPECT_NEAR(lightness - last, 76 / 20.0, 0.6) << i;
    }
    last = lightness;
  }
  EXPECT_EQ(scale_colour(-1).x, scale_colour(0).x);
  EXPECT_EQ(scale_colour(7).x, scale_colour(1).x);
}

}  // namespace
}  // namespace mien
