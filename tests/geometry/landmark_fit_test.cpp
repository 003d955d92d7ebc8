// The fit of a face model to 68 landmarks: exact landmarks give exact coefficients, noise and
// priors have the expected effect, and landmarks that are not a face are refused.
#include "harness/geometry/landmark_fit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "harness/base/random.h"
#include "harness/geometry/reconstruct.h"
#include "tests/support/expect_error.h"

namespace mien::testing {
namespace {

constexpr int kWidth = 227, kHeight = 227;
using Floats = std::vector<float>;
using Landmarks = std::array<float, 136>;

/// In [-1, 1).
float uniform(SplitMix& random) {
  return static_cast<float>(random.next() >> 40) / static_cast<float>(1 << 23) - 1;
}

/// About normal: sum of twelve uniform numbers.
float normal(SplitMix& random) {
  float sum = 0;
  for (int i = 0; i < 12; ++i) sum += uniform(random) / 2;
  return sum;
}

/// 68 vertices on half an ellipsoid of 140 x 200 mm, and components that move each of them
/// anywhere.
FaceModel random_model(std::size_t identities, std::size_t expressions) {
  SplitMix random(5);
  FaceModel m;
  m.name = "random";
  for (std::int32_t v = 0; v < 68; ++v) {
    const float x = uniform(random), y = uniform(random);
    m.mean.insert(m.mean.end(), {70 * x, 100 * y, 60 - 30 * (x * x + y * y)});
    m.landmarks68.push_back(67 - v);
  }
  const auto fill =
      [&](Floats& components, Floats& deviations, std::vector<std::string>& names, std::size_t n) {
        for (std::size_t i = 0; i < n * m.mean.size(); ++i)
          components.push_back(0.1f * uniform(random));
        for (std::size_t i = 0; i < n; ++i) deviations.push_back(40.0f / static_cast<float>(i + 2));
        names.resize(n, "component");
      };
  fill(m.identity, m.identity_std, m.identity_names, identities);
  fill(m.expression, m.expression_std, m.expression_names, expressions);
  return m;
}

/// A vertex (X, Y, Z) as LandmarkFit::pose says it is seen.
std::array<double, 2> seen(const float* p, double scale, double focal) {
  const double x = focal > 0 ? -focal * p[0] / p[2] : scale * p[0],
               y = focal > 0 ? focal * p[1] / p[2] : -scale * p[1];
  return {kWidth / 2.0 + x, kHeight / 2.0 + y};
}

Landmarks project(const FaceModel& model,
                  const Floats& identity,
                  const Floats& expression,
                  const std::array<float, 6>& pose,
                  double scale,
                  double focal) {
  Floats posed = reconstruct(model, identity, expression);
  apply_pose(posed, pose);
  Landmarks out;
  for (std::size_t k = 0; k < 68; ++k) {
    const auto at = seen(&posed[3 * static_cast<std::size_t>(model.landmarks68[k])], scale, focal);
    out[2 * k] = static_cast<float>(at[0]);
    out[2 * k + 1] = static_cast<float>(at[1]);
  }
  return out;
}

constexpr std::array<float, 6> kWeakPose = {0.2f, -0.5f, 0.1f, 12, -7, 0};
constexpr std::array<float, 6> kFarPose = {0.2f, -0.5f, 0.1f, 12, -7, -1100};
constexpr double kScale = 0.9, kFocal = 5.0 * kHeight;
const Floats kIdentity = {1, -2, 0.5f, -0.25f}, kExpression = {-1.5f, 0.75f, 2};

Landmarks weak_landmarks(const FaceModel& model) {
  return project(model, kIdentity, kExpression, kWeakPose, kScale, 0);
}

void expect_near(std::span<const float> got, std::span<const float> expected, float tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], tolerance) << i;
}

double rmse(const LandmarkFit& fit) {
  double sum = 0;
  for (std::size_t i = 0; i < kIdentity.size(); ++i)
    sum += std::pow(fit.identity[i] - kIdentity[i], 2);
  for (std::size_t i = 0; i < kExpression.size(); ++i)
    sum += std::pow(fit.expression[i] - kExpression[i], 2);
  return std::sqrt(sum / static_cast<double>(kIdentity.size() + kExpression.size()));
}

// ---- what is found -----------------------------------------------------------------------------

constexpr FitOptions kExact = {.identity_prior = 1e-9, .expression_prior = 1e-9, .tolerance = 1e-7};

TEST(LandmarkFit, FindsWhatAWeakPerspectiveCameraShows) {
  const FaceModel model = random_model(4, 3);
  LandmarkFitter fitter(model, kExact);
  const LandmarkFit fit = fitter.fit(weak_landmarks(model), kWidth, kHeight);
  expect_near(fit.identity, kIdentity, 1e-4f);
  expect_near(fit.expression, kExpression, 1e-4f);
  expect_near(fit.pose, kWeakPose, 1e-4f);
  EXPECT_NEAR(fit.scale, kScale, 1e-5);
  EXPECT_LT(fit.rms_px, 1e-4);
  EXPECT_LT(fit.iterations, 10);
}

