// A split on the device: uint8 images uploaded once, rows chosen by the protocol.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/core/pack.h"

namespace mien {

struct Split {
  std::vector<std::int64_t> rows;  // rows of the pack, ascending
  torch::Tensor images;            // uint8 [N, C, H, W]
  torch::Tensor labels;            // int64 [N]

  std::int64_t size() const { return labels.size(0); }
};

/// What a model wants of the pack's images: `side_px` 0 leaves their size as it is.
struct ImageForm {
  std::int64_t channels = 1, side_px = 0;
};

/// The given rows of the pack. `limit` > 0 keeps that many, drawn without replacement by a
/// generator with a fixed seed: the same subset for every model and run seed. Scaling averages the
/// area that a pixel covers (bilinear where it enlarges) and rounds to 0..255; RGB becomes gray by
/// ITU-R BT.601 weights, gray becomes RGB by repetition.
Split load_split(const Pack& pack,
                 const std::vector<std::int64_t>& rows,
                 std::int64_t limit,
                 const ImageForm& form,
                 torch::Device device);

/// Uniform [0, 1) numbers [rows, columns] that depend on (seed, stream) only, drawn on the CPU so
/// that every device sees the same ones.
torch::Tensor uniform(std::int64_t rows,
                      std::int64_t columns,
                      std::uint64_t seed,
                      std::uint64_t stream);

}  // namespace mien
