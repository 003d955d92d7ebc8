// The images of a split on the device, uploaded once as uint8.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/task/pack.h"
#include "harness/task/protocol.h"

namespace mien {

struct Split {
  std::vector<std::int64_t> rows;  // rows of the pack, ascending
  torch::Tensor images;            // [N, C, H, W], channels innermost, 0..255; uint8, but float
                                   // after legacy_bilinear
  torch::Tensor labels;            // int64 [N]
  torch::Tensor targets;           // float [N, K] of a regression, else undefined
  torch::Tensor target_weights;    // float [K], mean 1; undefined if all count the same

  std::int64_t size() const { return labels.size(0); }
};

/// The images of a fold, on the device. `training` is empty if the network comes from outside.
struct FoldImages {
  Split training, validation, test;
};

/// The form in which a model takes the images of the pack.
struct ImageForm {
  std::int64_t channels = 1;
  std::int64_t side_px = 0;  // 0 leaves the size as it is
  Resample resample = Resample::kArea;
  ChannelOrder order = ChannelOrder::kRgb;  // of three channels
  /// Below 100, a low resolution is simulated: images are shrunk to this share of their sides by
  /// averaging, enlarged again bilinearly, and rounded.
  std::int64_t shrink_percent = 100;
};

/// Returns the protocol's form of images for a model that takes `channels`.
ImageForm image_form(const Protocol& protocol, std::int64_t channels);

/// Loads the given rows of the pack. `limit` > 0 keeps that many, drawn without replacement by a
/// generator with a fixed seed, so that every model and every run seed has the same subset. Scaling
/// by area averages what a pixel covers, or is bilinear if it enlarges, and rounds to 0..255. RGB
/// becomes gray by ITU-R BT.601 weights, gray becomes RGB by repetition.
Split load_split(const Pack& pack,
                 const std::vector<std::int64_t>& rows,
                 std::int64_t limit,
                 const ImageForm& form,
                 torch::Device device);

/// Fills split.targets with the first `width` columns of a target of the pack.
/// REQUIRES: the pack has the target with at least `width` columns.
void add_targets(Split& split, const Pack& pack, const std::string& target, std::int64_t width);

/// Resizes float images [N, C, H, W] to squares of `side` px as TensorFlow 1's resize_bilinear does
/// without corner alignment: output pixel i is read at i * in / side, and the last input pixel is
/// repeated beyond the edge.
torch::Tensor legacy_bilinear(const torch::Tensor& images, std::int64_t side);

/// Returns images [N, C, H, W] with the channels innermost. Sets the strides of that layout even if
/// C is 1: otherwise LibTorch takes the tensor, and the outputs of all layers, for the other
/// layout.
torch::Tensor channels_last(const torch::Tensor& images);

/// Returns images [N, C, H, W] with the rows innermost, with strides as above.
torch::Tensor contiguous(const torch::Tensor& images);

/// Returns images [N, C, H, W] in the given format.
torch::Tensor in_format(const torch::Tensor& images, MemoryFormat format);

/// Returns the images at `indices`, channels innermost as in Split.
torch::Tensor rows_of(const torch::Tensor& images, const torch::Tensor& indices);

/// Returns uniform numbers in [0, 1), [rows, columns], computed on the device without waiting for
/// it. Number (r, c) depends only on (seed, stream, r, c), not on the table's size or the device.
torch::Tensor uniform(std::int64_t rows,
                      std::int64_t columns,
                      std::uint64_t seed,
                      std::uint64_t stream,
                      torch::Device device = torch::kCPU);

}  // namespace mien
