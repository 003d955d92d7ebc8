// Training in other arithmetic: what the switches do, and that every model takes them.
#include "harness/engine/train/precision.h"

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include "harness/engine/train/evaluate.h"
#include "harness/engine/train/train.h"
#include "models/registry.h"
#include "tests/support/expect_error.h"

namespace mien {
namespace {

TEST(Precision, TheCpuSaysWhatItCannotDo) {
  EXPECT_EQ(why_not(Precision::kFp32, torch::kCPU), "");
  EXPECT_EQ(why_not(Precision::kBf16, torch::kCPU), "");
  EXPECT_ERROR(
      check_precision(Precision::kTf32, torch::kCPU), Exit::kUsage, "precision tf32 on cpu");
  for (const EnumName<Precision>& known : kEnumNames<Precision>)
    EXPECT_EQ(why_not(known.value, torch::Device(torch::kCUDA, 0)), "") << known.text;
}

TEST(Precision, CastsUntilItsEnd) {
  const torch::Tensor a = torch::randn({8, 8}), b = torch::randn({8, 8});
  {
    PrecisionScope outer(Precision::kBf16, torch::kCPU);
    EXPECT_EQ(torch::mm(a, b).scalar_type(), torch::kBFloat16);
    {
      const PrecisionScope inner(Precision::kFp32, torch::kCPU);
      EXPECT_EQ(torch::mm(a, b).scalar_type(), torch::kFloat) << "fp32 is fp32 inside of others";
    }
    EXPECT_EQ(torch::mm(a, b).scalar_type(), torch::kBFloat16);
    outer.end_casting();
    EXPECT_EQ(torch::mm(a, b).scalar_type(), torch::kFloat);
  }
  EXPECT_EQ(torch::mm(a, b).scalar_type(), torch::kFloat);
}

TEST(Precision, Tf32IsOffUnlessAskedFor) {
  const bool before = at::globalContext().allowTF32CuDNN();
  {
    const PrecisionScope scope(Precision::kFp32, torch::kCPU);
    EXPECT_FALSE(at::globalContext().allowTF32CuDNN());
    EXPECT_FALSE(at::globalContext().allowTF32CuBLAS());
  }
  {
    const PrecisionScope scope(Precision::kTf32, torch::Device(torch::kCUDA, 0));
    EXPECT_TRUE(at::globalContext().allowTF32CuDNN());
    EXPECT_TRUE(at::globalContext().allowTF32CuBLAS());
  }
  EXPECT_EQ(at::globalContext().allowTF32CuDNN(), before);
}

/// Pixels of class c are near 30 c: anything can tell them apart.
Split shades(const Card& card, std::int64_t n) {
  Split split;
  split.labels = torch::arange(n, torch::kLong).remainder(card.outputs);
  const torch::Tensor noise =
      torch::randint(0, 25, {n, card.input[0], card.input[1], card.input[2]});
  split.images = (noise + 30 * split.labels.view({-1, 1, 1, 1})).to(torch::kUInt8);
  return split;
}

class EveryModel : public ::testing::TestWithParam<const ModelEntry*> {};

TEST_P(EveryModel, TrainsInEveryPrecisionOfTheDevice) {
  const ModelEntry& entry = *GetParam();
  if (entry.card.macs > 2'000'000'000) GTEST_SKIP() << "takes too long; its small variant is tried";
  torch::manual_seed(3);
  const Split split = shades(entry.card, 16);
  Protocol protocol;
  protocol.epochs = 2;
  protocol.batch = 8;
  protocol.optimizer.learning_rate = 1e-3;
  for (const EnumName<Precision>& known : kEnumNames<Precision>) {
    if (!why_not(known.value, torch::kCPU).empty()) continue;
    protocol.precision = known.value;
    torch::manual_seed(4);
    const std::shared_ptr<Model> model = entry.make({entry.card.outputs, 0.0});
    use_memory_format(*model, protocol.memory_format);
    const FoldImages images{.training = split, .validation = split, .test = {}};
    const Training trained = train(*model,
                                   {entry, protocol, 1, images, entry.card.outputs},
                                   [](double, const std::string&) {});
    if (trained.curve.empty()) GTEST_SKIP() << "it fits itself, without gradients";
    ASSERT_EQ(trained.curve.size(), 2u);
    EXPECT_TRUE(std::isfinite(trained.curve.back().train_loss)) << known.text;
    EXPECT_TRUE(std::isfinite(trained.curve.back().validation_loss.value())) << known.text;
    for (const auto& parameter : model->named_parameters())
      EXPECT_EQ(parameter.value().scalar_type(), torch::kFloat) << parameter.key();
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModel, ::testing::ValuesIn(models()), [](const auto& info) {
  std::string name = std::string(info.param->card.name) + "_" + info.param->card.variant;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace
}  // namespace mien
