// A compiled network computes the outputs of its model.
#include "models/inference/inference.h"

#include <gtest/gtest.h>

#include "models/registry.h"

namespace mien {
namespace {

constexpr double kTolerance = 1e-4;  // of the largest output

/// Weights and statistics that leave no layer at its start.
std::shared_ptr<Model> stirred(const ModelEntry& entry) {
  torch::manual_seed(5);
  const torch::NoGradGuard no_grad;
  const std::shared_ptr<Model> model = entry.make({entry.card.outputs, 0.5});
  for (const auto& parameter : model->named_parameters())
    if (parameter.value().dim() == 1)
      torch::Tensor(parameter.value()).add_(torch::rand_like(parameter.value()) * 0.2);
  for (const auto& buffer : model->named_buffers())
    if (buffer.value().is_floating_point())
      torch::Tensor(buffer.value()).add_(torch::rand_like(buffer.value()) * 0.2);
  model->eval();
  return model;
}

torch::Tensor faces(const ModelEntry& entry, std::int64_t n) {
  const auto& input = entry.card.input;
  return torch::rand({n, input[0], input[1], input[2]}) * 2 - 1;
}

double difference(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a - b).abs().max() / b.abs().max().clamp_min(1e-6)).item<double>();
}

class Compiled : public ::testing::TestWithParam<const ModelEntry*> {};

TEST_P(Compiled, ComputesTheOutputsOfTheModel) {
  if (GetParam()->card.macs == 0) GTEST_SKIP() << "no network";
  const torch::NoGradGuard no_grad;
  const std::shared_ptr<Model> model = stirred(*GetParam());
  for (const std::int64_t n : {1, 3, 10}) {
    if (n == 10 && GetParam()->card.macs > 1'000'000'000) continue;  // takes long
    const torch::Tensor images = faces(*GetParam(), n);
    Inference inference(model, images.sizes().vec());
    const torch::Tensor first = inference.run(images).clone();
    EXPECT_LT(difference(first, model->forward(images)), kTolerance) << n << " images";
    EXPECT_TRUE(torch::equal(first, inference.run(images))) << "same input, other bits";
    const torch::Tensor others = faces(*GetParam(), n);
    EXPECT_LT(difference(inference.run(others), model->forward(others)), kTolerance)
        << "a second input";
  }
}

TEST_P(Compiled, LeavesNothingToLibTorchAndTheModelAsItWas) {
  if (GetParam()->card.macs == 0) GTEST_SKIP() << "no network";
  if (!has_onednn()) GTEST_SKIP() << "built without oneDNN";
  const std::shared_ptr<Model> model = stirred(*GetParam());
  model->train();
  Inference inference(model, faces(*GetParam(), 1).sizes().vec());
  EXPECT_EQ(inference.left_to_libtorch(), std::vector<std::string>{});
  EXPECT_TRUE(model->is_training());
  for (const torch::Tensor& parameter : model->parameters()) EXPECT_TRUE(parameter.requires_grad());
}

INSTANTIATE_TEST_SUITE_P(Models, Compiled, ::testing::ValuesIn(models()), [](const auto& info) {
  std::string name = std::string(info.param->card.name) + "_" + info.param->card.variant;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

/// Networks that no model of the table is, for the ways in which operations meet.
struct Small : Model {
  using Forward = std::function<torch::Tensor(Small&, torch::Tensor)>;
  explicit Small(Forward forward) : Model({}, 0), run(std::move(forward)) {}
  Forward run;
  torch::nn::Conv2d a{
      register_module("a", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 32, 3).padding(1)))};
  torch::nn::Conv2d b{
      register_module("b", torch::nn::Conv2d(torch::nn::Conv2dOptions(32, 32, 3).padding(1)))};
  torch::nn::Conv2d odd{
      register_module("odd", torch::nn::Conv2d(torch::nn::Conv2dOptions(32, 10, 3).stride(2)))};
  torch::nn::BatchNorm2d norm{register_module("norm", torch::nn::BatchNorm2d(32))};
  torch::Tensor forward(const torch::Tensor& images) override { return run(*this, images); }
};

void expect_same(Small::Forward forward) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(8);
  const auto model = std::make_shared<Small>(std::move(forward));
  model->eval();
  const torch::Tensor images = torch::randn({2, 3, 21, 17});
  Inference inference(model, images.sizes().vec());
  EXPECT_LT(difference(inference.run(images), model->forward(images)), kTolerance);
}

TEST(CompiledPieces, ResidualSumIsNotWrittenOverWhatIsReadAgain) {
  expect_same([](Small& m, torch::Tensor x) {
    const torch::Tensor shortcut = torch::relu(m.a(x));
    const torch::Tensor sum = torch::relu(m.b(shortcut) + shortcut);
    return torch::relu(sum + m.norm(m.b(sum))) + shortcut;  // shortcut is read after the sum
  });
}

TEST(CompiledPieces, ResidualSumOfTwoConvolutions) {
  expect_same([](Small& m, torch::Tensor x) {
    const torch::Tensor left = m.b(torch::relu(m.a(x)));
    return torch::relu(left + m.norm(m.a(x)));
  });
}

TEST(CompiledPieces, AConvolutionReadTwiceKeepsItsValueBeforeTheRelu) {
  expect_same([](Small& m, torch::Tensor x) {
    const torch::Tensor y = m.a(x);
    return torch::relu(y) + m.norm(y) - y;
  });
}

TEST(CompiledPieces, PoolsThatRoundUpAndPaddingThatIsNotZero) {
  expect_same([](Small& m, torch::Tensor x) {
    torch::Tensor y = torch::max_pool2d(m.a(x), {3, 2}, {2, 2}, {1, 0}, 1, /*ceil_mode=*/true);
    y = m.b(torch::constant_pad_nd(y, {1, 0, 2, 0}, 0.5));
    y = m.odd(torch::constant_pad_nd(torch::relu(y), {0, 1, 2, 0}));
    return torch::avg_pool2d(y, {2, 3});
  });
}

TEST(CompiledPieces, WhatOneDnnHasNotIsLibTorchs) {
  if (!has_onednn()) GTEST_SKIP() << "built without oneDNN";
  const torch::NoGradGuard no_grad;
  const auto model = std::make_shared<Small>([](Small& m, torch::Tensor x) {
    return torch::softplus(m.odd(torch::tanh(m.a(x)))).mean({2, 3});
  });
  model->eval();
  const torch::Tensor images = torch::randn({2, 3, 16, 16});
  Inference inference(model, images.sizes().vec());
  EXPECT_LT(difference(inference.run(images), model->forward(images)), kTolerance);
  EXPECT_EQ(inference.left_to_libtorch(),
            (std::vector<std::string>{"aten::tanh", "aten::softplus", "aten::mean"}));
}

TEST(CompiledPieces, SamplesOutsideTheImageAreZero) {
  expect_same([](Small&, torch::Tensor x) {
    const torch::Tensor theta =
        torch::tensor({1.3f, 0.4f, 0.6f, -0.5f, 0.8f, -0.7f}).view({1, 2, 3}) +
        x.mean({1, 2, 3}).view({-1, 1, 1});
    return torch::grid_sampler(
        x, torch::affine_grid_generator(theta, x.sizes(), false), 0, 0, false);
  });
}

}  // namespace
}  // namespace mien
