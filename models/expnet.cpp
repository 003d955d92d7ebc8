// ExpNet predicts expression coefficients of a 3-D face model from pixels, without landmarks. This
// file also has its sibling, the shape network `shapenet`. Both have two variants: `resnet101`, and
// `narrow`, our own smaller version of the same graph, for training on a CPU.
//
//   F.-J. Chang, A. T. Tran, T. Hassner, I. Masi, R. Nevatia, G. Medioni, "ExpNet: Landmark-Free,
//   Deep, 3D Facial Expressions", FG 2018, arXiv 1802.00542.
//   A. T. Tran, T. Hassner, I. Masi, G. Medioni, "Regressing Robust and Discriminative 3D Morphable
//   Models with a very Deep Neural Network", CVPR 2017, arXiv 1612.04904.
//
// The rows are those of the authors' released graph (fengju514/Expression-Net 85f83208:
// ResNet/ThreeDMM_expr.py and ThreeDMM_shape.py, the same up to the outputs), in its order and
// under its names: ResNet-101 as Caffe has it. The stride of a stage is in its first 1x1 and in the
// projection. No convolution has a bias. Every convolution has a batch-norm, which is four fixed
// tensors in the graph (scale, offset, mean, variance). Images are BGR, 0..255, 224x224. The
// weights of the last layer are published; training code and convolution weights are not.
//
// A row is one bottleneck. Its branch 2 is 1x1, 3x3 (padding 1) and 1x1, with ReLU after the first
// two. Branch 1 is the identity or a 1x1 projection. ReLU follows their sum.
#include "models/model.h"

