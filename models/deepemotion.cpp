// Deep-Emotion: variant `fig`, the network of the paper's own figure, and two other readings of it,
// `loc1000` and `tutorial640`.
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
// The 90 does not follow from 48x48 with the 3x3 kernels and pools of 2, which give 1000. Hence:
//   fig          pools of 4 and padding, which give the 90
//   loc1000      kernels as drawn, pools of 2, and 1000 in place of the 90 (mkmohangb 47e886bc)
//   tutorial640  7x7 and 5x5 kernels, 640 in place of the 90, and the *image* is warped (omarsayed7
//                0160ce9b, without its batch-norm): PyTorch's tutorial on spatial transformers,
//                whose 28x28 images give 90
//
// The rows keep the figure's order; the letter is the part: L features, D dropout, S transformer,
// W warp, F classifier.
#include "models/model.h"

namespace mien {
namespace {

// clang-format off
constexpr Row kFeatures[] = {
    // row  operation                                    members         out           parameters
    {"L1", "conv 3x3, 1->10; ReLU",                      "conv1",        {10, 46, 46},    100},
    {"L2", "conv 3x3, 10->10; max-pool 2; ReLU",         "conv2",        {10, 22, 22},    910},
    {"L3", "conv 3x3, 10->10; ReLU",                     "conv3",        {10, 20, 20},    910},
    {"L4", "conv 3x3, 10->10; max-pool 2; ReLU",         "conv4",        {10, 9, 9},      910},
    {"D",  "dropout",                                    "",             {10, 9, 9},        0},
};

constexpr Row kTransformerFig[] = {
    {"S1", "conv 3x3 same, 1->8; max-pool 4; ReLU",      "local_conv1",  {8, 12, 12},      80},
    {"S2", "conv 3x3 same, 8->10; max-pool 4; ReLU",     "local_conv2",  {10, 3, 3},      730},
    {"S3", "fc 90->32; ReLU",                            "local_fc1",    {32, 0, 0},    2'912},
    {"S4", "fc 32->6, starts at the identity",           "local_fc2",    {2, 3, 0},       198},
    {"W",  "affine grid of S4, bilinear sampling of D",  "",             {10, 9, 9},        0},
};

constexpr Row kTransformer1000[] = {
    {"S1", "conv 3x3, 1->8; max-pool 2; ReLU",           "local_conv1",  {8, 23, 23},      80},
    {"S2", "conv 3x3, 8->10; max-pool 2; ReLU",          "local_conv2",  {10, 10, 10},    730},
    {"S3", "fc 1000->32; ReLU",                          "local_fc1",    {32, 0, 0},   32'032},
    {"S4", "fc 32->6, starts at the identity",           "local_fc2",    {2, 3, 0},       198},
    {"W",  "affine grid of S4, bilinear sampling of D",  "",             {10, 9, 9},        0},
};

constexpr Row kTransformer640[] = {
    {"S1", "conv 7x7, 1->8; max-pool 2; ReLU",           "local_conv1",  {8, 21, 21},     400},
    {"S2", "conv 5x5, 8->10; max-pool 2; ReLU",          "local_conv2",  {10, 8, 8},    2'010},
    {"S3", "fc 640->32; ReLU",                           "local_fc1",    {32, 0, 0},   20'512},
    {"S4", "fc 32->6, starts at the identity",           "local_fc2",    {2, 3, 0},       198},
    {"W",  "affine grid of S4, bilinear sampling of the image", "",      {1, 48, 48},       0},
};

constexpr Row kClassifier[] = {
    {"F1", "fc 810->50; ReLU",                           "fc1",          {50, 0, 0},   40'550},
    {"F2", "fc 50->classes",                             "fc2",          {kClasses},      357},
};

constexpr Deviation kLocalisationFig[] = {
    {"S1", "PAPER-AMBIGUOUS", "conv 3x3x8, max-pool; 90 inputs to the next FC",
     "padding 1, max-pool 4", "90 = 10*3*3 follows from 48x48 with pools of 4; pools of 2 give 1000"},
    {"S2", "PAPER-AMBIGUOUS", "conv 3x3x10, max-pool; 90 inputs to the next FC",
     "padding 1, max-pool 4", "as S1; the readings with 1000 and 640 inputs are other variants"},
};

constexpr Deviation kLocalisation1000[] = {
    {"S1", "PAPER-SILENT", "no padding or stride drawn", "no padding, stride 1, max-pool 2, in S1 and S2",
     "as L1..L4, where the figure's 810 follows from it"},
    {"S3", "PAPER-AMBIGUOUS", "fc 90->32", "fc 1000->32",
     "1000 = 10*10*10 is what 48x48, 3x3 kernels and pools of 2 give; for 90 see variant fig"},
};

constexpr Deviation kLocalisation640[] = {
    {"S1", "PAPER-AMBIGUOUS", "conv 3x3x8", "conv 7x7x8, no padding, max-pool 2",
     "a well-known re-implementation; with 5x5 in S2 it is PyTorch's tutorial, whose 28x28 images give 90"},
    {"S2", "PAPER-AMBIGUOUS", "conv 3x3x10", "conv 5x5x10, no padding, max-pool 2", "as S1"},
    {"S3", "PAPER-AMBIGUOUS", "fc 90->32", "fc 640->32", "640 = 10*8*8 is what 48x48 gives with the kernels of S1 and S2"},
    {"W", "PAPER-AMBIGUOUS", "the features are warped", "the image is warped, before L1",
     "as the same re-implementation reads it, against the figure"},
    {"L4", "REPAIR", "no batch-norm drawn", "none", "the same re-implementation has one here"},
};

constexpr Deviation kEveryReading[] = {
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

enum class Warps { kFeatures, kImage };

/// One reading of the figure's localisation branch.
struct Reading {
  std::span<const Row> rows;
  std::int64_t kernel1, kernel2, padding;
  std::int64_t pool;
  std::int64_t flattened;
  Warps warps;
};

constexpr auto kRowsFig = joined(kFeatures, kTransformerFig, kClassifier);
constexpr auto kRows1000 = joined(kFeatures, kTransformer1000, kClassifier);
constexpr auto kRows640 = joined(kTransformer640, kFeatures, kClassifier);
constexpr auto kDeviationsFig = joined(kLocalisationFig, kEveryReading);
constexpr auto kDeviations1000 = joined(kLocalisation1000, kEveryReading);
constexpr auto kDeviations640 = joined(kLocalisation640, kEveryReading);

// clang-format off
//                              kernels padding pool flattened
constexpr Reading kFig  {kRowsFig,  3, 3,    1,    4,    90,  Warps::kFeatures};
constexpr Reading k1000 {kRows1000, 3, 3,    0,    2,  1000,  Warps::kFeatures};
constexpr Reading k640  {kRows640,  7, 5,    0,    2,   640,  Warps::kImage};
// clang-format on

torch::nn::Conv2d conv(std::int64_t in,
                       std::int64_t out,
                       std::int64_t kernel,
                       std::int64_t padding) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(1).padding(padding));
}

struct DeepEmotion : Model {
  DeepEmotion(const Reading& reading, const ModelOptions& options)
      : Model(reading.rows, options.classes),
        reading(reading),
        dropout(register_module("dropout", torch::nn::Dropout(options.dropout))),
        fc2(register_module("fc2", torch::nn::Linear(50, options.classes))) {
    torch::NoGradGuard no_grad;
    local_fc2->weight.zero_();
    local_fc2->bias.copy_(torch::tensor({1.f, 0.f, 0.f, 0.f, 1.f, 0.f}));
  }

  const Reading& reading;

  torch::nn::Conv2d conv1{register_module("conv1", conv(1, 10, 3, 0))};   // L1
  torch::nn::Conv2d conv2{register_module("conv2", conv(10, 10, 3, 0))};  // L2
  torch::nn::Conv2d conv3{register_module("conv3", conv(10, 10, 3, 0))};  // L3
  torch::nn::Conv2d conv4{register_module("conv4", conv(10, 10, 3, 0))};  // L4
  torch::nn::Dropout dropout;                                             // D
  torch::nn::Conv2d local_conv1{
      register_module("local_conv1", conv(1, 8, reading.kernel1, reading.padding))};  // S1
  torch::nn::Conv2d local_conv2{
      register_module("local_conv2", conv(8, 10, reading.kernel2, reading.padding))};  // S2
  torch::nn::Linear local_fc1{
      register_module("local_fc1", torch::nn::Linear(reading.flattened, 32))};          // S3
  torch::nn::Linear local_fc2{register_module("local_fc2", torch::nn::Linear(32, 6))};  // S4
  torch::nn::Linear fc1{register_module("fc1", torch::nn::Linear(810, 50))};            // F1
  torch::nn::Linear fc2;                                                                // F2

  torch::Tensor forward(const torch::Tensor& images) override {
    const torch::Tensor theta = localize(images);
    torch::Tensor x = images;
    if (reading.warps == Warps::kImage) x = tap("W", warp(x, theta));
    x = tap("L1", torch::relu(conv1(x)));
    x = tap("L2", torch::relu(torch::max_pool2d(conv2(x), 2)));
    x = tap("L3", torch::relu(conv3(x)));
    x = tap("L4", torch::relu(torch::max_pool2d(conv4(x), 2)));
    x = tap("D", dropout(x));
    if (reading.warps == Warps::kFeatures) x = tap("W", warp(x, theta));
    x = tap("F1", torch::relu(fc1(x.flatten(1))));
    return tap("F2", fc2(x));
  }

  /// Images [N, 1, 48, 48] -> theta [N, 2, 3].
  torch::Tensor localize(const torch::Tensor& images) {
    torch::Tensor x = local_conv1(images);
    x = tap("S1", torch::relu(torch::max_pool2d(x, reading.pool)));
    x = tap("S2", torch::relu(torch::max_pool2d(local_conv2(x), reading.pool)));
    x = tap("S3", torch::relu(local_fc1(x.flatten(1))));
    return tap("S4", local_fc2(x).view({-1, 2, 3}));
  }

  static torch::Tensor warp(const torch::Tensor& x, const torch::Tensor& theta) {
    const torch::Tensor grid = torch::affine_grid_generator(theta, x.sizes(), false);
    return torch::grid_sampler(x,
                               grid,
                               /*interpolation_mode: bilinear*/ 0,
                               /*padding_mode: zeros*/ 0,
                               /*align_corners=*/false);
  }
};

template <const Reading& kReading>
std::shared_ptr<Model> make(const ModelOptions& options) {
  return std::make_shared<DeepEmotion>(kReading, options);
}

constexpr const char* kPaper =
    "Minaee & Abdolrashidi, Deep-Emotion: Facial Expression Recognition Using Attentional "
    "Convolutional Network, 2019; Sensors 21(9):3046, 2021";

}  // namespace

const ModelEntry& deepemotion_fig() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "deepemotion",
              .variant = "fig",
              .title = "Deep-Emotion, as the paper's figure draws it",
              .paper = kPaper,
              .arxiv = "1902.01019",
              .input = {1, 48, 48},
              .outputs = 7,
              .parameters = 47'657,
              .macs = 2'897'930,
          },
      .rows = kRowsFig,
      .deviations = kDeviationsFig,
      .classifier = {"fc1", "fc2"},
      .make = make<kFig>,
  };
  return entry;
}

const ModelEntry& deepemotion_loc1000() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "deepemotion",
              .variant = "loc1000",
              .title = "Deep-Emotion, localisation with pools of 2 and 1000 inputs",
              .paper = kPaper,
              .arxiv = "1902.01019",
              .input = {1, 48, 48},
              .outputs = 7,
              .parameters = 76'777,
              .macs = 3'127'354,
          },
      .rows = kRows1000,
      .deviations = kDeviations1000,
      .classifier = {"fc1", "fc2"},
      .make = make<k1000>,
  };
  return entry;
}

const ModelEntry& deepemotion_tutorial640() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "deepemotion",
              .variant = "tutorial640",
              .title = "Deep-Emotion, the image is warped, localisation of a tutorial",
              .paper = kPaper,
              .arxiv = "1902.01019",
              .input = {1, 48, 48},
              .outputs = 7,
              .parameters = 66'857,
              .macs = 3'915'450,
              .note = "a reading of re-implementations, against the paper's figure",
          },
      .rows = kRows640,
      .deviations = kDeviations640,
      .classifier = {"fc1", "fc2"},
      .make = make<k640>,
  };
  return entry;
}

}  // namespace mien
