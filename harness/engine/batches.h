// A split on the device: uint8 images uploaded once, rows chosen by the protocol.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/pack.h"
#include "harness/core/protocol.h"

namespace mien {

struct Split {
  std::vector<std::int64_t> rows;  // rows of the pack, ascending
  torch::Tensor images;            // [N, C, H, W], channels innermost, 0..255: uint8, float after
                                   // legacy_bilinear
  torch::Tensor labels;            // int64 [N]
  torch::Tensor targets;           // float [N, K] where numbers are regressed, else undefined
  torch::Tensor target_weights;    // float [K], mean 1; undefined where all count the same

  std::int64_t size() const { return labels.size(0); }
};

/// What a model wants of the pack's images: `side_px` 0 leaves their size as it is.
struct ImageForm {
  std::int64_t channels = 1, side_px = 0;
  Resample resample = Resample::kArea;
  ChannelOrder order = ChannelOrder::kRgb;  // of three channels
  /// Below 100, images are first shrunk to that share of their sides, each pixel the mean of those
  /// it covers, enlarged again bilinearly, and rounded: what a low resolution leaves of them.
  std::int64_t shrink_percent = 100;
};

/// What the protocol says of images for a model that takes `channels`.
ImageForm image_form(const Protocol& protocol, std::int64_t channels);

/// The given rows of the pack. `limit` > 0 keeps that many, drawn without replacement by a
/// generator with a fixed seed: the same subset for every model and run seed. Scaling by area
/// averages what a pixel covers (bilinear where it enlarges) and rounds to 0..255; RGB becomes gray
/// by ITU-R BT.601 weights, gray becomes RGB by repetition.
Split load_split(const Pack& pack,
                 const std::vector<std::int64_t>& rows,
                 std::int64_t limit,
                 const ImageForm& form,
                 torch::Device device);

/// The first `width` numbers of the pack's target become split.targets.
/// REQUIRES: the pack has the target, and so many columns of it.
void add_targets(Split& split, const Pack& pack, const std::string& target, std::int64_t width);

/// TensorFlow 1's resize_bilinear without corner alignment: pixel i of a side of `side` is read at
/// i * in / side, the last pixel being repeated behind itself. Images [N, C, H, W] float.
torch::Tensor legacy_bilinear(const torch::Tensor& images, std::int64_t side);

/// [N, C, H, W] with the channels innermost, and with the strides that say so where C is 1 as well:
/// otherwise LibTorch takes it for the other layout, and so does every layer behind it.
torch::Tensor channels_last(const torch::Tensor& images);

/// Likewise with the rows innermost.
torch::Tensor contiguous(const torch::Tensor& images);

/// The one that the format names.
torch::Tensor in_format(const torch::Tensor& images, MemoryFormat format);

/// The images at these places, as they lie: channels innermost.
torch::Tensor rows_of(const torch::Tensor& images, const torch::Tensor& indices);

/// Uniform [0, 1) numbers [rows, columns], computed on the device without waiting for it. Number
/// (r, c) depends on (seed, stream, r, c) only: not on the size of the table, nor on the device.
torch::Tensor uniform(std::int64_t rows,
                      std::int64_t columns,
                      std::uint64_t seed,
                      std::uint64_t stream,
                      torch::Device device = torch::kCPU);

}  // namespace mien
