// DeXpression: variant `fc`, one layer to the classes, and variant `fc11`, 11 units before them.
//
//   P. Burkert, F. Trier, M. Z. Afzal, A. Dengel, M. Liwicki, "DeXpression: Deep Convolutional
//   Neural Network for Expression Recognition", arXiv 1509.05371 (September 2015).
//
// A stem and two equal "FeatEx" blocks. A block has two paths, a 1x1 and a 3x3 convolution on the
// left, a max-pool and a 1x1 convolution on the right; they are joined along the channels and
// pooled. Kernels, widths and topology are those in which six re-implementations agree
// (clutariomark 4b9b91e0, fitrialif ff26a147, rdgozum 6aac1fff, SyskenGL 5a20825d, arundasan91
// 3f064a52, Marrero Fernandez); none is by the authors. The sizes follow from them and from pools
// that round up. Not established: the numbers of the normalisation, how the pools round, the
// classifier's width.
//
// The rows keep the paper's names and order; the letter is the part: S stem, A and B the FeatEx
// blocks, F classifier.
#include "models/model.h"

namespace mien {
namespace {

// clang-format off
constexpr Row kFeatures[] = {
    // row  operation                                             members    out           parameters
    {"S1", "convolution 1: 7x7 stride 2 padding 3, 1->64; ReLU",  "conv1",  {64, 112, 112},   3'200},
    {"S2", "pooling 1: max 3x3 stride 2",                         "",       {64, 56, 56},         0},
    {"S3", "LRN 1",                                               "",       {64, 56, 56},         0},
    {"A1", "convolution 2a: 1x1, 64->96; ReLU",                   "conv2a", {96, 56, 56},     6'240},
    {"A2", "convolution 2b: 3x3 padding 1, 96->208; ReLU",        "conv2b", {208, 56, 56},  179'920},
    {"A3", "pooling 2a, of S3: max 3x3 stride 1 padding 1",       "",       {64, 56, 56},         0},
    {"A4", "convolution 2c: 1x1, 64->64; ReLU",                   "conv2c", {64, 56, 56},     4'160},
    {"A5", "concat 2: A2, A4",                                    "",       {272, 56, 56},        0},
    {"A6", "pooling 2b: max 3x3 stride 2",                        "",       {272, 28, 28},        0},
    {"B1", "convolution 3a: 1x1, 272->96; ReLU",                  "conv3a", {96, 28, 28},    26'208},
    {"B2", "convolution 3b: 3x3 padding 1, 96->208; ReLU",        "conv3b", {208, 28, 28},  179'920},
    {"B3", "pooling 3a, of A6: max 3x3 stride 1 padding 1",       "",       {272, 28, 28},        0},
    {"B4", "convolution 3c: 1x1, 272->64; ReLU",                  "conv3c", {64, 28, 28},    17'472},
    {"B5", "concat 3: B2, B4",                                    "",       {272, 28, 28},        0},
    {"B6", "pooling 3b: max 3x3 stride 2",                        "",       {272, 14, 14},        0},
};

constexpr Row kOneLayer[] = {
    {"F1", "classifier: fc 53312->classes",                       "fc",     {kClasses},     373'191},
};

constexpr Row kElevenThenClasses[] = {
    {"F1", "classifier: fc 53312->11",                            "fc1",    {11, 0, 0},     586'443},
    {"F2", "fc 11->classes",                                      "fc2",    {kClasses},          84},
};

constexpr Deviation kEveryReading[] = {
    {"S2", "FRAMEWORK", "max-pools 3x3 with stride 2; the rounding is the framework's",
     "rounded up, no padding, in S2, A6 and B6",
     "as Caffe does: 112-56-28-14; rounded down it is 55-27-13 and another classifier"},
    {"S3", "PAPER-SILENT", "LRN; its numbers are not established",
     "5 channels, alpha 0.0001 divided by 5, beta 0.75, k 1",
     "LibTorch's defaults; two TensorFlow re-implementations take that library's: radius 5, alpha 1, beta 0.5, k 1"},
    {"F1", "PAPER-SILENT", "no dropout, no batch-norm", "none",
     "re-implementations name both as additions of their own"},
};

constexpr Deviation kWidth[] = {
    {"F1", "PAPER-AMBIGUOUS", "one fully connected layer, read as wide as the classes or 11 wide",
     "one layer to the classes", "all re-implementations but one; the reading with 11 is variant fc11"},
};

constexpr Deviation kWidth11[] = {
    {"F1", "PAPER-AMBIGUOUS", "one fully connected layer, read as wide as the classes or 11 wide",
     "11 units", "clutariomark's reading; no dataset of the paper has 11 classes"},
    {"F2", "PAPER-AMBIGUOUS", "nothing behind a layer 11 wide", "a layer from 11 to the classes, no activation between",
     "as clutariomark has it: 11 outputs cannot be scored against 6 or 7 classes"},
};

constexpr auto kRowsFc = joined(kFeatures, kOneLayer);
constexpr auto kRowsFc11 = joined(kFeatures, kElevenThenClasses);
constexpr auto kDeviationsFc = joined(kEveryReading, kWidth);
constexpr auto kDeviationsFc11 = joined(kEveryReading, kWidth11);
// clang-format on

torch::nn::Conv2d conv(std::int64_t in, std::int64_t out, std::int64_t kernel) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).stride(1).padding(kernel / 2));
}

torch::nn::Conv2d first_conv() {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(1, 64, 7).stride(2).padding(3));
}

torch::nn::LocalResponseNorm lrn() {
  return torch::nn::LocalResponseNorm(
      torch::nn::LocalResponseNormOptions(5).alpha(1e-4).beta(0.75).k(1.0));
}

/// Max-pool 3x3, stride 2, rounded up: 112-56-28-14.
torch::Tensor halved(const torch::Tensor& x) {
  return torch::max_pool2d(
      x, /*kernel=*/3, /*stride=*/2, /*padding=*/0, /*dilation=*/1, /*ceil_mode=*/true);
}

/// Max-pool 3x3 that keeps the size.
torch::Tensor pooled(const torch::Tensor& x) {
  return torch::max_pool2d(x, /*kernel=*/3, /*stride=*/1, /*padding=*/1);
}

struct DeXpression : Model {
  using Model::Model;

  torch::nn::Conv2d conv1{register_module("conv1", first_conv())};        // S1
  torch::nn::LocalResponseNorm norm{register_module("norm", lrn())};      // S3
  torch::nn::Conv2d conv2a{register_module("conv2a", conv(64, 96, 1))};   // A1
  torch::nn::Conv2d conv2b{register_module("conv2b", conv(96, 208, 3))};  // A2
  torch::nn::Conv2d conv2c{register_module("conv2c", conv(64, 64, 1))};   // A4
  torch::nn::Conv2d conv3a{register_module("conv3a", conv(272, 96, 1))};  // B1
  torch::nn::Conv2d conv3b{register_module("conv3b", conv(96, 208, 3))};  // B2
  torch::nn::Conv2d conv3c{register_module("conv3c", conv(272, 64, 1))};  // B4

  /// Images [N, 1, 224, 224] -> [N, 53312].
  torch::Tensor features(const torch::Tensor& images) {
    torch::Tensor x = tap("S1", torch::relu(conv1(images)));
    x = tap("S2", halved(x));
    x = tap("S3", norm(x));
    torch::Tensor left = tap("A1", torch::relu(conv2a(x)));
    left = tap("A2", torch::relu(conv2b(left)));
    torch::Tensor right = tap("A3", pooled(x));
    right = tap("A4", torch::relu(conv2c(right)));
    x = tap("A5", torch::cat({left, right}, /*dim=*/1));
    x = tap("A6", halved(x));
    left = tap("B1", torch::relu(conv3a(x)));
    left = tap("B2", torch::relu(conv3b(left)));
    right = tap("B3", pooled(x));
    right = tap("B4", torch::relu(conv3c(right)));
    x = tap("B5", torch::cat({left, right}, /*dim=*/1));
    return tap("B6", halved(x)).flatten(1);
  }
};

struct DeXpressionFc : DeXpression {
  explicit DeXpressionFc(const ModelOptions& options)
      : DeXpression(kRowsFc, options.classes),
        fc(register_module("fc", torch::nn::Linear(53312, options.classes))) {}

  torch::nn::Linear fc;  // F1

  torch::Tensor forward(const torch::Tensor& images) override {
    return tap("F1", fc(features(images)));
  }
};

struct DeXpressionFc11 : DeXpression {
  explicit DeXpressionFc11(const ModelOptions& options)
      : DeXpression(kRowsFc11, options.classes),
        fc2(register_module("fc2", torch::nn::Linear(11, options.classes))) {}

  torch::nn::Linear fc1{register_module("fc1", torch::nn::Linear(53312, 11))};  // F1
  torch::nn::Linear fc2;                                                        // F2

  torch::Tensor forward(const torch::Tensor& images) override {
    const torch::Tensor x = tap("F1", fc1(features(images)));
    return tap("F2", fc2(x));
  }
};

constexpr const char* kPaper =
    "Burkert, Trier, Afzal, Dengel & Liwicki, DeXpression: Deep Convolutional Neural Network for "
    "Expression Recognition, 2015";

}  // namespace

const ModelEntry& dexpression_fc() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "dexpression",
              .variant = "fc",
              .title = "DeXpression, one layer to the classes",
              .paper = kPaper,
              .arxiv = "1509.05371",
              .input = {1, 224, 224},
              .outputs = 7,
              .parameters = 790'311,
              .macs = 810'414'528,
          },
      .rows = kRowsFc,
      .deviations = kDeviationsFc,
      .classifier = {"fc"},
      .make = [](const ModelOptions& options) -> std::shared_ptr<Model> {
        return std::make_shared<DeXpressionFc>(options);
      },
  };
  return entry;
}

const ModelEntry& dexpression_fc11() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "dexpression",
              .variant = "fc11",
              .title = "DeXpression, 11 units before the classes",
              .paper = kPaper,
              .arxiv = "1509.05371",
              .input = {1, 224, 224},
              .outputs = 7,
              .parameters = 1'003'647,
              .macs = 810'627'853,
              .note = "a reading of one re-implementation (clutariomark)",
          },
      .rows = kRowsFc11,
      .deviations = kDeviationsFc11,
      .classifier = {"fc1", "fc2"},
      .make = [](const ModelOptions& options) -> std::shared_ptr<Model> {
        return std::make_shared<DeXpressionFc11>(options);
      },
  };
  return entry;
}

}  // namespace mien
