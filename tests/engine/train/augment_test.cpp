#include "harness/engine/train/augment.h"

#include <gtest/gtest.h>

#include "harness/base/random.h"
#include "harness/engine/train/batches.h"
#include "tests/support/expect_error.h"

namespace mien {
namespace {

constexpr std::array<std::int64_t, 3> kWhole = {1, 48, 48}, kCropped = {1, 40, 40};

torch::Tensor images(std::int64_t n) {
  torch::manual_seed(5);
  return torch::randint(0, 256, {n, 1, 48, 48}, torch::kUInt8);
}

torch::Tensor indices(std::int64_t n) { return torch::arange(n, torch::kLong); }

Protocol plain() {
  Protocol p;
  p.input.mean = 0;
  p.input.std = 1;
  return p;
}

Augmenter started(const Protocol& p,
                  std::array<std::int64_t, 3> input,
                  std::int64_t n,
                  std::int64_t epoch = 0,
                  std::uint64_t seed = 1) {
  Augmenter augmenter(p, input, seed);
  augmenter.start_epoch(epoch, n, torch::kCPU);
  return augmenter;
}

torch::Tensor as_float(const torch::Tensor& x) { return x.to(torch::kFloat) / 255; }

TEST(Augment, WithoutOptionsOnlyNormalises) {
  Protocol p = plain();
  p.input.mean = 0.5;
  p.input.std = 0.25;
  const torch::Tensor x = images(3);
  const torch::Tensor expected = (as_float(x) - 0.5) / 0.25;
  EXPECT_TRUE(torch::allclose(started(p, kWhole, 3).train(x, indices(3)), expected, 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(started(p, kWhole, 3).test(x), expected, 1e-5, 1e-6));
}

/// LibTorch takes the layout of a convolution from strides, those of a single channel included.
TEST(Augment, ImagesHaveTheMemoryFormatOfTheProtocol) {
  Protocol p = plain();
  for (const std::int64_t channels : {1, 3})
    for (const bool last : {true, false})
      for (const TrainCrop crop : {TrainCrop::kCenter, TrainCrop::kRandom, TrainCrop::kTen}) {
        p.memory_format = last ? MemoryFormat::kChannelsLast : MemoryFormat::kContiguous;
        p.augment.crop = crop;
        p.test_crop = crop == TrainCrop::kTen ? TestCrop::kTen : TestCrop::kCenter;
        const std::array<std::int64_t, 3> input = {channels, 40, 40};
        const auto wanted =
            last ? torch::MemoryFormat::ChannelsLast : torch::MemoryFormat::Contiguous;
        const torch::Tensor x = channels_last(images(3).expand({3, channels, 48, 48}));
        EXPECT_EQ(started(p, input, 3).train(x, indices(3)).suggest_memory_format(), wanted);
        EXPECT_EQ(Augmenter(p, input, 1).test(x).suggest_memory_format(), wanted);
      }
}

TEST(Augment, FlipMirrorsWholeImages) {
  Protocol p = plain();
  p.augment.flip_probability = 1;
  const torch::Tensor x = images(3);
  EXPECT_TRUE(torch::allclose(started(p, kWhole, 3).train(x, indices(3)), as_float(x).flip(3)));
}

TEST(Augment, WarpWithoutMotionIsTheIdentity) {
  Protocol p = plain();
  p.augment.rotate_degrees = 10;
  p.augment.rotate_probability = 1e-12;  // takes the warping path, moves nothing
  const torch::Tensor x = images(3);
  EXPECT_LT((started(p, kWhole, 3).train(x, indices(3)) - as_float(x)).abs().max().item<float>(),
            1e-4);
}

TEST(Augment, WarpComposesTheFlip) {
  Protocol p = plain();
  p.augment.rotate_degrees = 10;
  p.augment.rotate_probability = 1e-12;
  p.augment.flip_probability = 1;
  const torch::Tensor x = images(3);
  EXPECT_LT(
      (started(p, kWhole, 3).train(x, indices(3)) - as_float(x).flip(3)).abs().max().item<float>(),
      1e-4);
}

TEST(Augment, ShiftMovesTheCentreOfMassByAtMostItsRange) {
  Protocol p = plain();
  p.augment.shift = 0.25;
  p.augment.shift_probability = 1;
  const std::int64_t n = 64;
  torch::Tensor x = torch::zeros({n, 1, 48, 48}, torch::kUInt8);
  x.slice(2, 22, 26).slice(3, 22, 26).fill_(255);
  const torch::Tensor y = started(p, kWhole, n).train(x, indices(n));
  const torch::Tensor places = torch::arange(48, torch::kFloat);
  const torch::Tensor mass = y.sum({1, 2, 3});
  const torch::Tensor centre = (y.sum({1, 2}) * places).sum(1) / mass - 23.5;
  EXPECT_LE(centre.abs().max().item<float>(), 0.25 * 48 + 0.1);
  EXPECT_GT(centre.abs().max().item<float>(), 0.15 * 48);
  EXPECT_LT(std::abs(centre.mean().item<float>()), 3);
}

TEST(Augment, RotationKeepsTheCentreAndTurnsByAtMostItsAngle) {
  Protocol p = plain();
  p.augment.rotate_degrees = 30;
  p.augment.rotate_probability = 1;
  const std::int64_t n = 64;
  torch::Tensor x = torch::zeros({n, 1, 48, 48}, torch::kUInt8);
  x.slice(2, 22, 26).slice(3, 38, 42).fill_(255);  // a dot to the right of the centre
  const torch::Tensor y = started(p, kWhole, n).train(x, indices(n));
  const torch::Tensor places = torch::arange(48, torch::kFloat);
  const torch::Tensor mass = y.sum({1, 2, 3});
  const torch::Tensor dx = (y.sum({1, 2}) * places).sum(1) / mass - 23.5;
  const torch::Tensor dy = (y.sum({1, 3}) * places).sum(1) / mass - 23.5;
  const torch::Tensor angle = torch::atan2(dy, dx) * 180 / M_PI;
  EXPECT_LE(angle.abs().max().item<float>(), 30.5);
  EXPECT_GT(angle.abs().max().item<float>(), 20);
  EXPECT_LT((torch::sqrt(dx * dx + dy * dy) - 16).abs().max().item<float>(), 0.5);
}

TEST(Augment, RandomCropsAreWindowsOfTheImage) {
  Protocol p = plain();
  p.augment.crop = TrainCrop::kRandom;
  const std::int64_t n = 40;
  const torch::Tensor x = images(n);
  const torch::Tensor y = started(p, kCropped, n).train(x, indices(n));
  ASSERT_EQ(y.sizes(), (torch::IntArrayRef{n, 1, 40, 40}));
  std::set<std::pair<int, int>> offsets;
  for (std::int64_t i = 0; i < n; ++i) {
    bool found = false;
    for (int top = 0; top <= 8 && !found; ++top)
      for (int left = 0; left <= 8 && !found; ++left)
        if (torch::allclose(y[i][0], as_float(x)[i][0].narrow(0, top, 40).narrow(1, left, 40))) {
          found = true;
          offsets.insert({top, left});
        }
    EXPECT_TRUE(found) << "crop " << i << " is no window of its image";
  }
  EXPECT_GT(offsets.size(), 10u);
}

TEST(Augment, TenCropsAreFourCornersCentreAndTheirMirrors) {
  Protocol p = plain();
  p.test_crop = TestCrop::kTen;
  const torch::Tensor x = images(2);
  const torch::Tensor y = Augmenter(p, kCropped, 1).test(x).view({10, 2, 40, 40});
  const torch::Tensor f = as_float(x).squeeze(1);
  const auto window = [&](int top, int left) { return f.narrow(1, top, 40).narrow(2, left, 40); };
  const std::pair<int, int> places[] = {{0, 0}, {0, 8}, {8, 0}, {8, 8}, {4, 4}};
  for (int crop = 0; crop < 5; ++crop) {
    const torch::Tensor expected = window(places[crop].first, places[crop].second);
    EXPECT_TRUE(torch::allclose(y[crop], expected)) << crop;
    EXPECT_TRUE(torch::allclose(y[crop + 5], expected.flip(2))) << crop;
  }
}

TEST(Augment, ErasesARectangleOfTheStatedSize) {
  Protocol p = plain();
  p.augment.erase_probability = 1;
  const std::int64_t n = 64;
  const torch::Tensor x = torch::full({n, 1, 48, 48}, 255, torch::kUInt8);
  const torch::Tensor erased = (started(p, kWhole, n).train(x, indices(n)) == 0).sum({1, 2, 3});
  EXPECT_GE(erased.min().item<std::int64_t>(), 20);
  EXPECT_LE(erased.max().item<std::int64_t>(), static_cast<std::int64_t>(0.40 * 48 * 48));
}

TEST(Augment, DependsOnSeedEpochAndIndexOnly) {
  Protocol p = plain();
  p.augment.shift = 0.2;
  p.augment.rotate_degrees = 10;
  p.augment.flip_probability = 0.5;
  p.augment.erase_probability = 0.5;
  const torch::Tensor x = images(8);
  const torch::Tensor whole = started(p, kWhole, 8, 3).train(x, indices(8));
  const torch::Tensor some = torch::tensor({5, 2}, torch::kLong);
  const torch::Tensor part = started(p, kWhole, 8, 3).train(x.index_select(0, some), some);
  EXPECT_TRUE(torch::equal(part, whole.index_select(0, some)));
  EXPECT_FALSE(torch::equal(whole, started(p, kWhole, 8, 4).train(x, indices(8))));
  EXPECT_FALSE(torch::equal(whole, started(p, kWhole, 8, 3, 2).train(x, indices(8))));
}

/// The numbers of the class that the rest of the project draws with, wherever they are computed.
TEST(Uniform, IsSplitMixByCounter) {
  const torch::Tensor drawn = uniform(3, 4, 11, 5);
  SplitMix start(11);
  SplitMix streams(start.next() + 5);
  const std::uint64_t first = streams.next();
  for (std::uint64_t row = 0; row < 3; ++row)
    for (std::uint64_t column = 0; column < 4; ++column) {
      const std::uint64_t before = (row << 20) + column - 1;  // next() moves first
      SplitMix at(first + before * 0x9e3779b97f4a7c15ULL);
      const float expected = static_cast<float>(at.next() >> 40) / 16777216.0f;
      EXPECT_EQ(
          drawn[static_cast<std::int64_t>(row)][static_cast<std::int64_t>(column)].item<float>(),
          expected);
    }
}

TEST(Uniform, ANumberDependsOnItsPlaceOnly) {
  const torch::Tensor small = uniform(5, 3, 1, 9), large = uniform(50, 30, 1, 9);
  EXPECT_TRUE(torch::equal(small, large.narrow(0, 0, 5).narrow(1, 0, 3)));
  EXPECT_FALSE(torch::equal(small, uniform(5, 3, 1, 10)));
  EXPECT_FALSE(torch::equal(small, uniform(5, 3, 2, 9)));
}

TEST(Uniform, LooksUniformAndUnrelated) {
  const std::int64_t n = 20000;
  const torch::Tensor a = uniform(n, 2, 1, 0), b = uniform(n, 2, 1, 1);
  EXPECT_GE(a.min().item<float>(), 0);
  EXPECT_LT(a.max().item<float>(), 1);
  const torch::Tensor counts = torch::bincount((a.flatten() * 64).to(torch::kLong), {}, 64);
  const double expected = 2.0 * static_cast<double>(n) / 64;
  const double chi_square =
      ((counts.to(torch::kDouble) - expected).square() / expected).sum().item<double>();
  EXPECT_LT(chi_square, 120) << "63 degrees of freedom: beyond 120 once in 50,000";
  const auto correlation = [](const torch::Tensor& x, const torch::Tensor& y) {
    return ((x - 0.5) * (y - 0.5)).mean().item<double>() * 12;
  };
  const double five_sigma = 5 / std::sqrt(static_cast<double>(n));
  EXPECT_LT(std::abs(correlation(a.select(1, 0), a.select(1, 1))), five_sigma);
  EXPECT_LT(std::abs(correlation(a.select(1, 0), b.select(1, 0))), five_sigma);
  EXPECT_LT(
      std::abs(correlation(a.select(1, 0).narrow(0, 1, n - 1), a.select(1, 0).narrow(0, 0, n - 1))),
      five_sigma);
}

TEST(Augment, EpochsKeepTheirNumbersAtOnePlace) {
  Protocol p = plain();
  p.augment.shift = 0.2;
  const torch::Tensor x = images(8);
  Augmenter one = started(p, kWhole, 8, 3);
  one.start_epoch(4, 8, torch::kCPU);
  EXPECT_TRUE(
      torch::equal(one.train(x, indices(8)), started(p, kWhole, 8, 4).train(x, indices(8))));
}

TEST(Augment, ReversedAreaIsRefused) {
  Protocol p = plain();
  p.augment.area_low = 1.2;
  p.augment.area_high = 0.8;
  EXPECT_ERROR(Augmenter(p, kWhole, 1), Exit::kUsage, "augment.area_low");
}

}  // namespace
}  // namespace mien