namespace mien {
namespace {

// clang-format off
// The members of a block, by the graph's names.
#define BRANCH1(block) "res" block "_branch1 bn" block "_branch1 "
#define BRANCH2(block) "res" block "_branch2a bn" block "_branch2a " \
                       "res" block "_branch2b bn" block "_branch2b " \
                       "res" block "_branch2c bn" block "_branch2c"

constexpr Row kTrunk[] = {
    // row      operation                                                 members                          out           parameters
    {"mean",    "subtract the mean image",                                "",                              {3, 224, 224},        0},
    {"conv1",   "7x7 stride 2 padding SAME, 3->64; batch-norm; ReLU",     "conv1 bn_conv1",                {64, 112, 112},   9'536},
    {"pool1",   "max 3x3 stride 2 padding SAME",                          "",                              {64, 56, 56},         0},
    {"res2a",   "64->64->64->256; projection 64->256",                    BRANCH1("2a") BRANCH2("2a"),     {256, 56, 56},   75'008},
    {"res2b",   "256->64->64->256; identity",                             BRANCH2("2b"),                   {256, 56, 56},   70'400},
    {"res2c",   "256->64->64->256; identity",                             BRANCH2("2c"),                   {256, 56, 56},   70'400},
    {"res3a",   "stride 2, 256->128->128->512; projection 256->512",      BRANCH1("3a") BRANCH2("3a"),     {512, 28, 28},  379'392},
    {"res3b1",  "512->128->128->512; identity",                           BRANCH2("3b1"),                  {512, 28, 28},  280'064},
    {"res3b2",  "512->128->128->512; identity",                           BRANCH2("3b2"),                  {512, 28, 28},  280'064},
    {"res3b3",  "512->128->128->512; identity",                           BRANCH2("3b3"),                  {512, 28, 28},  280'064},
    {"res4a",   "stride 2, 512->256->256->1024; projection 512->1024",    BRANCH1("4a") BRANCH2("4a"),     {1024, 14, 14}, 1'512'448},
    {"res4b1",  "1024->256->256->1024; identity",                         BRANCH2("4b1"),                  {1024, 14, 14}, 1'117'184},
    {"res4b2",  "1024->256->256->1024; identity",                         BRANCH2("4b2"),                  {1024, 14, 14}, 1'117'184},
    {"res4b3",  "1024->256->256->1024; identity",                         BRANCH2("4b3"),                  {1024, 14, 14}, 1'117'184},
    {"res4b4",  "1024->256->256->1024; identity",                         BRANCH2("4b4"),                  {1024, 14, 14}, 1'117'184},
    {"res4b5",  "1024->256->256->1024; identity",                         BRANCH2("4b5"),                  {1024, 14, 14}, 1'117'184},
    {"res4b6",  "1024->256->256->1024; identity",                         BRANCH2("4b6"),                  {1024, 14, 14}, 1'117'184},
    {"res4b7",  "1024->256->256->1024; identity",                         BRANCH2("4b7"),                  {1024, 14, 14}, 1'117'184},
    {"res4b8",  "1024->256->256->1024; identity",                         BRANCH2("4b8"),                  {1024, 14, 14}, 1'117'184},
    {"res4b9",  "1024->256->256->1024; identity",                         BRANCH2("4b9"),                  {1024, 14, 14}, 1'117'184},
    {"res4b10", "1024->256->256->1024; identity",                         BRANCH2("4b10"),                 {1024, 14, 14}, 1'117'184},
    {"res4b11", "1024->256->256->1024; identity",                         BRANCH2("4b11"),                 {1024, 14, 14}, 1'117'184},
    {"res4b12", "1024->256->256->1024; identity",                         BRANCH2("4b12"),                 {1024, 14, 14}, 1'117'184},
    {"res4b13", "1024->256->256->1024; identity",                         BRANCH2("4b13"),                 {1024, 14, 14}, 1'117'184},
    {"res4b14", "1024->256->256->1024; identity",                         BRANCH2("4b14"),                 {1024, 14, 14}, 1'117'184},
    {"res4b15", "1024->256->256->1024; identity",                         BRANCH2("4b15"),                 {1024, 14, 14}, 1'117'184},
    {"res4b16", "1024->256->256->1024; identity",                         BRANCH2("4b16"),                 {1024, 14, 14}, 1'117'184},
    {"res4b17", "1024->256->256->1024; identity",                         BRANCH2("4b17"),                 {1024, 14, 14}, 1'117'184},
    {"res4b18", "1024->256->256->1024; identity",                         BRANCH2("4b18"),                 {1024, 14, 14}, 1'117'184},
    {"res4b19", "1024->256->256->1024; identity",                         BRANCH2("4b19"),                 {1024, 14, 14}, 1'117'184},
    {"res4b20", "1024->256->256->1024; identity",                         BRANCH2("4b20"),                 {1024, 14, 14}, 1'117'184},
    {"res4b21", "1024->256->256->1024; identity",                         BRANCH2("4b21"),                 {1024, 14, 14}, 1'117'184},
    {"res4b22", "1024->256->256->1024; identity",                         BRANCH2("4b22"),                 {1024, 14, 14}, 1'117'184},
    {"res5a",   "stride 2, 1024->512->512->2048; projection 1024->2048",  BRANCH1("5a") BRANCH2("5a"),     {2048, 7, 7}, 6'039'552},
    {"res5b",   "2048->512->512->2048; identity",                         BRANCH2("5b"),                   {2048, 7, 7}, 4'462'592},
    {"res5c",   "2048->512->512->2048; identity",                         BRANCH2("5c"),                   {2048, 7, 7}, 4'462'592},
    {"pool5",   "average 7x7 padding VALID",                              "",                              {2048, 1, 1},           0},
};

// A quarter of the channels, the first block of every stage, half the side.
constexpr Row kNarrowTrunk[] = {
    {"mean",    "subtract the mean image",                                "",                              {3, 112, 112},        0},
    {"conv1",   "7x7 stride 2 padding SAME, 3->16; batch-norm; ReLU",     "conv1 bn_conv1",                {16, 56, 56},     2'384},
    {"pool1",   "max 3x3 stride 2 padding SAME",                          "",                              {16, 28, 28},         0},
    {"res2a",   "16->16->16->64; projection 16->64",                      BRANCH1("2a") BRANCH2("2a"),     {64, 28, 28},     4'928},
    {"res3a",   "stride 2, 64->32->32->128; projection 64->128",          BRANCH1("3a") BRANCH2("3a"),     {128, 14, 14},   24'192},
    {"res4a",   "stride 2, 128->64->64->256; projection 128->256",        BRANCH1("4a") BRANCH2("4a"),     {256, 7, 7},     95'488},
    {"res5a",   "stride 2, 256->128->128->512; projection 256->512",      BRANCH1("5a") BRANCH2("5a"),     {512, 4, 4},    379'392},
    {"pool5",   "average 4x4 padding VALID",                              "",                              {512, 1, 1},          0},
};
#undef BRANCH1
#undef BRANCH2

constexpr Row kExpression[] = {
    {"fc",      "fc 2048->29 expression coefficients",                    "fc",                            {29, 0, 0},        59'421},
};

constexpr Row kShape[] = {
    {"fc",      "fc 2048->99 shape and 99 texture coefficients",          "fc",                            {198, 0, 0},      405'702},
};

constexpr Row kNarrowExpression[] = {
    {"fc",      "fc 512->29 expression coefficients",                     "fc",                            {29, 0, 0},        14'877},
};

constexpr Row kNarrowShape[] = {
    {"fc",      "fc 512->198 shape and texture coefficients",             "fc",                            {198, 0, 0},      101'574},
};

constexpr Deviation kEveryReading[] = {
    {"conv1", "FRAMEWORK", "padding SAME, as TensorFlow means it", "2 before and 3 after in both directions",
     "it pads 224 for a kernel of 7 and stride 2 by 5 in all, the odd one behind; 3 and 3 samples other pixels"},
    {"conv1", "FRAMEWORK", "batch-norm as scale, offset, mean and variance, epsilon 1e-5",
     "LibTorch's weight, bias, running_mean and running_var, epsilon 1e-5",
     "the same four numbers per channel, in every block"},
    {"conv1", "PAPER-SILENT", "in the graph batch-norm is fixed; how it was trained is not published",
     "training normalises by the batch and moves the statistics by 0.1 a step", "LibTorch's default; evaluation is the graph's"},
    {"pool1", "FRAMEWORK", "padding SAME, as TensorFlow means it", "rounded up, no padding",
     "the same windows: 0 before and 1 after, and what is padded never wins"},
};

constexpr Deviation kFineTuned[] = {
    {"res5b", "PAPER-SILENT", "which layers were trained is not published; in the graph only the convolutions of res5b, "
     "res5c and the last layer are variable", "every parameter can be trained", "the list is kept as fine_tuned"},
};

constexpr Deviation kExpressionMean[] = {
    {"mean", "PAPER-AMBIGUOUS", "the released script subtracts 3DMM_shape_mean.npy for this network too; 3DMM_expr_mean.npy, "
     "as published beside it, is read and not used", "a buffer, mean_image, zero until weights bring an image",
     "which of the two it was trained with is not known; the choice is made with the weights"},
};

constexpr auto kRowsExpression = joined(kTrunk, kExpression);
constexpr auto kRowsShape = joined(kTrunk, kShape);
constexpr auto kRowsNarrowExpression = joined(kNarrowTrunk, kNarrowExpression);
constexpr auto kRowsNarrowShape = joined(kNarrowTrunk, kNarrowShape);
constexpr auto kDeviationsExpression = joined(kExpressionMean, kEveryReading, kFineTuned);
constexpr auto kDeviationsShape = joined(kEveryReading, kFineTuned);
constexpr auto kDeviationsNarrowExpression = joined(kExpressionMean, kEveryReading);
// clang-format on

torch::nn::Conv2d conv(std::int64_t in,
                       std::int64_t out,
                       std::int64_t kernel,
                       std::int64_t stride,
                       std::int64_t padding) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel)
                               .stride(stride)
                               .padding(padding)
                               .bias(/*new_bias=*/false));
}

torch::nn::BatchNorm2d norm(std::int64_t channels) {
  return torch::nn::BatchNorm2d(torch::nn::BatchNorm2dOptions(channels).eps(1e-5));
}

/// Applies the padding SAME of a 7x7 with stride 2 on an even side: 2 before, 3 after.
torch::Tensor padded(const torch::Tensor& x) { return torch::constant_pad_nd(x, {2, 3, 2, 3}); }

/// Applies a 3x3 max-pool of stride 2 with the padding SAME on an even side: 0 before, 1 after.
torch::Tensor halved(const torch::Tensor& x) {
  return torch::max_pool2d(
      x, /*kernel=*/3, /*stride=*/2, /*padding=*/0, /*dilation=*/1, /*ceil_mode=*/true);
}

/// One bottleneck, its members registered in `net` under the graph's names: "2a" has res2a_branch1,
/// bn2a_branch1, res2a_branch2a and so on. `in` channels become 4 * `width`.
class Bottleneck {
 public:
  Bottleneck(torch::nn::Module& net,
             const std::string& block,
             std::int64_t in,
             std::int64_t width,
             std::int64_t stride = 1) {
    if (in != 4 * width) branch1_ = {net, block + "_branch1", in, 4 * width, 1, stride};
    branch2a_ = {net, block + "_branch2a", in, width, 1, stride};
    branch2b_ = {net, block + "_branch2b", width, width, 3, 1};
    branch2c_ = {net, block + "_branch2c", width, 4 * width, 1, 1};
  }

  torch::Tensor operator()(const torch::Tensor& x) {
    const torch::Tensor shortcut = branch1_.conv ? branch1_(x) : x;
    const torch::Tensor y = torch::relu(branch2b_(torch::relu(branch2a_(x))));
    return torch::relu(shortcut + branch2c_(y));
  }

 private:
  struct Unit {
    Unit() = default;
    Unit(torch::nn::Module& net,
         const std::string& name,
         std::int64_t in,
         std::int64_t out,
         std::int64_t kernel,
         std::int64_t stride)
        : conv(net.register_module("res" + name, mien::conv(in, out, kernel, stride, kernel / 2))),
          norm(net.register_module("bn" + name, mien::norm(out))) {}

    torch::Tensor operator()(const torch::Tensor& x) { return norm(conv(x)); }

    torch::nn::Conv2d conv{nullptr};
    torch::nn::BatchNorm2d norm{nullptr};
  };

  Unit branch1_, branch2a_, branch2b_, branch2c_;
};

struct ResNet101 : Model {
  ResNet101(std::span<const Row> rows, std::int64_t outputs)
      : Model(rows, outputs), fc(register_module("fc", torch::nn::Linear(2048, outputs))) {}

  // clang-format off
  torch::Tensor mean_image{register_buffer("mean_image", torch::zeros({3, 224, 224}))};
  torch::nn::Conv2d conv1{register_module("conv1", conv(3, 64, 7, 2, 0))};
  torch::nn::BatchNorm2d bn_conv1{register_module("bn_conv1", norm(64))};
  Bottleneck res2a{*this, "2a", 64, 64};
  Bottleneck res2b{*this, "2b", 256, 64};
  Bottleneck res2c{*this, "2c", 256, 64};
  Bottleneck res3a{*this, "3a", 256, 128, /*stride=*/2};
  Bottleneck res3b1{*this, "3b1", 512, 128};
  Bottleneck res3b2{*this, "3b2", 512, 128};
  Bottleneck res3b3{*this, "3b3", 512, 128};
  Bottleneck res4a{*this, "4a", 512, 256, /*stride=*/2};
  Bottleneck res4b1{*this, "4b1", 1024, 256};
  Bottleneck res4b2{*this, "4b2", 1024, 256};
  Bottleneck res4b3{*this, "4b3", 1024, 256};
  Bottleneck res4b4{*this, "4b4", 1024, 256};
  Bottleneck res4b5{*this, "4b5", 1024, 256};
  Bottleneck res4b6{*this, "4b6", 1024, 256};
  Bottleneck res4b7{*this, "4b7", 1024, 256};
  Bottleneck res4b8{*this, "4b8", 1024, 256};
  Bottleneck res4b9{*this, "4b9", 1024, 256};
  Bottleneck res4b10{*this, "4b10", 1024, 256};
  Bottleneck res4b11{*this, "4b11", 1024, 256};
  Bottleneck res4b12{*this, "4b12", 1024, 256};
  Bottleneck res4b13{*this, "4b13", 1024, 256};
  Bottleneck res4b14{*this, "4b14", 1024, 256};
  Bottleneck res4b15{*this, "4b15", 1024, 256};
  Bottleneck res4b16{*this, "4b16", 1024, 256};
  Bottleneck res4b17{*this, "4b17", 1024, 256};
  Bottleneck res4b18{*this, "4b18", 1024, 256};
  Bottleneck res4b19{*this, "4b19", 1024, 256};
  Bottleneck res4b20{*this, "4b20", 1024, 256};
  Bottleneck res4b21{*this, "4b21", 1024, 256};
  Bottleneck res4b22{*this, "4b22", 1024, 256};
  Bottleneck res5a{*this, "5a", 1024, 512, /*stride=*/2};
  Bottleneck res5b{*this, "5b", 2048, 512};
  Bottleneck res5c{*this, "5c", 2048, 512};
  torch::nn::Linear fc;
  // clang-format on

  torch::Tensor forward(const torch::Tensor& images) override {
    torch::Tensor x = tap("mean", images - mean_image);
    x = tap("conv1", torch::relu(bn_conv1(conv1(padded(x)))));
    x = tap("pool1", halved(x));
    x = tap("res2a", res2a(x));
    x = tap("res2b", res2b(x));
    x = tap("res2c", res2c(x));
    x = tap("res3a", res3a(x));
    x = tap("res3b1", res3b1(x));
    x = tap("res3b2", res3b2(x));
    x = tap("res3b3", res3b3(x));
    x = tap("res4a", res4a(x));
    x = tap("res4b1", res4b1(x));
    x = tap("res4b2", res4b2(x));
    x = tap("res4b3", res4b3(x));
    x = tap("res4b4", res4b4(x));
    x = tap("res4b5", res4b5(x));
    x = tap("res4b6", res4b6(x));
    x = tap("res4b7", res4b7(x));
    x = tap("res4b8", res4b8(x));
    x = tap("res4b9", res4b9(x));
    x = tap("res4b10", res4b10(x));
    x = tap("res4b11", res4b11(x));
    x = tap("res4b12", res4b12(x));
    x = tap("res4b13", res4b13(x));
    x = tap("res4b14", res4b14(x));
    x = tap("res4b15", res4b15(x));
    x = tap("res4b16", res4b16(x));
    x = tap("res4b17", res4b17(x));
    x = tap("res4b18", res4b18(x));
    x = tap("res4b19", res4b19(x));
    x = tap("res4b20", res4b20(x));
    x = tap("res4b21", res4b21(x));
    x = tap("res4b22", res4b22(x));
    x = tap("res5a", res5a(x));
    x = tap("res5b", res5b(x));
    x = tap("res5c", res5c(x));
    x = tap("pool5", torch::avg_pool2d(x, /*kernel=*/7));
    return tap("fc", fc(x.flatten(1)));
  }
};

struct Narrow : Model {
  Narrow(std::span<const Row> rows, std::int64_t outputs)
      : Model(rows, outputs), fc(register_module("fc", torch::nn::Linear(512, outputs))) {}

  torch::Tensor mean_image{register_buffer("mean_image", torch::zeros({3, 112, 112}))};
  torch::nn::Conv2d conv1{register_module("conv1", conv(3, 16, 7, 2, 0))};
  torch::nn::BatchNorm2d bn_conv1{register_module("bn_conv1", norm(16))};
  Bottleneck res2a{*this, "2a", 16, 16};
  Bottleneck res3a{*this, "3a", 64, 32, /*stride=*/2};
  Bottleneck res4a{*this, "4a", 128, 64, /*stride=*/2};
  Bottleneck res5a{*this, "5a", 256, 128, /*stride=*/2};
  torch::nn::Linear fc;

  torch::Tensor forward(const torch::Tensor& images) override {
    torch::Tensor x = tap("mean", images - mean_image);
    x = tap("conv1", torch::relu(bn_conv1(conv1(padded(x)))));
    x = tap("pool1", halved(x));
    x = tap("res2a", res2a(x));
    x = tap("res3a", res3a(x));
    x = tap("res4a", res4a(x));
    x = tap("res5a", res5a(x));
    x = tap("pool5", torch::avg_pool2d(x, /*kernel=*/4));
    return tap("fc", fc(x.flatten(1)));
  }
};

/// Returns the members that are variable in the released graph.
std::vector<std::string> fine_tuned() {
  return {"res5b_branch2a",
          "res5b_branch2b",
          "res5b_branch2c",
          "res5c_branch2a",
          "res5c_branch2b",
          "res5c_branch2c",
          "fc"};
}

/// Returns the corresponding members: the convolutions of the last stage and the last layer.
std::vector<std::string> fine_tuned_of_narrow() {
  return {"res5a_branch1", "res5a_branch2a", "res5a_branch2b", "res5a_branch2c", "fc"};
}

constexpr const char* kNarrowNote =
    "ours, not the paper's: the same graph in small, to train on a CPU; takes BGR, 0..255";

}  // namespace

const ModelEntry& expnet() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "expnet",
              .variant = "resnet101",
              .title = "ExpNet: 29 expression coefficients",
              .paper = "Chang, Tran, Hassner, Masi, Nevatia & Medioni, ExpNet: Landmark-Free, "
                       "Deep, 3D Facial Expressions, FG 2018",
              .arxiv = "1802.00542",
              .input = {3, 224, 224},
              .outputs = 29,
              .parameters = 42'559'581,
              .macs = 7'568'205'824,
              .note = "takes BGR, 0..255; training code and convolution weights are not published",
              .predicts = Predicts::kCoefficients,
              .target = "coefficients",
          },
      .rows = kRowsExpression,
      .deviations = kDeviationsExpression,
      .classifier = {"fc"},
      .make = [](const ModelOptions&) -> std::shared_ptr<Model> {
        return std::make_shared<ResNet101>(kRowsExpression, 29);
      },
      .fine_tuned = fine_tuned(),
  };
  return entry;
}

const ModelEntry& expnet_narrow() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "expnet",
              .variant = "narrow",
              .title = "ExpNet in small: 29 expression coefficients",
              .paper = "after Chang, Tran, Hassner, Masi, Nevatia & Medioni, ExpNet: "
                       "Landmark-Free, Deep, 3D Facial Expressions, FG 2018",
              .arxiv = "1802.00542",
              .input = {3, 112, 112},
              .outputs = 29,
              .parameters = 521'261,
              .macs = 26'265'088,
              .note = kNarrowNote,
              .predicts = Predicts::kCoefficients,
              .target = "coefficients",
          },
      .rows = kRowsNarrowExpression,
      .deviations = kDeviationsNarrowExpression,
      .classifier = {"fc"},
      .make = [](const ModelOptions&) -> std::shared_ptr<Model> {
        return std::make_shared<Narrow>(kRowsNarrowExpression, 29);
      },
      .fine_tuned = fine_tuned_of_narrow(),
  };
  return entry;
}

const ModelEntry& expnet_shapenet() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "shapenet",
              .variant = "resnet101",
              .title = "ExpNet's sibling: 99 shape and 99 texture coefficients",
              .paper = "Tran, Hassner, Masi & Medioni, Regressing Robust and Discriminative 3D "
                       "Morphable Models with a very Deep Neural Network, CVPR 2017",
              .arxiv = "1612.04904",
              .input = {3, 224, 224},
              .outputs = 198,
              .parameters = 42'905'862,
              .macs = 7'568'551'936,
              .note = "takes BGR, 0..255; as ExpNet's repository releases it",
              .predicts = Predicts::kCoefficients,
              .target = "identity",
              .targeted = 99,
          },
      .rows = kRowsShape,
      .deviations = kDeviationsShape,
      .classifier = {"fc"},
      .make = [](const ModelOptions&) -> std::shared_ptr<Model> {
        return std::make_shared<ResNet101>(kRowsShape, 198);
      },
      .fine_tuned = fine_tuned(),
  };
  return entry;
}

const ModelEntry& expnet_shapenet_narrow() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "shapenet",
              .variant = "narrow",
              .title = "ExpNet's sibling in small: 99 shape and 99 texture coefficients",
              .paper = "after Tran, Hassner, Masi & Medioni, Regressing Robust and Discriminative "
                       "3D Morphable Models with a very Deep Neural Network, CVPR 2017",
              .arxiv = "1612.04904",
              .input = {3, 112, 112},
              .outputs = 198,
              .parameters = 607'958,
              .macs = 26'351'616,
              .note = kNarrowNote,
              .predicts = Predicts::kCoefficients,
              .target = "identity",
              .targeted = 99,
          },
      .rows = kRowsNarrowShape,
      .deviations = kEveryReading,
      .classifier = {"fc"},
      .make = [](const ModelOptions&) -> std::shared_ptr<Model> {
        return std::make_shared<Narrow>(kRowsNarrowShape, 198);
      },
      .fine_tuned = fine_tuned_of_narrow(),
  };
  return entry;
}

}  // namespace mien
