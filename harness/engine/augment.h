// Augmentation and crops as batched tensor operations on the device: no loop over images.
// What happens to a sample depends on (seed, epoch, its index) only.
#pragma once

#include <torch/torch.h>

#include <array>
#include <cstdint>

#include "harness/core/protocol.h"

namespace mien {

class Augmenter {
 public:
  /// `input` is {C, H, W} of the model. REQUIRES: H and W not above the images' own.
  Augmenter(const Protocol& protocol, std::array<std::int64_t, 3> input, std::uint64_t seed);

  /// Draws the random numbers of an epoch for `samples` samples, on the device; of one epoch after
  /// the other they stay at one place in memory.
  void start_epoch(std::int64_t epoch, std::int64_t samples, torch::Device device);

  /// uint8 [B, C, H0, W0] and their indices [B] within the split -> float [B*k, C, H, W],
  /// normalised, in the protocol's memory format; k is 10 for `augment.crop: ten`, where crop j of
  /// image i is row j*B + i.
  torch::Tensor train(const torch::Tensor& images, const torch::Tensor& indices) const;

  /// uint8 [B, C, H0, W0] -> float [B*k, C, H, W] without randomness, by `test_crop`.
  torch::Tensor test(const torch::Tensor& images) const;

  const Protocol& protocol() const { return protocol_; }

  /// Crops per image in training and at test time.
  std::int64_t train_crops() const { return protocol_.train_crop == TrainCrop::kTen ? 10 : 1; }
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
  torch::Tensor maps_;   // complex [samples, 3], where pixels move
};

}  // namespace mien