TEST(LandmarkFit, FindsWhatAPerspectiveCameraShows) {
  const FaceModel model = random_model(4, 3);
  FitOptions options = kExact;
  options.focal_px = kFocal;
  LandmarkFitter fitter(model, options);
  const LandmarkFit fit =
      fitter.fit(project(model, kIdentity, kExpression, kFarPose, 0, kFocal), kWidth, kHeight);
  expect_near(fit.identity, kIdentity, 1e-3f);
  expect_near(fit.expression, kExpression, 1e-3f);
  expect_near(std::span(fit.pose).first(5), std::span(kFarPose).first(5), 1e-3f);
  EXPECT_NEAR(fit.pose[5], kFarPose[5], 0.1);
  EXPECT_NEAR(fit.scale, kFocal / -kFarPose[5], 1e-3);
}

TEST(LandmarkFit, AlternatingShapeAndPoseComesToTheSame) {
  const FaceModel model = random_model(4, 3);
  FitOptions options = kExact;
  options.alternations = 1000;
  options.refinements = 0;
  LandmarkFitter fitter(model, options);
  const LandmarkFit fit = fitter.fit(weak_landmarks(model), kWidth, kHeight);
  EXPECT_LT(rmse(fit), 1e-3);
  EXPECT_LT(fit.iterations, 1000);
}

TEST(LandmarkFit, ResidualIsThatOfItsOwnNumbers) {
  const FaceModel model = random_model(4, 3);
  for (const double focal : {0.0, kFocal}) {
    FitOptions options;
    options.focal_px = focal;
    LandmarkFitter fitter(model, options);
    Landmarks noisy = weak_landmarks(model);
    SplitMix random(8);
    for (float& value : noisy) value += 3 * normal(random);
    const LandmarkFit fit = fitter.fit(noisy, kWidth, kHeight);
    const Landmarks again =
        project(model, fit.identity, fit.expression, fit.pose, fit.scale, focal);
    double squares = 0;
    for (std::size_t i = 0; i < 136; ++i) squares += std::pow(again[i] - noisy[i], 2);
    EXPECT_NEAR(fit.rms_px, std::sqrt(squares / 68), 1e-3) << focal;
  }
}

// ---- noise and priors --------------------------------------------------------------------------

TEST(LandmarkFit, ErrorsGrowWithNoise) {
  const FaceModel model = random_model(4, 3);
  double before = 0;
  for (const float noise : {0.25f, 1.0f, 4.0f, 16.0f}) {
    FitOptions options;
    options.noise_px = noise;
    LandmarkFitter fitter(model, options);
    SplitMix random(3);
    double sum = 0;
    for (int run = 0; run < 20; ++run) {
      Landmarks points = weak_landmarks(model);
      for (float& value : points) value += noise * normal(random);
      sum += rmse(fitter.fit(points, kWidth, kHeight));
    }
    EXPECT_GT(sum, 1.2 * before) << noise;
    before = sum;
  }
}

TEST(LandmarkFit, HeavyPriorsGiveTheMeanFace) {
  const FaceModel model = random_model(4, 3);
  FitOptions options;
  options.identity_prior = options.expression_prior = 1e12;
  LandmarkFitter both(model, options);
  const LandmarkFit mean = both.fit(weak_landmarks(model), kWidth, kHeight);
  expect_near(mean.identity, Floats(4), 1e-6f);
  expect_near(mean.expression, Floats(3), 1e-6f);
  EXPECT_GT(mean.rms_px, 1);
  options.expression_prior = 1e-9;
  LandmarkFitter one(model, options);
  const LandmarkFit fit = one.fit(weak_landmarks(model), kWidth, kHeight);
  expect_near(fit.identity, Floats(4), 1e-6f);
  EXPECT_GT(std::abs(fit.expression[0]), 0.1f);
}

TEST(LandmarkFit, MoreComponentsThanLandmarksDetermineStayNearTheMean) {
  const FaceModel model = random_model(150, 29);
  LandmarkFitter fitter(model, {});
  SplitMix random(2);
  Floats identity(150), expression(29);
  for (Floats* values : {&identity, &expression})
    for (float& value : *values) value = normal(random);
  const LandmarkFit fit =
      fitter.fit(project(model, identity, expression, kWeakPose, kScale, 0), kWidth, kHeight);
  double error = 0, size = 0;
  for (std::size_t i = 0; i < 150; ++i) {
    error += std::pow(fit.identity[i] - identity[i], 2);
    size += std::pow(identity[i], 2);
  }
  EXPECT_LT(error, size);
  EXPECT_LT(fit.rms_px, 1);
}

// ---- components, places, repetition -------------------------------------------------------------

