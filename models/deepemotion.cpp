// Deep-Emotion, variant `fig`: the network of the paper's own figure.
//
//   S. Minaee, A. Abdolrashidi, "Deep-Emotion: Facial Expression Recognition Using Attentional
//   Convolutional Network", arXiv 1902.01019 (February 2019); S. Minaee, M. Minaei,
//   A. Abdolrashidi, Sensors 21(9):3046 (April 2021).
//
// The architecture is given as a figure, not as a table. It draws two branches that both start from
// the image: features (L1..L4, D) and a localisation network (S1..S4). The localisation's output
// warps the *features* (W), and two fully connected layers classify them (F1, F2).
// Drawn: kernel sizes, widths, pools, activations, the order of everything, FC 90->32, 810->50,
// 50->7. Not drawn: paddings, strides, the dropout rate, an activation between F1 and F2, the size
// of theta.
//
// The rows keep the figure's order; the letter is the part: L features, D dropout, S transformer,
// W warp, F classifier.
#include "models/model.h"

namespace mien {
namespace {

// clang-format off
constexpr Row kRows[] = {
    // row  operation                                    members         out           parameters
    {"L1", "conv 3x3, 1->10; ReLU",                      "conv1",        {10, 46, 46},    100},
    {"L2", "conv 3x3, 10->10; max-pool 2; ReLU",         "conv2",        {10, 22, 22},    910},
    {"L3", "conv 3x3, 10->10; ReLU",                     "conv3",        {10, 20, 20},    910},
    {"L4", "conv 3x3, 10->10; max-pool 2; ReLU",         "conv4",        {10, 9, 9},      910},
    {"D",  "dropout",                                    "",             {10, 9, 9},        0},
    {"S1", "conv 3x3 same, 1->8; max-pool 4; ReLU",      "local_conv1",  {8, 12, 12},      80},
    {"S2", "conv 3x3 same, 8->10; max-pool 4; ReLU",     "local_conv2",  {10, 3, 3},      730},
    {"S3", "fc 90->32; ReLU",                            "local_fc1",    {32, 0, 0},    2'912},
    {"S4", "fc 32->6, starts at the identity",           "local_fc2",    {2, 3, 0},       198},
    {"W",  "affine grid of S4, bilinear sampling of D",  "",             {10, 9, 9},        0},
    {"F1", "fc 810->50; ReLU",                           "fc1",          {50, 0, 0},   40'550},
    {"F2", "fc 50->classes",                             "fc2",          {kClasses},        357},
};

constexpr Departure kDepartures[] = {
    {"S1", "PAPER-AMBIGUOUS", "conv 3x3x8, max-pool; 90 inputs to the next FC",
     "padding 1, max-pool 4", "90 = 10*3*3 follows from 48x48 with pools of 4; pools of 2 give 1000"},
    {"S2", "PAPER-AMBIGUOUS", "conv 3x3x10, max-pool; 90 inputs to the next FC",
     "padding 1, max-pool 4", "as S1; the readings with 1000 and 640 inputs are other variants"},
    {"L1", "PAPER-SILENT", "no padding or stride drawn", "no padding, stride 1 in L1..L4",
     "48-46-44-22-20-18-9 gives exactly the 810 inputs that the figure prints at F1"},
    {"D", "PAPER-SILENT", "dropout without a rate", "rate 0.5, from the experiment's config",
     "the common choice of re-implementations"},
    {"D", "REPAIR", "dropout", "off at evaluation",
     "a well-known re-implementation leaves it on at test time, which costs 3 to 6 points"},
    {"S4", "PAPER-SILENT", "theta", "six numbers, weights start at 0, bias at the identity",
     "affine is what the figure's grid generator needs; the identity start is the usual one"},
    {"W", "FRAMEWORK", "bilinear sampling", "align_corners = false, zeros outside, in grid and sampler",
     "the default changed across versions, so it is always spelled"},
    {"F1", "PAPER-SILENT", "no activation drawn between the two FC", "ReLU",
     "two linear layers without one would collapse into one"},
    {"L2", "FRAMEWORK", "max-pool, then ReLU", "ReLU after the pool, as drawn",
     "either order gives the same output because ReLU is monotone"},
};
// clang-format on

torch::nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t padding) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(1).padding(padding));
}

struct DeepEmotion : Model {
  explicit DeepEmotion(const ModelOptions& options)
      : Model(kRows, options.classes),
        dropout(register_module("dropout", torch::nn::Dropout(options.dropout))),
        fc2(register_module("fc2", torch::nn::Linear(50, options.classes))) {
    torch::NoGradGuard no_grad;
    local_fc2->weight.zero_();
    local_fc2->bias.copy_(torch::tensor({1.f, 0.f, 0.f, 0.f, 1.f, 0.f}));
  }

