// Maps from one pass forward and back through a network.
//
//   saliency    |d logit / d input|, the largest of the channels (Simonyan et al., arXiv 1312.6034)
//   Grad-CAM    the class's share of the last row with spatial size (Selvaraju et al.,
//               arXiv 1610.02391)
//   theta       parameters of a spatial transformer: a row of 2x3 numbers before a row that warps
//   features    outputs of the rows with spatial size
#pragma once

#include <torch/torch.h>

#include <span>
#include <string>
#include <vector>

#include "models/model.h"

namespace mien {

/// A row's output [N, K, h, w].
struct FeatureMaps {
  std::string row;
  torch::Tensor maps;
};

/// A tensor is undefined and a name empty if the network has no such row.
struct GradientMaps {
  torch::Tensor saliency;  // [N, H, W]
  torch::Tensor gradcam;   // [N, H, W], 0 to 1 per image, in the frame of the input
  std::string gradcam_row;
  torch::Tensor theta;  // [N, 2, 3]
  std::string theta_row, warp_row;
  std::vector<FeatureMaps> features;  // the last row of each height, in the order of forward
};

/// Computes the maps of `inputs` float [N, C, H, W], normalised, for `classes` int64 [N], in
/// batches. The Grad-CAM of a row behind a spatial transformer is mapped back by the inverse of
/// theta. It is 0 for an image whose theta has no inverse. Leaves the model in evaluation mode.
GradientMaps gradient_maps(Model& model,
                           std::span<const Row> rows,
                           const torch::Tensor& inputs,
                           const torch::Tensor& classes);

}  // namespace mien
