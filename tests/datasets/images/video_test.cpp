// Clips: what is written comes back, byte for byte the same each time; what is no clip is named.
#include "datasets/images/video.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

constexpr int kWidth = 96, kHeight = 64;

/// A bright bar that moves by 10 px a frame over a dark red ground.
std::vector<Image> moving_bar(int frames) {
  std::vector<Image> clip;
  for (int f = 0; f < frames; ++f) {
    Image image{kWidth, kHeight, 3, {}};
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x) {
        const bool bar = x / 10 == f;
        image.pixels.insert(image.pixels.end(),
                            {std::uint8_t(bar ? 250 : 10),
                             std::uint8_t(bar ? 250 : 20),
                             std::uint8_t(bar ? 250 : 90)});
      }
    clip.push_back(std::move(image));
  }
  return clip;
}

class Clips : public ::testing::Test {
 protected:
  fs::path clip(const std::string& name = "a.avi", int frames = 8) {
    write_clip(dir_ / name, moving_bar(frames), 24);
    return dir_ / name;
  }
  static int count(const fs::path& path) {
    return read_clip(path, [](int, const Image&) { return true; });
  }
  void cut(const fs::path& path, double share) {
    fs::resize_file(path, static_cast<std::uintmax_t>(share * double(fs::file_size(path))));
  }
  TempDir dir_;
};

TEST_F(Clips, ComeBackInOrder) {
  int expected = 0;
  const int frames = read_clip(clip(), [&](int number, const Image& frame) {
    EXPECT_EQ(number, expected++);
    EXPECT_EQ(frame.width, kWidth);
    EXPECT_EQ(frame.height, kHeight);
    const std::uint8_t* middle = &frame.pixels[std::size_t(kHeight / 2 * kWidth) * 3];
    EXPECT_GT(middle[(number * 10 + 5) * 3], 180) << "the bar is where it was drawn";
    const std::uint8_t* ground = middle + (number * 10 + 25) % 80 * 3;
    EXPECT_GT(ground[2], ground[0] + 30) << "blue, green, red";
    return true;
  });
  EXPECT_EQ(frames, 8);
}

TEST_F(Clips, ReadingStopsWhenTold) {
  EXPECT_EQ(read_clip(clip(), [](int number, const Image&) { return number < 2; }), 3);
}

TEST_F(Clips, HeaderSaysFramesSizeAndRate) {
  const ClipHeader header = read_clip_header(clip());
  EXPECT_EQ(header.frames, 8);
  EXPECT_EQ(header.width, kWidth);
  EXPECT_EQ(header.height, kHeight);
  EXPECT_DOUBLE_EQ(header.fps, 24);
  EXPECT_FALSE(header.is_cut);
}

TEST_F(Clips, EqualFramesGiveEqualBytesOnAnyThread) {
  const std::string first = read_text(clip("a.avi"));
  std::vector<std::jthread> threads;
  for (const char* name : {"b.avi", "c.avi", "d.avi"})
    threads.emplace_back([this, name] { clip(name); });
  threads.clear();
  for (const char* name : {"b.avi", "c.avi", "d.avi"}) EXPECT_EQ(read_text(dir_ / name), first);
}

TEST_F(Clips, CutClipsGiveTheFramesTheyHave) {
  const fs::path path = clip("a.avi", 9);
  cut(path, 0.6);
  EXPECT_TRUE(read_clip_header(path).is_cut);
  const int frames = count(path);
  EXPECT_GE(frames, 1);
  EXPECT_LT(frames, 9);
}

TEST_F(Clips, PathsMayHaveBlanksPercentSignsAndAnyLetters) {
  fs::create_directory(dir_ / "Ausdruck fröhlich %02d");
  EXPECT_EQ(count(clip("Ausdruck fröhlich %02d/ä 1%d.avi")), 8);
}

TEST_F(Clips, WhatIsNoClipIsNamed) {
  EXPECT_ERROR(count(dir_.write("e.avi", "")), Exit::kPrecondition, "e.avi: 0 bytes; ");
  EXPECT_ERROR(count(dir_.write("t.avi", "#EXTM3U\nhttp://example.org/a.ts\n")),
               Exit::kPrecondition,
               "t.avi: not a clip (AVI, MP4, MPEG, Matroska or WMV); ");
  EXPECT_ERROR(count(dir_ / "none.avi"), Exit::kPrecondition, "none.avi: cannot open");
  EXPECT_ERROR(count(dir_.path()), Exit::kPrecondition, "not a regular file");
  EXPECT_ERROR(count(dir_.write("r.avi", std::string("RIFF\x10\0\0\0AVI LIST", 16) + "junk")),
               Exit::kPrecondition,
               "r.avi: ");
  const fs::path path = clip("h.avi");
  fs::resize_file(path, 300);
  EXPECT_ERROR(count(path), Exit::kPrecondition, "h.avi: ");
}

TEST_F(Clips, CannotBeWrittenWhereThereIsNoFolder) {
  EXPECT_ERROR(write_clip(dir_ / "no/a.avi", moving_bar(1), 24),
               Exit::kPrecondition,
               "a.avi: cannot be written");
}

}  // namespace
}  // namespace mien::testing
