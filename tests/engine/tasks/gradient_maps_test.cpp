// Saliency, Grad-CAM and theta of models whose maps are known.
#include "harness/engine/tasks/gradient_maps.h"

#include <gtest/gtest.h>

#include "models/registry.h"
#include "tests/engine/tasks/noise_images.h"

namespace mien {
namespace {

TEST(GradientMaps, SaliencyOfALinearModelIsItsWeights) {
  const auto model = made("linear", "softmax");
  const torch::Tensor classes = torch::tensor({6, 2}, torch::kInt64);
  const GradientMaps maps = gradient_maps(
      *model, find_model("linear", "softmax").rows, noise(2).to(torch::kFloat) / 255, classes);
  const torch::Tensor expected =
      model->parameters()[0].detach().abs().index_select(0, classes).view({2, 48, 48});
  EXPECT_TRUE(torch::allclose(maps.saliency, expected));
  EXPECT_FALSE(maps.gradcam.defined());
  EXPECT_FALSE(maps.theta.defined());
  EXPECT_TRUE(maps.features.empty());
}

TEST(GradientMaps, OfABatchAreThoseOfEachAlone) {
  const auto model = made("deepemotion", "fig");
  const auto rows = find_model("deepemotion", "fig").rows;
  const torch::Tensor inputs = noise(10).to(torch::kFloat) / 255;
  const torch::Tensor classes = torch::arange(10) % 7;
  const GradientMaps all = gradient_maps(*model, rows, inputs, classes);
  EXPECT_EQ(all.gradcam_row, "W");
  EXPECT_EQ(all.theta_row, "S4");
  EXPECT_EQ(all.warp_row, "W");
  const torch::Tensor identity = torch::tensor({1.f, 0.f, 0.f, 0.f, 1.f, 0.f}).view({1, 2, 3});
  EXPECT_TRUE(torch::allclose(all.theta, identity.expand({10, 2, 3})));
  std::vector<std::string> names;
  for (const FeatureMaps& feature : all.features) names.push_back(feature.row);
  EXPECT_EQ(names, (std::vector<std::string>{"S1", "L1", "L2", "L3", "W"}));
  const GradientMaps last =
      gradient_maps(*model, rows, inputs.narrow(0, 9, 1), classes.narrow(0, 9, 1));
  EXPECT_TRUE(torch::allclose(all.saliency[9], last.saliency[0], 1e-4, 1e-6));
  EXPECT_TRUE(torch::allclose(all.gradcam[9], last.gradcam[0], 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(all.features[4].maps[9], last.features[4].maps[0], 1e-4, 1e-5));
}

TEST(GradientMaps, GradCamIsLedBackThroughTheTransformer) {
  const auto rows = find_model("deepemotion", "fig").rows;
  const torch::Tensor input = noise(1).to(torch::kFloat) / 255;
  const torch::Tensor label = torch::tensor({1}, torch::kInt64);
  const auto cam_with = [&](std::vector<float> theta, bool mirrored_classifier) {
    const auto model = made("deepemotion", "fig");
    torch::NoGradGuard no_grad;
    for (auto& p : model->named_parameters()) {
      if (p.key() == "local_fc2.bias") p.value().copy_(torch::tensor(theta));
      // A mirrored map and a classifier that expects it mirrored give the same logits.
      if (p.key() == "fc1.weight" && mirrored_classifier)
        p.value().copy_(p.value().view({50, 10, 9, 9}).flip(3).reshape({50, 810}));
    }
    torch::AutoGradMode enable(true);
    return gradient_maps(*model, rows, input, label).gradcam;
  };
  const torch::Tensor straight = cam_with({1, 0, 0, 0, 1, 0}, false);
  EXPECT_GT(straight.max().item<float>(), 0.99);
  EXPECT_TRUE(torch::allclose(cam_with({-1, 0, 0, 0, 1, 0}, true), straight, 1e-3, 1e-4));
  EXPECT_EQ(cam_with({0, 0, 0, 0, 0, 0}, false).max().item<float>(), 0) << "no way back";
}

}  // namespace
}  // namespace mien