TEST(LandmarkFit, UsesTheFirstComponentsAsManyAsThereAre) {
  const FaceModel model = random_model(4, 3);
  LandmarkFitter few(model, {.identity_components = 2, .expression_components = 0});
  EXPECT_EQ(few.fit(weak_landmarks(model), kWidth, kHeight).identity.size(), 2u);
  EXPECT_EQ(few.expression_components(), 0u);
  LandmarkFitter many(model, {.identity_components = 99, .expression_components = 29});
  EXPECT_EQ(many.identity_components(), 4u);
  EXPECT_EQ(many.fit(weak_landmarks(model), kWidth, kHeight).expression.size(), 3u);
  LandmarkFitter none(model, {.identity_components = 0, .expression_components = 0});
  EXPECT_GT(none.fit(weak_landmarks(model), kWidth, kHeight).scale, 0.5);
}

TEST(LandmarkFit, PlaceInThePictureChangesTheShiftAlone) {
  const FaceModel model = random_model(4, 3);
  LandmarkFitter fitter(model, {});
  Landmarks points = weak_landmarks(model);
  const LandmarkFit here = fitter.fit(points, kWidth, kHeight);
  for (std::size_t k = 0; k < 68; ++k) points[2 * k] += 32, points[2 * k + 1] -= 16;
  const LandmarkFit there = fitter.fit(points, kWidth, kHeight);
  expect_near(there.identity, here.identity, 1e-4f);
  expect_near(there.expression, here.expression, 1e-4f);
  expect_near(std::span(there.pose).first(3), std::span(here.pose).first(3), 1e-5f);
  EXPECT_NEAR(there.pose[3], here.pose[3] - 32 / here.scale, 1e-3);  // p3 points to the left
  EXPECT_NEAR(there.pose[4], here.pose[4] + 16 / here.scale, 1e-3);
}

TEST(LandmarkFit, IsTheSameOnEveryCall) {
  const FaceModel model = random_model(40, 20);
  LandmarkFitter fitter(model, {.focal_px = kFocal}), other(model, {.focal_px = kFocal});
  const Landmarks points = weak_landmarks(model);
  const LandmarkFit first = fitter.fit(points, kWidth, kHeight);
  Landmarks elsewhere = points;
  elsewhere[0] += 20;
  fitter.fit(elsewhere, kWidth, kHeight);
  for (LandmarkFitter* again : {&fitter, &other}) {
    const LandmarkFit second = again->fit(points, kWidth, kHeight);
    EXPECT_EQ(second.identity, first.identity);
    EXPECT_EQ(second.expression, first.expression);
    EXPECT_EQ(second.pose, first.pose);
    EXPECT_EQ(second.rms_px, first.rms_px);
  }
}

// ---- what is refused ---------------------------------------------------------------------------

TEST(LandmarkFit, RefusesWhatIsNoFace) {
  const FaceModel model = random_model(4, 3);
  LandmarkFitter fitter(model, {});
  const Landmarks good = weak_landmarks(model);
  const auto refuse = [&](const Landmarks& points, const char* why) {
    EXPECT_ERROR(fitter.fit(points, kWidth, kHeight), Exit::kPrecondition, why);
  };
  Landmarks bad = good;
  bad[9] = NAN;
  refuse(bad, "landmark 4 of 68");
  bad[9] = INFINITY;
  refuse(bad, "landmark 4 of 68");
  bad.fill(0);
  refuse(bad, "at 1 different places");
  for (std::size_t k = 0; k < 68; ++k) bad[2 * k] = good[2 * (k % 5)], bad[2 * k + 1] = good[k % 5];
  refuse(bad, "at 5 different places");
  for (std::size_t k = 0; k < 68; ++k)
    bad[2 * k] = good[2 * k], bad[2 * k + 1] = 7 + bad[2 * k] / 2;
  refuse(bad, "all on one line");
  EXPECT_LT(fitter.fit(good, kWidth, kHeight).rms_px, 1);  // and goes on
}

TEST(LandmarkFit, RefusesModelsAndOptionsThatGiveNoFit) {
  const auto refuse = [](auto change, const char* why) {
    FaceModel model = random_model(4, 3);
    change(model);
    EXPECT_ERROR(LandmarkFitter(model, {}), Exit::kPrecondition, why);
  };
  refuse([](FaceModel& m) { m.landmarks68.clear(); }, "random has no 68 landmarks");
  refuse([](FaceModel& m) { m.identity_std.clear(); }, "no standard deviations of identity");
  refuse([](FaceModel& m) { m.expression_std.clear(); }, "no standard deviations of expression");
  refuse(
      [](FaceModel& m) {
        for (std::size_t i = 2; i < m.mean.size(); i += 3) m.mean[i] = 5;
      },
      "lie in one plane");
  const FaceModel model = random_model(4, 3);
  const auto refuse_options = [&](const FitOptions& options, const char* why) {
    EXPECT_ERROR(LandmarkFitter(model, options), Exit::kUsage, why);
  };
  refuse_options({.noise_px = 0}, "noise_px is 0");
  refuse_options({.identity_prior = -1}, "identity_prior is -1");
  refuse_options({.expression_prior = NAN}, "expression_prior is nan");
  refuse_options({.focal_px = INFINITY}, "focal_px is inf");
  refuse_options({.alternations = -1}, "alternations is -1");
}

}  // namespace
}  // namespace mien::testing
