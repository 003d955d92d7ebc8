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

/// The labelled samples of the named splits. `limit` > 0 keeps that many, drawn without replacement
/// by a generator with a fixed seed: the same subset for every model and run seed.
/// Errors as for Pack::rows_of.
Split load_split(const Pack& pack,
                 const std::vector<std::string>& splits,
                 std::int64_t limit,
                 torch::Device device);

/// Uniform [0, 1) numbers [rows, columns] that depend on (seed, stream) only, drawn on the CPU so
/// that every device sees the same ones.
torch::Tensor uniform(std::int64_t rows,
                      std::int64_t columns,
                      std::uint64_t seed,
                      std::uint64_t stream);

}  // namespace mien
