// Null, variant `majority`: its outputs are the class frequencies of the training labels, so that
// their arg-max is the majority class. It is the lowest row of every board, and its time is the
// cost of the harness itself.
//
// No paper. One row: P, the log prior.
#include "models/model.h"

namespace mien {
namespace {

// clang-format off
constexpr Row kRows[] = {
    // row  operation                                    members  out        parameters
    {"P",  "log of the training split's class frequency", "",     {kClasses},          0},
};
// clang-format on

struct Null : Model {
  explicit Null(const ModelOptions& options)
      : Model(kRows, options.classes),
        log_prior(register_buffer("log_prior", torch::zeros({options.classes}))) {}

  torch::Tensor log_prior;

  torch::Tensor forward(const torch::Tensor& images) override {
    return tap("P", log_prior.expand({images.size(0), -1}));
  }

  bool fit(const torch::Tensor& labels, std::int64_t classes) override {
    const torch::Tensor counts = torch::bincount(labels, /*weights=*/{}, classes);
    log_prior.copy_((counts.to(torch::kFloat) / labels.numel()).clamp_min(1e-9).log());
    return true;
  }
};

}  // namespace

const ModelEntry& null() {
  static const ModelEntry entry = {
      .card =
          {
              .name = "null",
              .variant = "majority",
              .title = "Majority class of the training labels: the floor",
              .paper = "none",
              .input = {1, 48, 48},
              .outputs = 7,
              .parameters = 0,
              .macs = 0,
              .note = "a floor, not a model",
          },
      .rows = kRows,
      .make = [](const ModelOptions& options) -> std::shared_ptr<Model> {
        return std::make_shared<Null>(options);
      },
  };
  return entry;
}

}  // namespace mien
