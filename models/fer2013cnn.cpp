// FER2013 CNN, variant `khaireddin-vggnet`: the best documented single-network recipe.
//
// The claim of this row is A. Lonkar, "Facial Expressions Recognition with Convolutional Neural
// Networks", arXiv 2107.08640 (July 2021): 70.10 % on FER2013 with one network. Its final
// architecture is not public, so this network stands in for it. It is the VGGNet of
//
//   Y. Khaireddin, Z. Chen, "Facial Emotion Recognition: State of the Art Performance on FER2013",
//   arXiv 2105.03588 (May 2021), whose authors' code is public.
//
// Four stages of two convolutions (3x3, padding 1, batch-norm, ReLU) and a 2x2 max-pool, then three
// fully connected layers. C rows are convolutions, F rows the classifier.
#include "models/model.h"

namespace mien {
namespace {

// clang-format off
constexpr Row kRows[] = {
    // row  operation                                        members         out             parameters
    {"C1", "conv 3x3, 1->64; batch-norm; ReLU",              "conv1 norm1",  {64, 40, 40},          768},
    {"C2", "conv 3x3, 64->64; batch-norm; ReLU; pool 2",     "conv2 norm2",  {64, 20, 20},       37'056},
    {"C3", "conv 3x3, 64->128; batch-norm; ReLU",            "conv3 norm3",  {128, 20, 20},      74'112},
    {"C4", "conv 3x3, 128->128; batch-norm; ReLU; pool 2",   "conv4 norm4",  {128, 10, 10},     147'840},
    {"C5", "conv 3x3, 128->256; batch-norm; ReLU",           "conv5 norm5",  {256, 10, 10},     295'680},
    {"C6", "conv 3x3, 256->256; batch-norm; ReLU; pool 2",   "conv6 norm6",  {256, 5, 5},       590'592},
    {"C7", "conv 3x3, 256->512; batch-norm; ReLU",           "conv7 norm7",  {512, 5, 5},     1'181'184},
    {"C8", "conv 3x3, 512->512; batch-norm; ReLU; pool 2",   "conv8 norm8",  {512, 2, 2},     2'360'832},
    {"F1", "fc 2048->4096; dropout; ReLU",                   "fc1",          {4096, 0, 0},    8'392'704},
    {"F2", "fc 4096->4096; dropout; ReLU",                   "fc2",          {4096, 0, 0},   16'781'312},
    {"F3", "fc 4096->classes",                               "fc3",          {kClasses},           28'679},
};

constexpr Deviation kDeviations[] = {
    {"C1", "PAPER-SILENT", "Lonkar: the architecture is not public", "the VGGNet of arXiv 2105.03588",
     "the best single-network FER2013 recipe whose code can be read"},
    {"F1", "PAPER-AMBIGUOUS", "dropout 0.2 in the network's constructor, 0.1 among the settings",
     "rate 0.2", "the setting is never passed on, so 0.2 is what ran"},
    {"C1", "FRAMEWORK", "trained in mixed precision", "fp32; the protocol's precision: fp16 is theirs",
     "fp32 runs on every device"},
};
// clang-format on

torch::nn::Conv2d conv(std::int64_t in, std::int64_t out) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(1).padding(1));
}

struct Fer2013Cnn : Model {
  explicit Fer2013Cnn(const ModelOptions& options)
      : Model(kRows, options.classes),
        dropout(register_module("dropout", torch::nn::Dropout(options.dropout))),
        fc3(register_module("fc3", torch::nn::Linear(4096, options.classes))) {}

  // clang-format off
  torch::nn::Conv2d conv1{register_module("conv1", conv(1, 64))};
  torch::nn::BatchNorm2d norm1{register_module("norm1", torch::nn::BatchNorm2d(64))};    // C1
  torch::nn::Conv2d conv2{register_module("conv2", conv(64, 64))};
  torch::nn::BatchNorm2d norm2{register_module("norm2", torch::nn::BatchNorm2d(64))};    // C2
  torch::nn::Conv2d conv3{register_module("conv3", conv(64, 128))};
  torch::nn::BatchNorm2d norm3{register_module("norm3", torch::nn::BatchNorm2d(128))};   // C3
  torch::nn::Conv2d conv4{register_module("conv4", conv(128, 128))};
  torch::nn::BatchNorm2d norm4{register_module("norm4", torch::nn::BatchNorm2d(128))};   // C4
  torch::nn::Conv2d conv5{register_module("conv5", conv(128, 256))};
  torch::nn::BatchNorm2d norm5{register_module("norm5", torch::nn::BatchNorm2d(256))};   // C5
  torch::nn::Conv2d conv6{register_module("conv6", conv(256, 256))};
  torch::nn::BatchNorm2d norm6{register_module("norm6", torch::nn::BatchNorm2d(256))};   // C6
  torch::nn::Conv2d conv7{register_module("conv7", conv(256, 512))};
  torch::nn::BatchNorm2d norm7{register_module("norm7", torch::nn::BatchNorm2d(512))};   // C7
  torch::nn::Conv2d conv8{register_module("conv8", conv(512, 512))};
  torch::nn::BatchNorm2d norm8{register_module("norm8", torch::nn::BatchNorm2d(512))};   // C8
  torch::nn::Linear fc1{register_module("fc1", torch::nn::Linear(2048, 4096))};          // F1
  torch::nn::Linear fc2{register_module("fc2", torch::nn::Linear(4096, 4096))};          // F2
  torch::nn::Dropout dropout;
  torch::nn::Linear fc3;                                                                 // F3
  // clang-format on

  torch::Tensor forward(const torch::Tensor& images) override {
    torch::Tensor x = tap("C1", torch::relu(norm1(conv1(images))));
    x = tap("C2", torch::max_pool2d(torch::relu(norm2(conv2(x))), 2));
    x = tap("C3", torch::relu(norm3(conv3(x))));
    x = tap("C4", torch::max_pool2d(torch::relu(norm4(conv4(x))), 2));
    x = tap("C5", torch::relu(norm5(conv5(x))));
    x = tap("C6", torch::max_pool2d(torch::relu(norm6(conv6(x))), 2));
    x = tap("C7", torch::relu(norm7(conv7(x))));
    x = tap("C8", torch::max_pool2d(torch::relu(norm8(conv8(x))), 2));
    x = tap("F1", torch::relu(dropout(fc1(x.flatten(1)))));
    x = tap("F2", torch::relu(dropout(fc2(x))));
    return tap("F3", fc3(x));
  }
};

}  // namespace

const ModelEntry& fer2013cnn() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "fer2013cnn",
              .variant = "khaireddin-vggnet",
              .title = "VGGNet of arXiv 2105.03588, standing in for Lonkar's network",
              .paper = "Lonkar, Facial Expressions Recognition with Convolutional Neural Networks, "
                       "2021 (claim); Khaireddin & Chen, Facial Emotion Recognition: State of the "
                       "Art Performance on FER2013, 2021 (network)",
              .arxiv = "2107.08640",
              .input = {1, 40, 40},
              .outputs = 7,
              .parameters = 29'890'759,
              .macs = 350'519'296,
              .note =
                  "Lonkar's architecture is not public: this is the network of Khaireddin & Chen",
          },
      .rows = kRows,
      .deviations = kDeviations,
      .classifier = {"fc1", "fc2", "fc3"},
      .make = [](const ModelOptions& options) -> std::shared_ptr<Model> {
        return std::make_shared<Fer2013Cnn>(options);
      },
  };
  return entry;
}

}  // namespace mien
