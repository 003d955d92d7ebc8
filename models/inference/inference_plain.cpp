// `Inference` in a build without oneDNN: the model itself runs.
#include "harness/base/error.h"
#include "models/inference/inference.h"

namespace mien {

struct Inference::State {
  std::shared_ptr<Model> model;
  std::vector<std::int64_t> sizes;
  std::vector<std::string> left;
};

bool has_onednn() { return false; }

Inference::Inference(std::shared_ptr<Model> model, std::vector<std::int64_t> sizes)
    : state_(std::make_unique<State>(State{std::move(model), std::move(sizes), {}})) {}

Inference::~Inference() = default;

const std::vector<std::string>& Inference::left_to_libtorch() const { return state_->left; }

torch::Tensor Inference::run(const torch::Tensor& images) {
  MIEN_ASSERT(images.sizes() == torch::IntArrayRef(state_->sizes) && images.is_contiguous() &&
              images.scalar_type() == torch::kFloat && images.is_cpu());
  const torch::NoGradGuard no_grad;
  const bool was_training = state_->model->is_training();
  if (was_training) state_->model->eval();
  const torch::Tensor outputs = state_->model->forward(images).contiguous();
  if (was_training) state_->model->train();
  return outputs;
}

}  // namespace mien
