#include "harness/engine/tasks/occlusion.h"

#include <algorithm>

#include "harness/base/error.h"
#include "harness/engine/train/batches.h"

namespace mien {
namespace {

// Sizes of a forward pass limit memory; results do not depend on them.
constexpr std::int64_t kForwardPixels = 1 << 20;
constexpr std::int64_t kForwardImages = 256;

/// Returns the starts of stretches of `size` that cover `side`.
std::vector<std::int64_t> steps(std::int64_t side, std::int64_t size, std::int64_t stride) {
  std::vector<std::int64_t> at;
  for (std::int64_t x = 0; x + size < side; x += stride) at.push_back(x);
  at.push_back(side - size);
  return at;
}

/// Returns probabilities [N, classes] of crops with pixels 0..255.
torch::Tensor probabilities(Model& model, const Augmenter& augmenter, const torch::Tensor& crops) {
  const torch::Tensor inputs = augmenter.test(crops);
  return model.forward(channels_last(inputs)).softmax(1);
}

/// Returns [P, 1, side]: 1 outside of the stretch of `size` that begins at each of `starts` [P].
torch::Tensor outside(const torch::Tensor& starts, std::int64_t size, std::int64_t side) {
  const torch::Tensor at = torch::arange(side).unsqueeze(0), first = starts.unsqueeze(1);
  return ((at < first) | (at >= first + size)).unsqueeze(1);
}

/// Returns copies [P, C, H, W] of one crop [1, C, H, W], each with its square set to 0.
torch::Tensor occluded(const torch::Tensor& crop,
                       const torch::Tensor& tops,
                       const torch::Tensor& lefts,
                       std::int64_t size) {
  const torch::Tensor rows = outside(tops, size, crop.size(2)).unsqueeze(3);      // [P, 1, H, 1]
  const torch::Tensor columns = outside(lefts, size, crop.size(3)).unsqueeze(2);  // [P, 1, 1, W]
  return crop * (rows | columns);
}

}  // namespace

Squares squares_over(const std::array<std::int64_t, 3>& input,
                     std::int64_t size_px,
                     std::int64_t stride_px) {
  const std::int64_t side = std::min(input[1], input[2]);
  Squares squares;
  squares.size_px = size_px > 0 ? size_px : std::max<std::int64_t>(1, side / 6);
  squares.stride_px =
      stride_px > 0 ? stride_px : std::min(squares.size_px, std::max<std::int64_t>(1, side / 20));
  if (squares.size_px > side)
    fail(Exit::kUsage,
         "--size {}: the model's images are {}x{}; choose 1 to {}",
         size_px,
         input[1],
         input[2],
         side);
  if (squares.stride_px > squares.size_px)
    fail(Exit::kUsage,
         "--stride {}: above the size of the square, {}: pixels between would never be covered; "
         "choose "
         "a smaller one",
         stride_px,
         squares.size_px);
  squares.tops = steps(input[1], squares.size_px, squares.stride_px);
  squares.lefts = steps(input[2], squares.size_px, squares.stride_px);
  return squares;
}

Occlusion occlusion_maps(Model& model,
                         const Augmenter& augmenter,
                         const torch::Tensor& crops,
                         const torch::Tensor& classes,
                         const Squares& squares,
                         const std::function<void(double)>& progress) {
  torch::InferenceMode inference;
  model.eval();
  const std::int64_t rows = std::ssize(squares.tops), columns = std::ssize(squares.lefts);
  const torch::Tensor tops = torch::tensor(squares.tops, torch::kInt64).repeat_interleave(columns);
  const torch::Tensor lefts = torch::tensor(squares.lefts, torch::kInt64).repeat({rows});
  const std::int64_t batch =
      std::clamp<std::int64_t>(kForwardPixels / crops[0].numel(), 1, kForwardImages);
  std::vector<torch::Tensor> drops, breaks;
  for (std::int64_t image = 0; image < crops.size(0); ++image) {
    const torch::Tensor crop = crops.narrow(0, image, 1);
    const std::int64_t label = classes[image].item<std::int64_t>();
    const torch::Tensor plain = probabilities(model, augmenter, crop);
    for (std::int64_t at = 0; at < squares.count(); at += batch) {
      const std::int64_t count = std::min(batch, squares.count() - at);
      const torch::Tensor found = probabilities(
          model,
          augmenter,
          occluded(crop, tops.narrow(0, at, count), lefts.narrow(0, at, count), squares.size_px));
      drops.push_back(plain[0][label] - found.select(1, label));
      breaks.push_back((found.argmax(1) != plain.argmax(1)).to(torch::kFloat));
    }
    if (progress) progress(static_cast<double>(image + 1) / static_cast<double>(crops.size(0)));
  }
  return {torch::cat(drops).view({-1, rows, columns}),
          torch::cat(breaks).view({-1, rows, columns})};
}

torch::Tensor per_pixel(const torch::Tensor& values,
                        const Squares& squares,
                        std::int64_t height,
                        std::int64_t width) {
  // Which positions cover which rows and columns; the sum over squares is two matrix products.
  const auto cover = [&](const std::vector<std::int64_t>& starts, std::int64_t side) {
    const torch::Tensor at = torch::tensor(starts, torch::kInt64);
    return torch::logical_not(outside(at, squares.size_px, side)).squeeze(1).to(torch::kFloat);
  };
  const torch::Tensor rows = cover(squares.tops, height);     // [R, H]
  const torch::Tensor columns = cover(squares.lefts, width);  // [C, W]
  const torch::Tensor sums = rows.t().matmul(values).matmul(columns);
  return sums / (rows.sum(0).unsqueeze(1) * columns.sum(0).unsqueeze(0));
}

}  // namespace mien
