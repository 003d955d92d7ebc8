// Occlusion maps: a square of pixel value 0 slides over an image. For each position they state how
// much probability the class loses, and whether the prediction changes (Minaee & Abdolrashidi,
// arXiv 1902.01019, "visualization of salient regions").
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "harness/engine/train/augment.h"
#include "models/model.h"

namespace mien {

/// The positions of the occluding square: every pair of `tops` and `lefts`, in pixels of the
/// model's input. The last of each touches the border, so that every pixel is covered.
struct Squares {
  std::int64_t size_px = 0, stride_px = 0;
  std::vector<std::int64_t> tops, lefts;

  std::int64_t count() const { return std::ssize(tops) * std::ssize(lefts); }
};

/// Returns the squares over an image {C, H, W}. A size or stride of 0 takes the default: a sixth of
/// the shorter side as size, a twentieth as stride.
/// Error (Exit::kUsage): the size is above the image's, or the stride above the size.
Squares squares_over(const std::array<std::int64_t, 3>& input,
                     std::int64_t size_px,
                     std::int64_t stride_px);

/// Values per image and position, [N, tops, lefts] float.
struct Occlusion {
  torch::Tensor drop;    // probability that the image's class loses by the square
  torch::Tensor breaks;  // 1 where the prediction differs from the one without the square
};

/// Computes the maps of `crops` [N, C, H, W], pixels 0..255 of the model's size, for `classes`
/// int64 [N]. `augmenter` normalises them. Leaves the model in evaluation mode. REQUIRES: the
/// augmenter crops the centre.
Occlusion occlusion_maps(Model& model,
                         const Augmenter& augmenter,
                         const torch::Tensor& crops,
                         const torch::Tensor& classes,
                         const Squares& squares,
                         const std::function<void(double)>& progress = {});

/// Turns values of positions [..., tops, lefts] into values of pixels [..., H, W]: the mean over
/// the squares that cover a pixel.
torch::Tensor per_pixel(const torch::Tensor& values,
                        const Squares& squares,
                        std::int64_t height,
                        std::int64_t width);

}  // namespace mien