  torch::nn::Conv2d conv1{register_module("conv1", conv(1, 10, 0))};                     // L1
  torch::nn::Conv2d conv2{register_module("conv2", conv(10, 10, 0))};                    // L2
  torch::nn::Conv2d conv3{register_module("conv3", conv(10, 10, 0))};                    // L3
  torch::nn::Conv2d conv4{register_module("conv4", conv(10, 10, 0))};                    // L4
  torch::nn::Dropout dropout;                                                            // D
  torch::nn::Conv2d local_conv1{register_module("local_conv1", conv(1, 8, 1))};          // S1
  torch::nn::Conv2d local_conv2{register_module("local_conv2", conv(8, 10, 1))};         // S2
  torch::nn::Linear local_fc1{register_module("local_fc1", torch::nn::Linear(90, 32))};  // S3
  torch::nn::Linear local_fc2{register_module("local_fc2", torch::nn::Linear(32, 6))};   // S4
  torch::nn::Linear fc1{register_module("fc1", torch::nn::Linear(810, 50))};             // F1
  torch::nn::Linear fc2;                                                                 // F2

  torch::Tensor forward(const torch::Tensor& images) override {
    torch::Tensor x = tap("L1", torch::relu(conv1(images)));
    x = tap("L2", torch::relu(torch::max_pool2d(conv2(x), 2)));
    x = tap("L3", torch::relu(conv3(x)));
    x = tap("L4", torch::relu(torch::max_pool2d(conv4(x), 2)));
    x = tap("D", dropout(x));
    x = tap("W", warp(x, localize(images)));
    x = tap("F1", torch::relu(fc1(x.flatten(1))));
    return tap("F2", fc2(x));
  }

  /// Images [N, 1, 48, 48] -> theta [N, 2, 3].
  torch::Tensor localize(const torch::Tensor& images) {
    torch::Tensor x = tap("S1", torch::relu(torch::max_pool2d(local_conv1(images), 4)));
    x = tap("S2", torch::relu(torch::max_pool2d(local_conv2(x), 4)));
    x = tap("S3", torch::relu(local_fc1(x.flatten(1))));
    return tap("S4", local_fc2(x).view({-1, 2, 3}));
  }

  static torch::Tensor warp(const torch::Tensor& features, const torch::Tensor& theta) {
    const torch::Tensor grid = torch::affine_grid_generator(theta, features.sizes(), false);
    return torch::grid_sampler(features,
                               grid,
                               /*interpolation_mode: bilinear*/ 0,
                               /*padding_mode: zeros*/ 0,
                               /*align_corners=*/false);
  }
};

}  // namespace

const ModelEntry& deepemotion() {
  static const ModelEntry entry = {
      {"deepemotion",
       "fig",
       "Deep-Emotion, as the paper's figure draws it",
       "Minaee & Abdolrashidi, Deep-Emotion: Facial Expression Recognition Using Attentional "
       "Convolutional Network, 2019; Sensors 21(9):3046, 2021",
       "1902.01019",
       {1, 48, 48},
       7,
       47'657,
       2'897'930,
       ""},
      kRows,
      kDepartures,
      {"fc1", "fc2"},
      [](const ModelOptions& options) -> std::shared_ptr<Model> {
        return std::make_shared<DeepEmotion>(options);
      }};
  return entry;
}

}  // namespace mien
