// Principal modes: orthonormal, in order, and the same shapes as the modes that they come from.
#include "datasets/faces/principal_head.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "datasets/faces/installed_head.h"
#include "harness/base/files.h"
#include "harness/geometry/reconstruct.h"
#include "tests/support/expect_error.h"

namespace mien {
namespace {

const FaceModel& built_in() { return built_in_head().model; }

double product(const float* a, const float* b, std::size_t size) {
  double sum = 0;
  for (std::size_t k = 0; k < size; ++k) sum += double{a[k]} * b[k];
  return sum;
}

/// Largest distance in any coordinate of `shape` from the shapes of `model`'s expressions.
double distance_to(const FaceModel& model, const std::vector<float>& shape) {
  const std::size_t size = shape.size();
  std::vector<float> offset(size), coefficients;
  for (std::size_t k = 0; k < size; ++k) offset[k] = shape[k] - model.mean[k];
  for (std::size_t i = 0; i < model.expression_components(); ++i)
    coefficients.push_back(
        static_cast<float>(product(offset.data(), model.expression.data() + i * size, size) /
                           model.expression_std[i]));
  const std::vector<float> found = reconstruct(model, {}, coefficients);
  double most = 0;
  for (std::size_t k = 0; k < size; ++k)
    most = std::max(most, double{std::abs(found[k] - shape[k])});
  return most;
}

std::vector<float> blendshape(const FaceModel& model, std::size_t i) {
  std::vector<float> weights(model.expression_components());
  weights[i] = 1;
  return model.shape({}, weights);
}

void expect_orthonormal(const std::vector<float>& modes, std::size_t size) {
  for (std::size_t i = 0; i * size < modes.size(); ++i)
    for (std::size_t j = 0; j <= i; ++j)
      EXPECT_NEAR(product(&modes[i * size], &modes[j * size], size), i == j, 2e-5) << i << ' ' << j;
}

TEST(PrincipalHead, ModesAreOrthonormalInOrderWithPositiveSigns) {
  const FaceModel model = principal_model(built_in());
  const std::size_t size = model.mean.size();
  EXPECT_EQ(model.expression_components(), kExpressionComponents);
  EXPECT_EQ(model.identity_components(), built_in().identity_components());  // it has fewer than 99
  expect_orthonormal(model.identity, size);
  expect_orthonormal(model.expression, size);
  for (const auto* std : {&model.identity_std, &model.expression_std})
    EXPECT_TRUE(std::ranges::is_sorted(*std, std::greater()));
  for (std::size_t i = 0; i < model.expression_components(); ++i) {
    const auto begin = model.expression.begin() + static_cast<std::ptrdiff_t>(i * size);
    const auto most = std::max_element(begin,
                                       begin + static_cast<std::ptrdiff_t>(size),
                                       [](float a, float b) { return std::abs(a) < std::abs(b); });
    EXPECT_GT(*most, 0);
  }
  EXPECT_EQ(principal_model(built_in()).expression, model.expression);
}

TEST(PrincipalHead, AllModesReproduceEveryBlendshape) {
  const FaceModel all = principal_model(built_in(), 0, 100);
  EXPECT_EQ(all.identity_components(), 0u);
  EXPECT_LE(distance_to(all, built_in().mean), 1e-3);
  const FaceModel some = principal_model(built_in(), 0, 10);
  double lost = 0;
  for (std::size_t i = 0; i < built_in().expression_components(); ++i) {
    EXPECT_LE(distance_to(all, blendshape(built_in(), i)), 1e-3) << i;
    lost = std::max(lost, distance_to(some, blendshape(built_in(), i)));
  }
  EXPECT_GT(lost, 1);  // ten modes do not
}

TEST(PrincipalHead, KeepsTheVarianceOfIndependentModes) {
  FaceModel scaled = built_in();
  for (std::size_t i = 0; i < scaled.identity_std.size(); ++i)
    scaled.identity_std[i] = 0.5f + 0.1f * static_cast<float>(i);
  const FaceModel principal = principal_model(scaled);
  const std::size_t size = scaled.mean.size();
  double before = 0, after = 0;
  for (std::size_t i = 0; i < scaled.identity_components(); ++i) {
    const float* mode = scaled.identity.data() + i * size;
    before += product(mode, mode, size) * scaled.identity_std[i] * scaled.identity_std[i];
  }
  for (const float std : principal.identity_std) after += double{std} * std;
  EXPECT_NEAR(after / before, 1, 1e-6);
}

TEST(PrincipalHead, GivesFewerModesWhereTheModelSpansFewer) {
  FaceModel twice = built_in();
  const std::size_t size = twice.mean.size();
  twice.expression.resize(3 * size);
  std::copy_n(
      twice.expression.begin(), size, twice.expression.begin() + static_cast<std::ptrdiff_t>(size));
  twice.expression_names.resize(3);
  EXPECT_EQ(principal_model(twice).expression_components(), 2u);
  twice.expression.clear();
  twice.expression_names.clear();
  EXPECT_EQ(principal_model(twice).expression_components(), 0u);
  EXPECT_EQ(principal_model(twice).mean, twice.mean);
}

TEST(PrincipalHead, RefusesToDrawAModelWithoutLandmarks) {
  FaceModel bare = built_in();
  bare.landmarks68.clear();
  EXPECT_ERROR(principal_head(bare), Exit::kPrecondition, "has 0 landmarks");
}

TEST(PrincipalHead, InstalledHeadHas29ExpressionModes) {
  if (!std::filesystem::exists(paths::data() / "ict-facekit"))
    GTEST_SKIP() << "no ICT-FaceKit below $MIEN_DATA";
  const Head head = principal_head(FaceHead::kInstalled);
  EXPECT_EQ(head.model.expression_components(), kExpressionComponents);
  const FaceModel all = principal_model(installed_head().model, 0, 100);
  for (std::size_t i = 0; i < installed_head().model.expression_components(); i += 10)
    EXPECT_LE(distance_to(all, blendshape(installed_head().model, i)), 1e-3) << i;
}

}  // namespace
}  // namespace mien
