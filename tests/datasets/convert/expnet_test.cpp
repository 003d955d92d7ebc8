// The pixels that ExpNet was fed: windows by hand and as its own code had them, borders, JPEG.
#include <gtest/gtest.h>

#include <cmath>

#include "datasets/convert/expnet_crop.h"
#include "datasets/convert/expnet_files.h"
#include "datasets/images/image_io.h"
#include "harness/base/files.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

void expect_window(const CropWindow& w, std::array<int, 7> expected) {
  EXPECT_EQ((std::array{w.pad_left, w.pad_top, w.pad_right, w.pad_bottom, w.left, w.top, w.side}),
            expected);
}

/// Every pixel another colour.
Image colours(int width, int height) {
  Image image{width, height, 3, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (const int value : {1 + x, 1 + y, 255 - x - y})
        image.pixels.push_back(static_cast<std::uint8_t>(value));
  return image;
}

std::array<int, 3> pixel(const Image& image, int x, int y) {
  const std::size_t at =
      3 * (static_cast<std::size_t>(y * image.width) + static_cast<std::size_t>(x));
  return {image.pixels[at], image.pixels[at + 1], image.pixels[at + 2]};
}

constexpr CropOptions kAsItIs(int side_px) { return {side_px, false}; }

// ---- windows -----------------------------------------------------------------------------------

TEST(ExpnetWindow, ThoseOfThePublishedExample) {
  // Boxes of Expression-Net's input.csv, in film stills of 720x576 px.
  expect_window(expnet_window({407.0318, 140.5329, 130.2308, 208.3272}, 720, 576),
                {0, 0, 0, 0, 316, 89, 313});
  expect_window(expnet_window({123.5395, 90.5825, 20.4364, 387.41}, 720, 576),
                {157, 7, 0, 0, 1, 1, 581});
}

TEST(ExpnetWindow, ByHand) {
  // 40x20 at (100, 60): square 100..140 x 50..90, grown 90..150 x 40..100.
  expect_window(expnet_window({100, 60, 40, 20}, 400, 300), {0, 0, 0, 0, 90, 40, 60});
  // Half a pixel further: 90.5..150.5 becomes 91..151.
  expect_window(expnet_window({100.5, 60, 40, 20}, 400, 300), {0, 0, 0, 0, 91, 40, 60});
  // Grown -10..50 x -20..40; the left shifts to 0.
  expect_window(expnet_window({0, 0, 40, 20}, 400, 300), {10, 20, 0, 0, 0, 0, 60});
  // Grown -9.5..50.5: 10 columns of zeros, so 0.5..60.5 and then 1..61.
  expect_window(expnet_window({0.5, 0, 40, 20}, 400, 300), {10, 20, 0, 0, 1, 0, 60});
  // Grown 340..400 of 400 columns: one column of zeros beyond 399.
  expect_window(expnet_window({350, 100, 40, 40}, 400, 300), {0, 0, 1, 0, 340, 90, 60});
  // x 90.5..150.5 -> 91..151, y 40..100.75 -> 40..101: the longer side counts for both.
  expect_window(expnet_window({100.625, 50.125, 40.5, 40.5}, 400, 300), {0, 0, 0, 0, 91, 40, 61});
}

TEST(ExpnetWindow, RefusesBoxesThatAreNone) {
  const double inf = INFINITY, nan = std::nan("");
  EXPECT_ERROR(expnet_window({0, 0, 0, 10}, 100, 100), Exit::kPrecondition, "0 x 10 px");
  EXPECT_ERROR(expnet_window({0, 0, 10, -1}, 100, 100), Exit::kPrecondition, "10 x -1 px");
  EXPECT_ERROR(expnet_window({nan, 0, 10, 10}, 100, 100), Exit::kPrecondition, "nan px");
  EXPECT_ERROR(expnet_window({0, 0, inf, 10}, 100, 100), Exit::kPrecondition, "inf px");
  EXPECT_ERROR(expnet_window({0, 1e7, 10, 10}, 100, 100), Exit::kPrecondition, "10000000 px");
  EXPECT_ERROR(expnet_window({50, 50, 1e-9, 1e-9}, 100, 100), Exit::kPrecondition, "0 px wide");
  EXPECT_ERROR(expnet_window({0, 0, 9000, 9000}, 100, 100), Exit::kPrecondition, "13500 px wide");
  EXPECT_ERROR(expnet_window({200, 0, 40, 40}, 100, 100), Exit::kPrecondition, "outside");
  EXPECT_ERROR(expnet_window({0, -90, 40, 40}, 100, 100), Exit::kPrecondition, "outside");
}

// ---- pixels ------------------------------------------------------------------------------------

TEST(ExpnetCrop, KeepsPixelsAndPadsWithZeros) {
  // 4x4 at (0, 2): grown -1..5 x 1..7, so a column of zeros and rows 1 to 6.
  const Image crop = expnet_crop(colours(20, 10), {0, 2, 4, 4}, kAsItIs(6));
  ASSERT_EQ(crop.width, 6);
  for (int y = 0; y < 6; ++y) {
    EXPECT_EQ(pixel(crop, 0, y), (std::array{0, 0, 0}));
    for (int x = 1; x < 6; ++x) EXPECT_EQ(pixel(crop, x, y), pixel(colours(20, 10), x - 1, y + 1));
  }
}

TEST(ExpnetCrop, ScalesBicubicallyUpAndDown) {
  // A step from 0 to 200 after column 2 of 4, to 8 columns: the weights of OpenCV's bicubic kernel
  // (a = -0.75) at 1/4 are -0.10546875, 0.87890625, 0.26171875, -0.03515625; at 3/4 the reverse.
  Image step{4, 4, 3, {}};
  for (int i = 0; i < 16; ++i) step.pixels.insert(step.pixels.end(), 3, i % 4 < 2 ? 0 : 200);
  const Image up = crop_cubic(step, 0, 0, 4, 8);
  // Column 3 lies at 1.25 (0 0 | 200 200): 200 * (0.26171875 - 0.03515625) = 45.3; column 4
  // mirrors.
  EXPECT_EQ(pixel(up, 3, 4)[0], 45);
  EXPECT_EQ(pixel(up, 4, 4)[0], 155);
  // Column 2 lies at 0.75: 200 * -0.10546875 is cut to 0; column 5 overshoots: 221.
  EXPECT_EQ(pixel(up, 2, 4)[0], 0);
  EXPECT_EQ(pixel(up, 5, 4)[0], 221);
  // 4 to 2 columns: each lies between two (0.5), weights -0.09375 0.59375 0.59375 -0.09375.
  const Image down = crop_cubic(step, 0, 0, 4, 2);
  EXPECT_EQ(pixel(down, 0, 0)[0], 0);    // 0 0 0 200: -18.75
  EXPECT_EQ(pixel(down, 1, 0)[0], 219);  // 0 200 200 200: 218.75, where means would give 200
}

TEST(ExpnetCrop, JpegIsASwitch) {
  const Image picture = colours(60, 60);
  const FaceBox box{10, 10, 30, 30};
  const Image plain = expnet_crop(picture, box, kAsItIs(227)),
              lossy = expnet_crop(picture, box, {});
  ASSERT_EQ(plain.pixels.size(), 227u * 227 * 3);
  ASSERT_EQ(lossy.pixels.size(), plain.pixels.size());
  int largest = 0;
  for (std::size_t i = 0; i < plain.pixels.size(); ++i)
    largest = std::max(largest, std::abs(plain.pixels[i] - lossy.pixels[i]));
  EXPECT_GT(largest, 0);
  EXPECT_LT(largest, 16);
  EXPECT_NE(jpeg_round_trip(plain, 50).pixels, lossy.pixels);
  EXPECT_EQ(jpeg_round_trip(plain, kCropJpegQuality).pixels, lossy.pixels);
}

// ---- tables ------------------------------------------------------------------------------------

TEST(CropFaces, WritesPicturesAndTheirWindows) {
  const TempDir dir;
  fs::create_directory(dir / "images");
  write_image(dir / "images/a.png", colours(60, 50));
  const fs::path table = dir.write("faces.csv",
                                   "ID,FILE,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT,NOTE\n"
                                   "one,images/a.png,10,10,20,20,x\n"
                                   "two,images/a.png,0,0,20,20,");
  const RowsResult result = crop_faces(table, dir / "out", kAsItIs(30));
  EXPECT_TRUE(result.problems.empty());
  EXPECT_EQ(result.report.at("written"), 2);
  EXPECT_TRUE(result.report.at("jpeg_quality").is_null());
  EXPECT_EQ(read_text(dir / "out/crops.csv"),
            "ID,FILE,PAD_LEFT,PAD_TOP,LEFT,TOP,SIDE,CROP\n"
            "one,images/a.png,0,0,5,5,30,one.png\ntwo,images/a.png,5,5,0,0,30,two.png\n");
  const std::string file = read_text(dir / "out/one.png");
  const auto crop =
      decode_image({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}, 3);
  ASSERT_TRUE(crop);
  EXPECT_EQ(pixel(*crop, 0, 0), pixel(colours(60, 50), 5, 5));
}

TEST(CropFaces, BadRowsAreNamedTheOthersWritten) {
  const TempDir dir;
  write_image(dir / "a.png", colours(60, 50));
  write_image(dir / "gray.jpg", Image{60, 60, 1, std::vector<std::uint8_t>(3600, 90)});
  dir.write("b.png", read_text(dir / "a.png").substr(0, 60));
  const fs::path table = dir.write("faces.csv",
                                   "ID,FILE,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT\n"
                                   "ok,a.png,10,10,20,20\n"
                                   "cut,b.png,10,10,20,20\n"
                                   "none,c.png,10,10,20,20\n"
                                   "word,a.png,10,10,wide,20\n"
                                   "flat,a.png,10,10,20,0\n"
                                   "a/b,a.png,10,10,20,20\n"
                                   "gray,gray.jpg,10,10,20,20\n");
  const RowsResult result = crop_faces(table, dir / "out", {});
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"faces.csv:3: ", "b.png: "},
      {"faces.csv:4: ", "c.png: cannot open"},
      {"faces.csv:5: ", "column 5 (FACE_WIDTH): 'wide' is not a finite number"},
      {"faces.csv:6: ", "the box is 20 x 0 px"},
      {"faces.csv:7: ", "the ID 'a/b' is not a file name"}};
  ASSERT_EQ(result.problems.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NE(result.problems[i].find(expected[i].first), std::string::npos) << result.problems[i];
    EXPECT_NE(result.problems[i].find(expected[i].second), std::string::npos) << result.problems[i];
  }
  EXPECT_TRUE(fs::exists(dir / "out/ok.png"));
  EXPECT_TRUE(fs::exists(dir / "out/gray.png"));
  EXPECT_EQ(result.report.at("failed"), 5);
}

TEST(CropFaces, NeedsItsColumns) {
  const TempDir dir;
  EXPECT_ERROR(
      crop_faces(dir.write("f.csv", "ID,FILE,FACE_X,FACE_Y,FACE_WIDTH\n"), dir / "out", {}),
      Exit::kPrecondition,
      "f.csv:1: column FACE_HEIGHT occurs 0 times");
  EXPECT_ERROR(crop_faces(dir / "none.csv", dir / "out", {}), Exit::kPrecondition, "none.csv");
}

}  // namespace
}  // namespace mien::testing
