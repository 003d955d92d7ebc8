// The optimizers against their published update rules, step by step in double precision.
#include "harness/engine/train/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "models/registry.h"

namespace mien {
namespace {

/// One layer, so that decay on the classifier and elsewhere can be told apart.
struct Two : Model {
  Two() : Model({}, 0) {
    torch::manual_seed(7);
    body = register_module("body", torch::nn::Linear(5, 4));
    head = register_module("head", torch::nn::Linear(4, 3));
  }
  torch::Tensor forward(const torch::Tensor& x) override { return head(body(x)); }
  torch::nn::Linear body{nullptr}, head{nullptr};
};

ModelEntry entry() {
  ModelEntry entry{};
  entry.classifier = {"head"};
  return entry;
}

/// Gradient of step t for a parameter that is number `at` of the model: any numbers do.
torch::Tensor gradient(const torch::Tensor& parameter, std::int64_t at, std::int64_t t) {
  torch::manual_seed(static_cast<std::uint64_t>(100 * t + at));
  return torch::randn_like(parameter);
}

std::vector<torch::Tensor> updated(Two& model, const Protocol& protocol, std::int64_t steps) {
  const ModelEntry rows = entry();
  const std::unique_ptr<ModelOptimizer> optimizer = ModelOptimizer::make(model, rows, protocol);
  for (std::int64_t t = 1; t <= steps; ++t) {
    std::int64_t at = 0;
    for (torch::Tensor& parameter : model.parameters())
      parameter.mutable_grad() = gradient(parameter, at++, t);
    optimizer->set_rate(protocol.optimizer.learning_rate / static_cast<double>(t));
    optimizer->step();
  }
  return model.parameters();
}

bool decays(const Protocol& p, std::int64_t at) {
  return p.optimizer.decay_on == DecayOn::kAll || at >= 2;
}

/// Sutskever et al. 2013 as LibTorch states it: v = m v + g, w -= rate (g + m v, or v).
torch::Tensor sgd(const torch::Tensor& start,
                  const Protocol& p,
                  std::int64_t at,
                  std::int64_t steps) {
  torch::Tensor w = start.to(torch::kDouble), v = torch::zeros_like(w);
  for (std::int64_t t = 1; t <= steps; ++t) {
    torch::Tensor g = gradient(start, at, t).to(torch::kDouble);
    if (decays(p, at)) g = g + p.optimizer.weight_decay * w;
    v = p.optimizer.momentum * v + g;
    w = w - p.optimizer.learning_rate / static_cast<double>(t) *
                (p.optimizer.nesterov ? g + p.optimizer.momentum * v : v);
  }
  return w;
}

/// Kingma & Ba 2015, algorithm 1, weight decay as L2 in the gradient.
torch::Tensor adam(const torch::Tensor& start,
                   const Protocol& p,
                   std::int64_t at,
                   std::int64_t steps) {
  torch::Tensor w = start.to(torch::kDouble), m = torch::zeros_like(w), v = torch::zeros_like(w);
  for (std::int64_t t = 1; t <= steps; ++t) {
    torch::Tensor g = gradient(start, at, t).to(torch::kDouble);
    if (decays(p, at)) g = g + p.optimizer.weight_decay * w;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const double n = static_cast<double>(t);
    const torch::Tensor m_hat = m / (1 - std::pow(0.9, n)), v_hat = v / (1 - std::pow(0.999, n));
    w = w - p.optimizer.learning_rate / n * m_hat / (v_hat.sqrt() + 1e-8);
  }
  return w;
}

template <typename Rule>
void expect_follows(const Protocol& protocol, Rule rule) {
  constexpr std::int64_t kSteps = 7;
  Two model;
  std::vector<torch::Tensor> expected;
  for (const torch::Tensor& parameter : model.parameters())
    expected.push_back(rule(parameter.detach().clone(), protocol, std::ssize(expected), kSteps));
  const std::vector<torch::Tensor> found = updated(model, protocol, kSteps);
  for (std::size_t i = 0; i < found.size(); ++i)
    EXPECT_LT((found[i].to(torch::kDouble) - expected[i]).abs().max().item<double>(), 2e-6) << i;
}

Protocol some(Optimizer optimizer) {
  Protocol protocol;
  protocol.optimizer.name = optimizer;
  protocol.optimizer.learning_rate = 0.05;
  protocol.optimizer.weight_decay = 0.02;
  return protocol;
}

TEST(ModelOptimizer, SgdFollowsItsRule) {
  Protocol protocol = some(Optimizer::kSgd);
  for (const double momentum : {0.0, 0.9})
    for (const DecayOn decay_on : {DecayOn::kAll, DecayOn::kClassifier}) {
      protocol.optimizer.momentum = momentum;
      protocol.optimizer.decay_on = decay_on;
      expect_follows(protocol, sgd);
    }
  protocol.optimizer.nesterov = true;
  expect_follows(protocol, sgd);
}

TEST(ModelOptimizer, AdamFollowsItsRule) {
  Protocol protocol = some(Optimizer::kAdam);
  expect_follows(protocol, adam);
  protocol.optimizer.decay_on = DecayOn::kClassifier;
  expect_follows(protocol, adam);
}

TEST(ModelOptimizer, ParametersWithoutGradientsStay) {
  Two model;
  model.body->weight.requires_grad_(false);
  const torch::Tensor before = model.body->weight.detach().clone();
  updated(model, some(Optimizer::kSgd), 3);
  EXPECT_TRUE(torch::equal(model.body->weight, before));
}

TEST(ModelOptimizer, AGradientBeyondFp16LeavesTheWeightsAndHalvesTheScale) {
#if TORCH_VERSION_MAJOR < 2
  GTEST_SKIP() << "fp16 on the CPU needs LibTorch 2";
#endif
  for (const Optimizer name : {Optimizer::kSgd, Optimizer::kAdam}) {
    Protocol protocol = some(name);
    protocol.precision = Precision::kFp16;
    Two model;
    const ModelEntry rows = entry();
    const std::unique_ptr<ModelOptimizer> optimizer = ModelOptimizer::make(model, rows, protocol);
    const double scale = optimizer->scaled(torch::ones({})).item<double>();
    EXPECT_GT(scale, 1);
    const auto step = [&](double last) {
      for (torch::Tensor& parameter : model.parameters())
        parameter.mutable_grad() = torch::full_like(parameter, scale);
      model.head->bias.mutable_grad()[2] = last;
      optimizer->step();
    };
    const torch::Tensor before = model.body->weight.detach().clone();
    step(std::numeric_limits<double>::infinity());
    EXPECT_TRUE(torch::equal(model.body->weight, before));
    EXPECT_EQ(optimizer->skipped(), 1);
    EXPECT_EQ(optimizer->scaled(torch::ones({})).item<double>(), scale / 2);
    step(1);
    EXPECT_FALSE(torch::equal(model.body->weight, before));
    EXPECT_EQ(optimizer->skipped(), 1);
    EXPECT_TRUE(model.body->weight.isfinite().all().item<bool>());
  }
}

}  // namespace
}  // namespace mien
