// Occlusion maps whose values are known in closed form.
#include "harness/engine/tasks/occlusion.h"

#include <gtest/gtest.h>

#include "models/registry.h"
#include "tests/engine/tasks/noise_images.h"
#include "tests/support/expect_error.h"

namespace mien {
namespace {

constexpr std::array<std::int64_t, 3> kInput = {1, 48, 48};

TEST(Squares, LastTouchesTheBorderAndFaultsAreNamed) {
  const Squares squares = squares_over({1, 10, 10}, 4, 4);
  EXPECT_EQ(squares.tops, (std::vector<std::int64_t>{0, 4, 6}));
  EXPECT_EQ(squares_over(kInput, 0, 0).size_px, 8);
  EXPECT_EQ(squares_over(kInput, 0, 0).stride_px, 2);
  EXPECT_EQ(squares_over(kInput, 48, 0).count(), 1);
  EXPECT_ERROR(squares_over(kInput, 49, 0), Exit::kUsage, "48x48; choose 1 to 48");
  EXPECT_ERROR(squares_over(kInput, 4, 5), Exit::kUsage, "--stride 5");
}

TEST(PerPixel, IsTheMeanOfTheSquaresOverIt) {
  const Squares squares = squares_over({1, 4, 4}, 2, 1);  // 3x3 positions
  torch::Tensor values = torch::zeros({3, 3});
  values[0][0] = 1;
  const torch::Tensor map = per_pixel(values, squares, 4, 4);
  EXPECT_FLOAT_EQ(map[0][0].item<float>(), 1) << "one square covers the corner";
  EXPECT_FLOAT_EQ(map[0][1].item<float>(), 0.5);
  EXPECT_FLOAT_EQ(map[1][1].item<float>(), 0.25);
  EXPECT_FLOAT_EQ(map[2][2].item<float>(), 0);
  EXPECT_TRUE(torch::allclose(per_pixel(torch::ones({3, 3}), squares, 4, 4), torch::ones({4, 4})));
}

TEST(Occlusion, OfALinearModelIsTheClosedForm) {
  const auto model = made("linear", "softmax");
  const torch::Tensor weight = model->parameters()[0], bias = model->parameters()[1];
  Protocol protocol;
  protocol.input.mean = 0.3;
  protocol.input.std = 0.25;
  const torch::Tensor images = noise(2), classes = torch::tensor({4, 0}, torch::kInt64);
  const Squares squares = squares_over(kInput, 9, 7);
  const Occlusion found =
      occlusion_maps(*model, Augmenter(protocol, kInput, 1), images, classes, squares);
  ASSERT_EQ(found.drop.sizes(), (std::vector<std::int64_t>{2, 7, 7}));
  torch::NoGradGuard no_grad;
  for (std::int64_t i = 0; i < 2; ++i) {
    const torch::Tensor pixels = images[i][0].to(torch::kFloat);
    const torch::Tensor logits = weight.matmul((pixels.flatten() / 255 - 0.3) / 0.25) + bias;
    const torch::Tensor share =  // what each pixel above 0 adds to each logit
        weight.view({7, 48, 48}) * pixels / (255 * 0.25);
    for (std::size_t r = 0; r < 7; ++r)
      for (std::size_t c = 0; c < 7; ++c) {
        const torch::Tensor lost =
            share.narrow(1, squares.tops[r], 9).narrow(2, squares.lefts[c], 9).sum({1, 2});
        const torch::Tensor left = logits - lost;
        const std::int64_t label = classes[i].item<std::int64_t>();
        const double drop = (logits.softmax(0)[label] - left.softmax(0)[label]).item<double>();
        const torch::Tensor position = found.drop[i][static_cast<std::int64_t>(r)];
        EXPECT_NEAR(position[static_cast<std::int64_t>(c)].item<double>(), drop, 1e-5);
        const bool breaks =
            left.argmax().item<std::int64_t>() != logits.argmax().item<std::int64_t>();
        EXPECT_EQ(found.breaks[i][static_cast<std::int64_t>(r)][static_cast<std::int64_t>(c)]
                      .item<float>(),
                  breaks ? 1 : 0);
      }
  }
}

}  // namespace
}  // namespace mien
