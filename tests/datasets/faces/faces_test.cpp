// A request is a picture: the same bytes for the same request, other bytes for another, a face with
// its landmarks on it, and an expression that shows.
#include "datasets/faces/faces.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <thread>

#include "harness/base/files.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace mien {
namespace {

constexpr const char* kExpressions[] = {
    "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise", "neutral"};

FaceRequest lab(const char* expression, int subject = 0, int side_px = 48) {
  return {.subject = subject,
          .expression = expression,
          .strength = 1,
          .yaw = 0,
          .pitch = 0,
          .style = FaceStyle::kLab,
          .width = side_px,
          .height = side_px};
}

std::vector<std::uint8_t> pixels(const FaceRequest& request) {
  return draw_face(request).image.pixels;
}

/// Mean difference per value, in gray levels.
double apart(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  EXPECT_EQ(a.size(), b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

/// Means over a dozen people of a distance on the face, in parts of the distance of the eyes.
template <typename Measure>
double measured(const char* expression, Measure measure) {
  constexpr int people = 12;
  double sum = 0;
  for (int subject = 0; subject < people; ++subject) {
    const auto& p = draw_face(lab(expression, subject)).landmarks;
    sum += measure(p) / (p[45].x - p[36].x);
  }
  return sum / people;
}
using Landmarks = std::array<FacePoint, 68>;
double mouth_gap(const Landmarks& p) { return p[66].y - p[62].y; }
double mouth_width(const Landmarks& p) { return p[54].x - p[48].x; }
double eye_opening(const Landmarks& p) {
  return (p[41].y + p[40].y + p[46].y + p[47].y - p[37].y - p[38].y - p[43].y - p[44].y) / 4;
}
double brow_height(const Landmarks& p) { return (p[39].y + p[42].y - p[21].y - p[22].y) / 2; }
/// How far the mouth's corners lie above the middle between nose and chin.
double corners(const Landmarks& p) { return (p[33].y + p[8].y - p[48].y - p[54].y) / 2; }
/// How much higher one corner lies than the other.
double slant(const Landmarks& p) { return std::abs(p[48].y - p[54].y); }

TEST(Faces, SameRequestSameBytes) {
  for (const FaceStyle style : {FaceStyle::kWild, FaceStyle::kLab, FaceStyle::kToon}) {
    FaceRequest request = {.subject = 3, .expression = "fear", .style = style};
    const std::vector<std::uint8_t> first = pixels(request);
    std::vector<std::uint8_t> elsewhere;
    std::thread([&] { elsewhere = pixels(request); }).join();
    EXPECT_EQ(first, elsewhere);
    EXPECT_EQ(first, pixels(request));
  }
}

TEST(Faces, EveryPartOfARequestMatters) {
  const FaceRequest base = {.subject = 1, .expression = "happy"};
  const std::vector<std::uint8_t> picture = pixels(base);
  const auto differs = [&](auto change) {
    FaceRequest other = base;
    change(other);
    EXPECT_NE(picture, pixels(other));
  };
  differs([](FaceRequest& r) { r.seed = 2; });
  differs([](FaceRequest& r) { r.subject = 2; });
  differs([](FaceRequest& r) { r.expression = "sad"; });
  differs([](FaceRequest& r) { r.session = 1; });
  differs([](FaceRequest& r) { r.number = 1; });
  differs([](FaceRequest& r) { r.strength = 0.2; });
  differs([](FaceRequest& r) { r.yaw = 15; });
  differs([](FaceRequest& r) { r.pitch = 15; });
  differs([](FaceRequest& r) { r.style = FaceStyle::kLab; });
  differs([](FaceRequest& r) { r.face_share = 0.7; });
}

TEST(Faces, AnySizeAndBothColourings) {
  for (const auto& [width, height] : {std::pair(16, 16), {48, 48}, {97, 33}, {200, 640}})
    for (const int channels : {1, 3}) {
      FaceRequest request = {.expression = "angry"};
      request.width = width;
      request.height = height;
      request.channels = channels;
      const FacePicture picture = draw_face(request);
      EXPECT_EQ(picture.image.width, width);
      EXPECT_EQ(picture.image.height, height);
      EXPECT_EQ(picture.image.channels, channels);
      EXPECT_EQ(picture.image.pixels.size(), static_cast<std::size_t>(width * height * channels));
    }
}

TEST(Faces, UnknownExpressionsAreRefused) {
  EXPECT_ERROR(draw_face({.expression = "bored"}), Exit::kUsage, "no expression 'bored'; known:");
  EXPECT_ERROR(draw_face({}), Exit::kUsage, "no expression ''");
}

TEST(Faces, StrengthZeroIsNeutral) {
  for (const char* expression : kExpressions) {
    FaceRequest request = lab(expression);
    request.strength = 0;
    EXPECT_EQ(pixels(request), pixels(lab("neutral"))) << expression;
  }
}

TEST(Faces, StrengthLeadsFromNeutralToThePeak) {
  double last = -1;
  for (const double strength : {0.0, 0.3, 0.6, 1.0}) {
    FaceRequest request = lab("surprise", 4);
    request.strength = strength;
    const double gap = mouth_gap(draw_face(request).landmarks);
    EXPECT_GT(gap, last);
    last = gap;
  }
}

TEST(Faces, NumbersAreNeighboursAndSubjectsAreNot) {
  FaceRequest request = {.subject = 5, .expression = "happy", .style = FaceStyle::kLab};
  const std::vector<std::uint8_t> first = pixels(request);
  request.number = 1;
  const double neighbour = apart(first, pixels(request));
  EXPECT_GT(neighbour, 0);
  EXPECT_LT(neighbour, 10);
  for (int other = 6; other < 12; ++other) {
    request.subject = other;
    EXPECT_GT(apart(first, pixels(request)), 2 * neighbour) << other;
  }
}

TEST(Faces, LandmarksLieInThePictureAndOnTheFace) {
  for (const char* expression : kExpressions)
    for (int subject = 0; subject < 4; ++subject) {
      const FacePicture picture = draw_face(lab(expression, subject, 128));
      for (const FacePoint& p : picture.landmarks) {
        EXPECT_GT(p.x, 0);
        EXPECT_LT(p.x, 128);
        EXPECT_GT(p.y, 0);
        EXPECT_LT(p.y, 128);
      }
      // Inside the open eye it is not the colour of the cheek: white, iris or pupil.
      const auto at = [&](FacePoint p) {
        const int x = static_cast<int>(p.x), y = static_cast<int>(p.y);
        return static_cast<int>(picture.image.pixels[static_cast<std::size_t>(y * 128 + x)]);
      };
      if (std::string_view(expression) != "surprise") continue;
      const FacePoint middle{(picture.landmarks[62].x + picture.landmarks[66].x) / 2,
                             (picture.landmarks[62].y + 2 * picture.landmarks[66].y) / 3};
      const FacePoint cheek{(picture.landmarks[3].x + picture.landmarks[31].x) / 2,
                            (picture.landmarks[3].y + picture.landmarks[31].y) / 2};
      EXPECT_LT(at(middle), at(cheek)) << "the open mouth is dark";
    }
}

TEST(Faces, ExpressionsMoveWhatTheyAreKnownFor) {
  const auto more = [](auto measure, const char* here, const char* there, double by) {
    EXPECT_GT(measured(here, measure), measured(there, measure) + by) << here << " / " << there;
  };
  more(mouth_width, "happy", "neutral", 0.05);
  more(mouth_width, "fear", "neutral", 0.05);
  more(corners, "happy", "neutral", 0.03);
  more(corners, "neutral", "sad", 0.03);
  more(mouth_gap, "surprise", "neutral", 0.10);
  more(mouth_gap, "surprise", "angry", 0.10);
  more(mouth_gap, "fear", "neutral", 0.03);
  more(eye_opening, "surprise", "neutral", 0.01);
  more(eye_opening, "fear", "neutral", 0.01);
  more(eye_opening, "neutral", "disgust", 0.01);
  more(brow_height, "surprise", "neutral", 0.04);
  more(brow_height, "sad", "neutral", 0.02);
  more(brow_height, "neutral", "angry", 0.04);
  more(slant, "contempt", "neutral", 0.02);
}

TEST(Faces, YawTurnsTheNoseToItsSide) {
  const auto nose = [](double yaw) {
    FaceRequest request = lab("neutral");
    request.yaw = yaw;
    const Landmarks p = draw_face(request).landmarks;
    return p[30].x - (p[36].x + p[45].x) / 2;
  };
  EXPECT_GT(nose(25), nose(0) + 2);
  EXPECT_LT(nose(-25), nose(0) - 2);
}

TEST(Faces, PitchLiftsTheNose) {
  const auto nose = [](double pitch) {
    FaceRequest request = lab("neutral");
    request.pitch = pitch;
    const Landmarks p = draw_face(request).landmarks;
    return p[30].y - (p[36].y + p[45].y) / 2;
  };
  EXPECT_LT(nose(20), nose(0) - 1);
  EXPECT_GT(nose(-20), nose(0) + 1);
}

TEST(Faces, SixCharactersDiffer) {
  std::vector<std::vector<std::uint8_t>> pictures;
  for (int subject = 0; subject < 6; ++subject) {
    FaceRequest request = lab("neutral", subject);
    request.style = FaceStyle::kToon;
    request.channels = 3;
    pictures.push_back(pixels(request));
    for (int other = 0; other < subject; ++other)
      EXPECT_GT(apart(pictures[static_cast<std::size_t>(other)], pictures.back()), 8);
  }
}

// ---- ICT-FaceKit, where it is installed ---------------------------------------------------------

std::filesystem::path installed() { return paths::data() / "ict-facekit"; }

TEST(Faces, InstalledHeadDrawsTheSameExpressions) {
  if (!std::filesystem::exists(installed()))
    GTEST_SKIP() << "no ICT-FaceKit in " << installed().string();
  const auto drawn = [](const char* expression, int subject) {
    FaceRequest request = lab(expression, subject, 64);
    request.head = FaceHead::kInstalled;
    return draw_face(request);
  };
  const auto mean = [&](const char* expression, auto measure) {
    double sum = 0;
    for (int subject = 0; subject < 6; ++subject) {
      const auto p = drawn(expression, subject).landmarks;
      sum += measure(p) / (p[45].x - p[36].x) / 6;
    }
    return sum;
  };
  EXPECT_EQ(drawn("sad", 1).image.pixels, drawn("sad", 1).image.pixels);
  EXPECT_NE(drawn("sad", 1).image.pixels, pixels(lab("sad", 1, 64)));
  EXPECT_GT(mean("surprise", mouth_gap), mean("neutral", mouth_gap) + 0.1);
  EXPECT_GT(mean("happy", mouth_width), mean("neutral", mouth_width) + 0.05);
  EXPECT_LT(mean("sad", corners), mean("neutral", corners));
  EXPECT_LT(mean("angry", brow_height), mean("neutral", brow_height));
}

TEST(Faces, WithoutAnInstalledHeadTheFolderIsNamed) {
  const testing::TempDir dir;
  const std::string before = paths::environment("MIEN_DATA");
  setenv("MIEN_DATA", dir.path().c_str(), 1);
  FaceRequest request = lab("sad");
  request.head = FaceHead::kInstalled;
  EXPECT_ERROR(draw_face(request), Exit::kPrecondition, (dir / "ict-facekit").string());
  setenv("MIEN_DATA", before.c_str(), 1);
}

TEST(Faces, RandomNumbersAreTheSameEverywhere) {
  FaceRandom random(1);
  EXPECT_EQ(random.next(), 0x910a2dec89025cc1u);
  EXPECT_EQ(random.next(), 0xbeeb8da1658eec67u);
  EXPECT_EQ(random_for(1, {2, 3}).next(), random_for(1, {2, 3}).next());
  EXPECT_NE(random_for(1, {2, 3}).next(), random_for(1, {3, 2}).next());
  double sum = 0, squares = 0;
  for (int i = 0; i < 20000; ++i) {
    const double x = random.normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / 20000, 0, 0.03);
  EXPECT_NEAR(squares / 20000, 1, 0.04);
}

}  // namespace
}  // namespace mien
