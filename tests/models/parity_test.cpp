// The same network in PyTorch gives the same outputs: ci/make_parity_goldens.py defines every
// network of the table a second time, fills it and two images by the formula below, and writes what
// it gives.
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "models/inference/inference.h"
#include "models/registry.h"
#include "tests/support/golden.h"

namespace mien {
namespace {

std::uint32_t hash_of(const std::string& name) {  // FNV-1a
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash;
}

/// Element i of the tensor `name`: a number in [-1, 1) made of integers only.
double noise(std::uint32_t name, std::uint32_t i) {
  std::uint32_t x = i * 0x9E3779B9u + name;
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  x = (x ^ (x >> 13)) * 0xC2B2AE35u;
  x ^= x >> 16;
  return x / 2147483648.0 - 1.0;
}

/// Fills `tensor` with noise * scale + offset.
void fill(torch::Tensor tensor, const std::string& name, double scale, double offset) {
  const std::uint32_t hash = hash_of(name);
  float* to = tensor.data_ptr<float>();
  const auto count = static_cast<std::uint32_t>(tensor.numel());
  for (std::uint32_t i = 0; i < count; ++i)
    to[i] = static_cast<float>(noise(hash, i) * scale + offset);
}

/// Weights spread by their fan-in; normalisations near 1, biases and means near 0, theta near the
/// identity. The last normalisation of a residual branch is near 0.2: the sum stays of one size.
void fill_state(const std::string& name, const torch::Tensor& tensor) {
  if (tensor.scalar_type() != torch::kFloat) return;  // a counter
  if (name == "mean_image") {
    fill(tensor, name, 0.25, 0);
  } else if (name.starts_with("bn") && name.ends_with("_branch2c.weight")) {
    fill(tensor, name, 0.05, 0.2);
  } else if (tensor.dim() > 1) {
    const double fan_in = static_cast<double>(tensor.numel() / tensor.size(0));
    fill(tensor, name, std::sqrt(6.0 / fan_in), 0);
  } else if (name.ends_with("weight") || name.ends_with("_var") || name.ends_with("_std")) {
    fill(tensor, name, 0.25, 1);
  } else {
    fill(tensor, name, 0.1, 0);
  }
  if (name == "local_fc2.bias") {
    tensor[0] += 1;
    tensor[4] += 1;
  }
}

/// The numbers of a golden, without its comment lines.
std::vector<float> numbers_of(const std::string& text) {
  std::vector<float> numbers;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream words(line);
    for (float number; words >> number;) numbers.push_back(number);
  }
  return numbers;
}

class Parity : public ::testing::TestWithParam<const ModelEntry*> {
 protected:
  void SetUp() override {
    const torch::NoGradGuard no_grad;
    const Card& card = GetParam()->card;
    model = GetParam()->make({card.outputs, 0.5});
    model->eval();
    for (const auto& parameter : model->named_parameters())
      fill_state(parameter.key(), parameter.value());
    for (const auto& buffer : model->named_buffers()) fill_state(buffer.key(), buffer.value());
    images = torch::empty({2, card.input[0], card.input[1], card.input[2]});
    fill(images, "images", 1, 0);
    expected = numbers_of(read_text(std::filesystem::path(MIEN_SOURCE_DIR) / "tests/golden/parity" /
                                    (std::string(card.name) + "-" + card.variant + ".txt")));
  }

  void expect_outputs(const torch::Tensor& outputs, float tolerance) {
    ASSERT_EQ(static_cast<std::int64_t>(expected.size()), outputs.numel());
    const float* found = outputs.data_ptr<float>();
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_NEAR(found[i], expected[i], tolerance * std::max(1.f, std::abs(expected[i])))
          << "output " << i;
  }

  std::shared_ptr<Model> model;
  torch::Tensor images;
  std::vector<float> expected;
};

TEST_P(Parity, OutputsAreThoseOfAnIndependentDefinition) {
  const torch::NoGradGuard no_grad;
  expect_outputs(model->forward(images).contiguous(), 1e-5f);
}

TEST_P(Parity, SoAreThoseOfTheCompiledNetwork) {
  if (GetParam()->card.macs == 0) GTEST_SKIP() << "no network";
  Inference inference(model, images.sizes().vec());
  expect_outputs(inference.run(images), 1e-4f);
}

INSTANTIATE_TEST_SUITE_P(Models, Parity, ::testing::ValuesIn(models()), [](const auto& info) {
  std::string name = std::string(info.param->card.name) + "_" + info.param->card.variant;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace
}  // namespace mien
