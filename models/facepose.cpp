// FacePoseNet, variant `alexnet`, predicts the pose of a head from pixels, without landmarks. It
// gives ExpNet's meshes their pose.
//
//   F.-J. Chang, A. T. Tran, T. Hassner, I. Masi, R. Nevatia, G. Medioni, "FacePoseNet: Making a
//   Case for Landmark-Free Face Alignment", ICCV Workshops 2017, arXiv 1708.07517.
//
// The rows are those of the graph that ExpNet's authors released (fengju514/Expression-Net
// 85f83208: ST_model_nonTrainable_AlexNetOnFaces.py), in its order and under its names. The six
// numbers are a rotation vector and a translation. Images are BGR, 0..1, 227x227. The
// weights are not in the repository. Neither are the widths of fc6 and fc7, which the graph takes
// from the weight file.
#include "models/model.h"

namespace mien {
namespace {

// clang-format off
constexpr Row kRows[] = {
    // row     operation                                              members   out            parameters
    {"mean",   "subtract the training mean per channel",              "",       {3, 227, 227},          0},
    {"conv1",  "11x11 stride 4 padding SAME, 3->96; ReLU",            "conv1",  {96, 57, 57},      34'944},
    {"pool1",  "max 3x3 stride 2 padding VALID",                      "",       {96, 28, 28},           0},
    {"norm1",  "LRN: radius 2, alpha 2e-5, beta 0.75, bias 1",        "",       {96, 28, 28},           0},
    {"conv2",  "5x5 padding SAME, 96->256 in 2 groups; ReLU",         "conv2",  {256, 28, 28},    307'456},
    {"pool2",  "max 3x3 stride 2 padding VALID",                      "",       {256, 13, 13},          0},
    {"norm2",  "LRN: radius 2, alpha 2e-5, beta 0.75, bias 1",        "",       {256, 13, 13},          0},
    {"conv3",  "3x3 padding SAME, 256->384; ReLU",                    "conv3",  {384, 13, 13},    885'120},
    {"conv4",  "3x3 padding SAME, 384->384 in 2 groups; ReLU",        "conv4",  {384, 13, 13},    663'936},
    {"conv5",  "3x3 padding SAME, 384->256 in 2 groups; ReLU",        "conv5",  {256, 13, 13},    442'624},
    {"pool5",  "max 3x3 stride 2 padding VALID",                      "",       {256, 6, 6},            0},
    {"fc6",    "fc 9216->4096; ReLU; dropout",                        "fc6",    {4096, 0, 0},  37'752'832},
    {"fc7",    "fc 4096->4096; ReLU; dropout",                        "fc7",    {4096, 0, 0},  16'781'312},
    {"fc8",    "fc 4096->6",                                          "fc8",    {6, 0, 0},         24'582},
    {"pose",   "times (labels_std + 1e-18), plus labels_mean",        "",       {6, 0, 0},              0},
};

constexpr Deviation kDeviations[] = {
    {"norm1", "FRAMEWORK", "alpha is of every channel of the window", "alpha 1e-4, which LibTorch divides by 5 channels",
     "2e-5 a channel; in norm2 too"},
    {"fc6", "PAPER-SILENT", "the widths of fc6 and fc7 come from a weight file that is not in the repository", "4096 and 4096",
     "AlexNet's, and what a comment in the graph says"},
    {"fc6", "PAPER-SILENT", "dropout is a switch of the graph; its rate in training is not published", "the plan's rate",
     "off in evaluation, as in the released script"},
    {"fc6", "FRAMEWORK", "its 9216 inputs are in the order height, width, channel", "channel, height, width",
     "LibTorch's layout; a converter of weights has to reorder them"},
};
// clang-format on

torch::nn::Conv2d conv(std::int64_t in,
                       std::int64_t out,
                       std::int64_t kernel,
                       std::int64_t groups) {
  return torch::nn::Conv2d(
      torch::nn::Conv2dOptions(in, out, kernel).stride(1).padding(kernel / 2).groups(groups));
}

/// Padding SAME of an 11x11 with stride 4 on 227: 4 before, 4 after.
torch::nn::Conv2d first_conv() {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 96, 11).stride(4).padding(4));
}

torch::nn::LocalResponseNorm lrn() {
  return torch::nn::LocalResponseNorm(
      torch::nn::LocalResponseNormOptions(5).alpha(5 * 2e-5).beta(0.75).k(1.0));
}

torch::Tensor pooled(const torch::Tensor& x) {
  return torch::max_pool2d(x, /*kernel=*/3, /*stride=*/2);
}

struct FacePose : Model {
  explicit FacePose(const ModelOptions& options)
      : Model(kRows, 6), dropout(register_module("dropout", torch::nn::Dropout(options.dropout))) {}

  // clang-format off
  torch::Tensor train_mean{register_buffer("train_mean", torch::zeros({3}))};             // mean
  torch::nn::Conv2d conv1{register_module("conv1", first_conv())};
  torch::nn::LocalResponseNorm norm1{register_module("norm1", lrn())};
  torch::nn::Conv2d conv2{register_module("conv2", conv(96, 256, 5, 2))};
  torch::nn::LocalResponseNorm norm2{register_module("norm2", lrn())};
  torch::nn::Conv2d conv3{register_module("conv3", conv(256, 384, 3, 1))};
  torch::nn::Conv2d conv4{register_module("conv4", conv(384, 384, 3, 2))};
  torch::nn::Conv2d conv5{register_module("conv5", conv(384, 256, 3, 2))};
  torch::nn::Linear fc6{register_module("fc6", torch::nn::Linear(9216, 4096))};
  torch::nn::Linear fc7{register_module("fc7", torch::nn::Linear(4096, 4096))};
  torch::nn::Linear fc8{register_module("fc8", torch::nn::Linear(4096, 6))};
  torch::Tensor labels_mean{register_buffer("labels_mean", torch::zeros({6}))};           // pose
  torch::Tensor labels_std{register_buffer("labels_std", torch::ones({6}))};              // pose
  torch::nn::Dropout dropout;                                                             // fc6, fc7
  // clang-format on

  torch::Tensor forward(const torch::Tensor& images) override {
    torch::Tensor x = tap("mean", images - train_mean.view({3, 1, 1}));
    x = tap("conv1", torch::relu(conv1(x)));
    x = tap("pool1", pooled(x));
    x = tap("norm1", norm1(x));
    x = tap("conv2", torch::relu(conv2(x)));
    x = tap("pool2", pooled(x));
    x = tap("norm2", norm2(x));
    x = tap("conv3", torch::relu(conv3(x)));
    x = tap("conv4", torch::relu(conv4(x)));
    x = tap("conv5", torch::relu(conv5(x)));
    x = tap("pool5", pooled(x));
    x = tap("fc6", dropout(torch::relu(fc6(x.flatten(1)))));
    x = tap("fc7", dropout(torch::relu(fc7(x))));
    x = tap("fc8", fc8(x));
    return tap("pose", x * (labels_std + 1e-18) + labels_mean);
  }
};

}  // namespace

const ModelEntry& facepose() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "facepose",
              .variant = "alexnet",
              .title = "FacePoseNet: rotation vector and translation of a head",
              .paper =
                  "Chang, Tran, Hassner, Masi, Nevatia & Medioni, FacePoseNet: Making a Case for "
                  "Landmark-Free Face Alignment, ICCV Workshops 2017",
              .arxiv = "1708.07517",
              .input = {3, 227, 227},
              .outputs = 6,
              .parameters = 56'892'806,
              .macs = 745'037'344,
              .note = "takes BGR, 0..1; the weights that are offered today may be of a later "
                      "ResNet-101 version",
              .predicts = Predicts::kCoefficients,
              .target = "pose",
          },
      .rows = kRows,
      .deviations = kDeviations,
      .classifier = {"fc8"},
      .make = [](const ModelOptions& options) -> std::shared_ptr<Model> {
        return std::make_shared<FacePose>(options);
      },
  };
  return entry;
}

}  // namespace mien
