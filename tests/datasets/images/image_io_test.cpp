// Bytes to pixels: what is refused before it is decoded, how squares are cut out.
#include "datasets/images/image_io.h"

#include <gtest/gtest.h>

#include <numeric>

#include "datasets/formats/image_header.h"
#include "harness/base/files.h"
#include "tests/support/temp_dir.h"

namespace mien::testing {
namespace {

Image gradient(int width, int height, int channels = 1) {
  Image image{width, height, channels, {}};
  for (int i = 0; i < width * height * channels; ++i)
    image.pixels.push_back(static_cast<std::uint8_t>(i * 7 + i / width));
  return image;
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string encoded(const TempDir& dir, const std::string& name, const Image& image) {
  write_image(dir / name, image);
  return read_text(dir / name);
}

constexpr const char* kNames[] = {"a.png", "a.tiff", "a.jpg"};

std::string extension(const std::string& name) { return name.substr(name.find('.')); }

TEST(ImageIo, DecodesWhatItWrites) {
  const TempDir dir;
  for (const int channels : {1, 3}) {
    const Image image = gradient(33, 21, channels);
    for (const char* name : {"a.png", "a.tiff"}) {
      const std::string file = encoded(dir, name, image);
      EXPECT_EQ(image_fault(bytes_of(file), extension(name)), "") << name;
      const std::optional<Image> back = decode_image(bytes_of(file), channels);
      ASSERT_TRUE(back);
      EXPECT_EQ(back->pixels, image.pixels) << name;
      EXPECT_EQ(back->width, 33);
    }
  }
}

TEST(ImageFault, EveryCutIsFound) {
  const TempDir dir;
  for (const std::string name : kNames) {
    const std::string file = encoded(dir, name, gradient(20, 20, 3));
    EXPECT_EQ(image_fault(bytes_of(file), extension(name)), "");
    for (std::size_t size = 0; size < file.size(); ++size)
      EXPECT_NE(image_fault(bytes_of(file.substr(0, size)), extension(name)), "")
          << name << " cut to " << size << " of " << file.size();
    EXPECT_EQ(image_fault(bytes_of(file + "trailing"), extension(name)), "") << name;
  }
}

TEST(ImageFault, ThumbnailInAJpegIsNotItsEnd) {
  const TempDir dir;
  const std::string file = encoded(dir, "a.jpg", gradient(20, 20));
  const std::string thumbnail("\xFF\xE1\x00\x06\xFF\xD9\xFF\xD9", 8);  // APP1 that holds EOI
  const std::string with = file.substr(0, 2) + thumbnail + file.substr(2);
  EXPECT_EQ(image_fault(bytes_of(with), ".JPG"), "");
  EXPECT_EQ(image_fault(bytes_of(with.substr(0, with.size() - 2)), ".jpg"),
            "cut off: its end is missing");
}

TEST(ImageFault, ExtensionsMustTellTheFormat) {
  const TempDir dir;
  const std::string png = encoded(dir, "a.png", gradient(9, 9));
  EXPECT_EQ(image_fault(bytes_of(png), ".PNG"), "");
  EXPECT_EQ(image_fault(bytes_of(png), ".tiff"), "a PNG called .tiff");
  EXPECT_EQ(image_fault(bytes_of("GIF89a"), ".gif"), "not a JPEG, PNG or TIFF image");
}

TEST(ImageFault, PicturesThatWouldFillMemoryAreRefused) {
  const TempDir dir;
  std::string file = encoded(dir, "a.png", gradient(9, 9));
  const std::string widths[] = {{"\x7F\xFF\xFF\xFF", 4}, {"\x00\x00\x27\x11", 4}};  // 10,001
  for (const std::string& width : widths) {
    file.replace(16, 4, width);
    EXPECT_NE(image_fault(bytes_of(file), ".png").find("too many"), std::string::npos);
  }
  file.replace(16, 8, std::string("\x00\x00\x10\x00\x00\x00\x10\x00", 8));
  EXPECT_NE(image_fault(bytes_of(file), ".png").find("4096 x 4096 pixels in"), std::string::npos);
}

TEST(Crop, GoesOnWithTheBorderOutsideOfThePicture) {
  Image image = gradient(4, 4);
  std::iota(image.pixels.begin(), image.pixels.end(), std::uint8_t{0});
  const Image same = crop(image, {0, 0, 4}, 4);
  EXPECT_EQ(same.pixels, image.pixels);
  const Image wide = crop(image, {-2, -2, 8}, 8);
  EXPECT_EQ(wide.pixels[0], 0);
  EXPECT_EQ(wide.pixels[7], 3);
  EXPECT_EQ(wide.pixels[63], 15);
  EXPECT_EQ(wide.pixels[3 * 8 + 3], 5);
}

TEST(Crop, ShrinksByMeansOfAreas) {
  const Image image{4, 2, 1, {0, 100, 10, 20, 100, 200, 30, 40}};
  const Image small = crop(image, {0, 0, 2}, 1);
  EXPECT_EQ(small.pixels, std::vector<std::uint8_t>{100});
}

TEST(Crop, WholePictureIsNeverDistorted) {
  const Square square = whole_square(30, 20);
  EXPECT_EQ(square.side, 30);
  EXPECT_EQ(square.left, 0);
  EXPECT_EQ(square.top, -5);
}

TEST(Landmarks, SixtyEightLinesInAnyFloatNotation) {
  std::string text, fault;
  for (int i = 0; i < 68; ++i) text += i % 2 ? "  1.5000000e+02  -3\r\n" : "12\t7.25\n";
  const std::vector<FacePoint> points = parse_landmarks(text + "\n\n", fault);
  ASSERT_EQ(points.size(), 68u) << fault;
  EXPECT_EQ(points[1].x, 150);
  EXPECT_EQ(points[0].y, 7.25);
  for (const char* bad : {"1", "1 x", "1 2 3", "inf 2", "1e9 2", "1,2", "1 2x"}) {
    EXPECT_TRUE(parse_landmarks(text + bad, fault).empty());
    EXPECT_EQ(fault, "line 69: not two numbers x y") << bad;
  }
}

TEST(Landmarks, SquareHoldsTheBoxAndMoreAbove) {
  const FacePoint points[] = {{10, 40}, {110, 40}, {60, 120}};
  const Square square = face_square(points, 1.2);
  EXPECT_DOUBLE_EQ(square.side, 120);
  EXPECT_DOUBLE_EQ(square.left, 0);
  EXPECT_LT(square.top, 80 - 60);
  EXPECT_GE(square.top + square.side, 120);
}

}  // namespace
}  // namespace mien::testing
