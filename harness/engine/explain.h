// What a trained model looks at: maps over one image, or averaged over the images of a class.
//
//   occlusion   a square of pixel value 0 slides over the image; per position the loss of the
//               class's probability, and whether the prediction breaks (Minaee & Abdolrashidi,
//               arXiv 1902.01019, "visualization of salient regions")
//   saliency    |d logit / d input|, the largest of the channels (Simonyan et al., arXiv 1312.6034)
//   Grad-CAM    the class's share of the last row with spatial size (Selvaraju et al.,
//               arXiv 1610.02391)
//   theta       of a spatial transformer: a row of 2x3 numbers before a row that warps
//   features    rows with spatial size, their strongest channels
//
// Everything is computed in batches; only saliency and Grad-CAM use autograd.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "harness/core/task.h"
#include "harness/engine/augment.h"
#include "harness/engine/train.h"
#include "models/model.h"

namespace mien {

/// Where the occluding square is put: every pair of `tops` and `lefts`, in pixels of the model's
/// input. The last of each touches the border, so that every pixel is covered.
struct Squares {
  std::int64_t size_px = 0, stride_px = 0;
  std::vector<std::int64_t> tops, lefts;

  std::int64_t count() const { return std::ssize(tops) * std::ssize(lefts); }
};

/// Squares over {C, H, W}. 0 takes the default: a sixth of the shorter side, a twentieth as stride.
/// Error (Exit::kUsage): a size above the image, or a stride above the size.
Squares squares_over(const std::array<std::int64_t, 3>& input,
                     std::int64_t size_px,
                     std::int64_t stride_px);

/// Per image and position, [N, tops, lefts] float.
struct Occlusion {
  torch::Tensor drop;    // probability of the image's class that the square takes away
  torch::Tensor breaks;  // 1 where the prediction is another than without the square
};

/// `crops` [N, C, H, W], 0..255, as the model sees them, `classes` int64 [N]. `augmenter`
/// normalises; REQUIRES: it crops the centre. Leaves the model in evaluation mode, like
/// `input_maps`.
Occlusion occlusion_maps(Model& model,
                         const Augmenter& augmenter,
                         const torch::Tensor& crops,
                         const torch::Tensor& classes,
                         const Squares& squares,
                         const std::function<void(double)>& progress = {});

/// [..., tops, lefts] -> [..., H, W]: the mean over the squares that cover a pixel.
torch::Tensor per_pixel(const torch::Tensor& values,
                        const Squares& squares,
                        std::int64_t height,
                        std::int64_t width);

/// A row's output of [N, K, h, w].
struct FeatureMaps {
  std::string row;
  torch::Tensor maps;
};

/// What one pass forward and back tells; undefined tensors where the rows have no such thing.
struct InputMaps {
  torch::Tensor saliency;  // [N, H, W]
  torch::Tensor gradcam;   // [N, H, W], 0 to 1 per image, in the frame of the input
  std::string gradcam_row;
  torch::Tensor theta;  // [N, 2, 3]
  std::string theta_row, warp_row;
  std::vector<FeatureMaps> features;  // the last row of each height, in the order of forward
};

/// `inputs` float [N, C, H, W], normalised. Grad-CAM of a row behind a spatial transformer is led
/// back through the inverse of theta; it is 0 for an image whose theta has none.
InputMaps input_maps(Model& model,
                     std::span<const Row> rows,
                     const torch::Tensor& inputs,
                     const torch::Tensor& classes);

/// Of one sample, or of all samples of a class.
struct ExplainOptions {
  std::filesystem::path pack, weights;
  std::filesystem::path out;   // .safetensors: float maps, and the facts as JSON ("explanation")
  std::string sample;          // an id of the split, or
  std::string class_name;      // a class of the dataset; exactly one of the two
  std::string split = "test";  // "test" | "validation"
  std::int64_t size = 0, stride = 0;  // px; 0 = the default
  int threads = 1;
  std::string task;  // its id in the database; "" = task_id(), which differs for an older plan
};

/// Explains what the weights of an accuracy task see in images that the task scored.
/// A sample is explained for the class that the task predicts, a class for itself. Where the
/// protocol averages ten crops, the prediction is theirs and the maps are those of the centre.
/// Errors: Exit::kUsage (unknown sample, class, split; a size that does not fit), Exit::kIntegrity
/// (pack or weights are not the task's).
void explain(const Task& task, const ExplainOptions& options, const Progress& progress);

}  // namespace mien
