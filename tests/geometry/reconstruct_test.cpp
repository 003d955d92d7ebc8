// Coefficients to vertices, with numbers by hand.
#include "harness/geometry/reconstruct.h"

#include <cmath>

#include "harness/base/random.h"
#include "tests/support/expect_error.h"
#include "tests/support/small_face_model.h"

namespace mien::testing {
namespace {

using Floats = std::vector<float>;

void expect_near(const Floats& got, const Floats& expected, float tolerance = 1e-6f) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], tolerance) << i;
}

TEST(Reconstruct, CoefficientsCountStandardDeviations) {
  // Corner 0: x = 10 * 2, y = 0.5 * -4. Corner 3: z = 1 + 3 * 0.5 * 2.
  EXPECT_EQ(reconstruct(small_face_model(), Floats{2, -4}, Floats{0.5f}),
            (Floats{20, -2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4}));
}

TEST(Reconstruct, WithoutStandardDeviationsTheyAreTheCoefficients) {
  FaceModel model = small_face_model();
  model.identity_std.clear();
  EXPECT_EQ(reconstruct(model, Floats{2}, {}), (Floats{2, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}));
}

TEST(Reconstruct, MissingCoefficientsAreZerosAndTooManyAnError) {
  EXPECT_EQ(reconstruct(small_face_model(), {}, {}), small_face_model().mean);
  EXPECT_ERROR(reconstruct(small_face_model(), Floats(3), {}),
               Exit::kPrecondition,
               "3 coefficients of identity, but the face model small has 2 components");
  EXPECT_ERROR(reconstruct(small_face_model(), {}, Floats(29)),
               Exit::kPrecondition,
               "29 coefficients of expression, but the face model small has 1 components");
}

TEST(Rotation, QuarterTurnsAreCounterClockwise) {
  const double quarter = std::acos(0.0);
  struct Case {
    std::array<double, 3> axis;
    std::array<double, 9> rows;
  };
  const Case cases[] = {{{0, 0, 0}, {1, 0, 0, 0, 1, 0, 0, 0, 1}},
                        {{quarter, 0, 0}, {1, 0, 0, 0, 0, -1, 0, 1, 0}},
                        {{0, quarter, 0}, {0, 0, 1, 0, 1, 0, -1, 0, 0}},
                        {{0, 0, quarter}, {0, -1, 0, 1, 0, 0, 0, 0, 1}}};
  for (const Case& c : cases)
    for (std::size_t i = 0; i < 9; ++i)
      EXPECT_NEAR(rotation_of(c.axis)[i], c.rows[i], 1e-15) << c.axis[0] << c.axis[1] << c.axis[2];
}

TEST(Rotation, IsOrthonormalKeepsItsAxisAndTurnsByItsLength) {
  SplitMix random(11);
  for (int run = 0; run < 1000; ++run) {
    std::array<double, 3> axis;
    const double scale = std::pow(10.0, static_cast<double>(random.below(12)) - 10);
    for (double& v : axis) v = scale * (static_cast<double>(random.below(2001)) / 1000 - 1);
    const auto r = rotation_of(axis);
    const double angle = std::hypot(axis[0], axis[1], axis[2]);
    double determinant = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      double along = 0;
      for (std::size_t j = 0; j < 3; ++j) {
        double product = 0;
        for (std::size_t k = 0; k < 3; ++k) product += r[3 * i + k] * r[3 * j + k];
        EXPECT_NEAR(product, i == j, 1e-14);
        along += r[3 * i + j] * axis[j];
      }
      EXPECT_NEAR(along, axis[i], 1e-14 * (1 + angle));
      const std::size_t j = (i + 1) % 3, k = (i + 2) % 3;
      determinant += r[i] * (r[3 + j] * r[6 + k] - r[3 + k] * r[6 + j]);
    }
    EXPECT_NEAR(determinant, 1, 1e-14);
    EXPECT_NEAR(r[0] + r[4] + r[8], 1 + 2 * std::cos(angle), 1e-13);
  }
}

TEST(Pose, SignsAreThePublishedOnes) {
  const float quarter = std::acos(0.0f);
  const auto posed = [](Floats pose) {
    Floats v = {1, 2, 3};
    apply_pose(v, std::span<const float, 6>(pose.data(), 6));
    return v;
  };
  expect_near(posed({0, 0, 0, 0, 0, 0}), {1, 2, 3});
  expect_near(posed({quarter, 0, 0, 0, 0, 0}), {1, -3, 2});
  expect_near(posed({0, quarter, 0, 0, 0, 0}), {-3, 2, 1});       // about -y
  expect_near(posed({0, 0, quarter, 0, 0, 0}), {2, -1, 3});       // about -z
  expect_near(posed({0, 0, 0, 10, 20, 30}), {-9, 22, 33});        // -x, y, z
  expect_near(posed({0, 0, quarter, 10, 20, 30}), {-8, 19, 33});  // turned before it is moved
}

}  // namespace
}  // namespace mien::testing
