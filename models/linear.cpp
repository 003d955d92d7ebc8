// Linear, variant `softmax`: softmax regression on pixels, with one weight per pixel and class. A
// network has to be better than this.
//
// No paper. One row: F1, the layer.
#include "models/model.h"

namespace mien {
namespace {

// clang-format off
constexpr Row kRows[] = {
    // row  operation            members  out         parameters
    {"F1", "fc 2304->classes",   "fc",    {kClasses},     16'135},
};
// clang-format on

struct LinearSoftmax : Model {
  explicit LinearSoftmax(const ModelOptions& options)
      : Model(kRows, options.classes),
        fc(register_module("fc", torch::nn::Linear(48 * 48, options.classes))) {}

  torch::nn::Linear fc;  // F1

  torch::Tensor forward(const torch::Tensor& images) override {
    return tap("F1", fc(images.flatten(1)));
  }
};

}  // namespace

const ModelEntry& linear() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "linear",
              .variant = "softmax",
              .title = "Softmax regression on pixels: the second floor",
              .paper = "none",
              .input = {1, 48, 48},
              .outputs = 7,
              .parameters = 16'135,
              .macs = 16'128,
              .note = "a floor, not a model",
          },
      .rows = kRows,
      .classifier = {"fc"},
      .make = [](const ModelOptions& options) -> std::shared_ptr<Model> {
        return std::make_shared<LinearSoftmax>(options);
      },
  };
  return entry;
}

}  // namespace mien
