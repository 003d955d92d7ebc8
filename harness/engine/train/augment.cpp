#include "harness/engine/train/augment.h"

#include <cmath>
#include <numbers>

#include "harness/base/error.h"
#include "harness/engine/train/batches.h"

namespace mien {
namespace {

// Columns of the random numbers; every sample has a row.
enum Column : std::int64_t {
  kArea,
  kAspect,
  kCropX,
  kCropY,
  kShiftGate,
  kShiftX,
  kShiftY,
  kFlip,
  kRotateGate,
  kAngle,
  kOffsetX,
  kOffsetY,
  kErase,  // then five per crop: gate, area, aspect, x, y
};

torch::Tensor column(const torch::Tensor& draws, std::int64_t c) { return draws.select(1, c); }

/// Maps a column to [-1, 1).
torch::Tensor symmetric(const torch::Tensor& draws, std::int64_t c) {
  return column(draws, c) * 2 - 1;
}

/// Returns the centres of `n` pixels in [-1, 1] (align_corners = false).
torch::Tensor pixel_centres(std::int64_t n, const torch::Tensor& like) {
  const double last = 1 - 1 / static_cast<double>(n);
  return torch::linspace(-last, last, n, like.options());
}

torch::Tensor gate(const torch::Tensor& draws, std::int64_t c, double probability) {
  return (column(draws, c) < probability).to(torch::kFloat);
}

/// Keeps the address of a tensor of the same size: a captured step reads from it.
void refill(torch::Tensor& kept, const torch::Tensor& values) {
  if (kept.defined() && kept.sizes() == values.sizes())
    kept.copy_(values);
  else
    kept = values;
}

// RandomErasing of Zhong et al. 2017 (arXiv 1708.04896) with its usual ranges.
constexpr double kEraseAreaLow = 0.02, kEraseAreaHigh = 0.33;
constexpr double kEraseAspectLow = 0.3, kEraseAspectHigh = 3.3;

}  // namespace

Augmenter::Augmenter(const Protocol& protocol,
                     std::array<std::int64_t, 3> input,
                     std::uint64_t seed)
    : protocol_(protocol), height_(input[1]), width_(input[2]), seed_(seed) {
  if (protocol.augment.area_low > protocol.augment.area_high)
    fail(Exit::kUsage,
         "augment.area_low {} is above augment.area_high {}",
         protocol.augment.area_low,
         protocol.augment.area_high);
}

void Augmenter::start_epoch(std::int64_t epoch, std::int64_t samples, torch::Device device) {
  const std::int64_t columns =
      kErase + (protocol_.augment.erase_probability > 0 ? 5 * train_crops() : 0);
  refill(draws_, uniform(samples, columns, seed_, static_cast<std::uint64_t>(epoch), device));
  if (moves_pixels()) refill(maps_, affine_maps());
}

bool Augmenter::moves_pixels() const {
  const bool resizes = protocol_.augment.area_low != 1 || protocol_.augment.area_high != 1 ||
                       protocol_.augment.aspect != 1;
  const bool shifts = protocol_.augment.shift > 0 && protocol_.augment.shift_probability > 0;
  const bool rotates =
      protocol_.augment.rotate_degrees > 0 && protocol_.augment.rotate_probability > 0;
  return resizes || shifts || rotates;
}

/// Composes resized crop, shift, flip and rotation, in this order, into one affine map from output
/// to input coordinates in [-1, 1]. Its complex rows (a, b, c) mean x_in + i y_in = a x + b y + c.
torch::Tensor Augmenter::affine_maps() const {
  const torch::Tensor area =
      protocol_.augment.area_low +
      column(draws_, kArea) * (protocol_.augment.area_high - protocol_.augment.area_low);
  const torch::Tensor aspect =
      torch::exp(symmetric(draws_, kAspect) * std::log(protocol_.augment.aspect));
  // A crop wider than the image is the whole image.
  const torch::Tensor wide = torch::sqrt(area * aspect).clamp_max(1);
  const torch::Tensor high = torch::sqrt(area / aspect).clamp_max(1);
  const torch::Tensor centre_x = (1 - wide) * symmetric(draws_, kCropX);
  const torch::Tensor centre_y = (1 - high) * symmetric(draws_, kCropY);
  const torch::Tensor shifted = gate(draws_, kShiftGate, protocol_.augment.shift_probability);
  const torch::Tensor shift_x =
      shifted * symmetric(draws_, kShiftX) * (2 * protocol_.augment.shift);
  const torch::Tensor shift_y =
      shifted * symmetric(draws_, kShiftY) * (2 * protocol_.augment.shift);
  const torch::Tensor mirror = 1 - 2 * gate(draws_, kFlip, protocol_.augment.flip_probability);
  const torch::Tensor angle = gate(draws_, kRotateGate, protocol_.augment.rotate_probability) *
                              symmetric(draws_, kAngle) *
                              (protocol_.augment.rotate_degrees * std::numbers::pi / 180);
  const torch::Tensor cosine = torch::cos(angle), sine = torch::sin(angle);
  return torch::stack({torch::complex(wide * mirror * cosine, -high * sine),
                       torch::complex(wide * mirror * sine, high * cosine),
                       torch::complex(centre_x - wide * shift_x, centre_y - high * shift_y)},
                      1);
}

/// Samples x bilinearly, with zeros outside. A position is a term of its column plus a term of its
/// row, so that it costs one addition.
torch::Tensor Augmenter::warp(const torch::Tensor& x, const torch::Tensor& maps) const {
  const torch::Tensor columns = pixel_centres(x.size(3), x).view({1, 1, -1});
  const torch::Tensor rows = pixel_centres(x.size(2), x).view({1, -1, 1});
  const auto factor = [&](std::int64_t i) { return column(maps, i).view({-1, 1, 1}); };
  const torch::Tensor across = factor(0) * columns, down = factor(1) * rows + factor(2);
  const torch::Tensor grid = torch::view_as_real(across + down);
  return torch::grid_sampler(x, grid, /*bilinear*/ 0, /*zeros*/ 0, /*align_corners=*/false);
}

torch::Tensor Augmenter::flip(const torch::Tensor& x, const torch::Tensor& draws) const {
  const torch::Tensor flipped = column(draws, kFlip) < protocol_.augment.flip_probability;
  return torch::where(flipped.view({-1, 1, 1, 1}), x.flip(3), x);
}

torch::Tensor Augmenter::random_crop(const torch::Tensor& x, const torch::Tensor& draws) const {
  const std::int64_t rows = x.size(2) - height_ + 1, columns = x.size(3) - width_ + 1;
  const torch::Tensor y = (column(draws, kOffsetY) * rows).to(torch::kLong);
  const torch::Tensor x0 = (column(draws, kOffsetX) * columns).to(torch::kLong);
  const torch::Tensor image = torch::arange(x.size(0), y.options());
  // [B, C, rows, columns, H, W] without a copy, then one gather.
  const torch::Tensor windows = x.unfold(2, height_, 1).unfold(3, width_, 1);
  return windows.permute({0, 2, 3, 1, 4, 5}).index({image, y, x0});
}

torch::Tensor Augmenter::center_crop(const torch::Tensor& x) const {
  const std::int64_t top = (x.size(2) - height_) / 2, left = (x.size(3) - width_) / 2;
  return x.narrow(2, top, height_).narrow(3, left, width_);
}

torch::Tensor Augmenter::ten_crop(const torch::Tensor& x) const {
  const std::int64_t bottom = x.size(2) - height_, right = x.size(3) - width_;
  const auto cut = [&](std::int64_t top, std::int64_t left) {
    return x.narrow(2, top, height_).narrow(3, left, width_);
  };
  const torch::Tensor five =
      torch::cat({cut(0, 0), cut(0, right), cut(bottom, 0), cut(bottom, right), center_crop(x)});
  return torch::cat({five, five.flip(3)});
}

torch::Tensor Augmenter::erase(const torch::Tensor& x, const torch::Tensor& draws) const {
  const std::int64_t crops = x.size(0) / draws.size(0);
  std::vector<torch::Tensor> masks;
  const torch::Tensor rows = torch::arange(height_, draws.options()).view({1, -1, 1});
  const torch::Tensor columns = torch::arange(width_, draws.options()).view({1, 1, -1});
  for (std::int64_t crop = 0; crop < crops; ++crop) {  // at most ten
    const std::int64_t first = kErase + 5 * crop;
    const auto draw = [&](std::int64_t i) { return column(draws, first + i).view({-1, 1, 1}); };
    const torch::Tensor area = kEraseAreaLow + draw(1) * (kEraseAreaHigh - kEraseAreaLow);
    const torch::Tensor aspect = torch::exp(std::log(kEraseAspectLow) +
                                            draw(2) * std::log(kEraseAspectHigh / kEraseAspectLow));
    const torch::Tensor high = torch::sqrt(area * aspect).clamp_max(1) * height_;
    const torch::Tensor wide = torch::sqrt(area / aspect).clamp_max(1) * width_;
    const torch::Tensor top = torch::floor(draw(3) * (height_ - high));
    const torch::Tensor left = torch::floor(draw(4) * (width_ - wide));
    masks.push_back((draw(0) < protocol_.augment.erase_probability) & (rows >= top) &
                    (rows < top + high) & (columns >= left) & (columns < left + wide));
  }
  return x.masked_fill(torch::cat(masks).unsqueeze(1), 0);
}

/// Computes (pixel / 255 - mean) / std, in the protocol's memory format.
torch::Tensor Augmenter::normalise(const torch::Tensor& x) const {
  const torch::Tensor black =
      torch::full({}, -protocol_.input.mean / protocol_.input.std, x.options());
  const torch::Tensor images = torch::add(black, x, /*alpha=*/1 / (255 * protocol_.input.std));
  return in_format(images, protocol_.memory_format);
}

torch::Tensor Augmenter::train(const torch::Tensor& images, const torch::Tensor& indices) const {
  const torch::Tensor draws = draws_.index_select(0, indices);
  torch::Tensor x = images.to(torch::kFloat);
  if (moves_pixels())
    x = warp(x, maps_.index_select(0, indices));
  else if (protocol_.augment.flip_probability > 0)
    x = flip(x, draws);
  switch (protocol_.augment.crop) {
    case TrainCrop::kCenter:
      x = center_crop(x);
      break;
    case TrainCrop::kRandom:
      x = random_crop(x, draws);
      break;
    case TrainCrop::kTen:
      x = ten_crop(x);
      break;
  }
  if (protocol_.augment.erase_probability > 0) x = erase(x, draws);
  return normalise(x);
}

torch::Tensor Augmenter::test(const torch::Tensor& images) const {
  const torch::Tensor x = images.to(torch::kFloat);
  return normalise(protocol_.test_crop == TestCrop::kTen ? ten_crop(x) : center_crop(x));
}

}  // namespace mien
