// Augmentation and crops as tensor operations over whole batches on the device. The augmentation of
// a sample depends only on (seed, epoch, its index).
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>

#include "harness/task/protocol.h"

namespace mien {

class Augmenter {
 public:
  /// `input` is the model's {C, H, W}. REQUIRES: the images are at least H x W.
  Augmenter(const Protocol& protocol, std::array<std::int64_t, 3> input, std::uint64_t seed);

  /// Draws the random numbers of an epoch for `samples` samples on the device. All epochs keep them
  /// at the same address, so that a captured step reads the new ones.
  void start_epoch(std::int64_t epoch, std::int64_t samples, torch::Device device);

  /// Augments, crops and normalises uint8 images [B, C, H0, W0]; `indices` [B] are their places in
  /// the split. Returns float [B*k, C, H, W] in the protocol's memory format. k is 10 for
  /// `augment.crop: ten`, where crop j of image i is row j*B + i, and else 1.
  torch::Tensor train(const torch::Tensor& images, const torch::Tensor& indices) const;

  /// Crops by `test_crop` and normalises uint8 images [B, C, H0, W0]. Returns float [B*k, C, H, W].
  torch::Tensor test(const torch::Tensor& images) const;

  const Protocol& protocol() const { return protocol_; }

  /// Return the number of crops per image, in training and at test time.
  std::int64_t train_crops() const { return protocol_.augment.crop == TrainCrop::kTen ? 10 : 1; }
  std::int64_t test_crops() const { return protocol_.test_crop == TestCrop::kTen ? 10 : 1; }

 private:
  bool moves_pixels() const;
  torch::Tensor affine_maps() const;
  torch::Tensor warp(const torch::Tensor& x, const torch::Tensor& maps) const;
  torch::Tensor flip(const torch::Tensor& x, const torch::Tensor& draws) const;
  torch::Tensor random_crop(const torch::Tensor& x, const torch::Tensor& draws) const;
  torch::Tensor center_crop(const torch::Tensor& x) const;
  torch::Tensor ten_crop(const torch::Tensor& x) const;
  torch::Tensor erase(const torch::Tensor& x, const torch::Tensor& draws) const;
  torch::Tensor normalise(const torch::Tensor& x) const;

  Protocol protocol_;
  std::int64_t height_, width_;
  std::uint64_t seed_;
  torch::Tensor draws_;  // [samples, columns of Column]
  torch::Tensor maps_;   // complex [samples, 3]; undefined if no pixel moves
};

}  // namespace mien
