// Linear, variant `softmax`: softmax regression on pixels. What one weight per pixel and class
// reaches; a network has to be above it.
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
  static const ModelEntry entry = {{"linear",
                                    "softmax",
                                    "Softmax regression on pixels: the second floor",
                                    "none",
                                    "",
                                    {1, 48, 48},
                                    7,
                                    16'135,
                                    16'128,
                                    "a floor, not a model"},
                                   kRows,
                                   {},
                                   {"fc"},
                                   [](const ModelOptions& options) -> std::shared_ptr<Model> {
                                     return std::make_shared<LinearSoftmax>(options);
                                   }};
  return entry;
}

}  // namespace mien
