#include "models/weights.h"

#include "harness/core/error.h"
#include "harness/core/safetensors.h"

namespace mien {
namespace {

std::vector<std::pair<std::string, torch::Tensor>> state_of(const Model& model) {
  std::vector<std::pair<std::string, torch::Tensor>> state;
  for (const auto& parameter : model.named_parameters())
    state.emplace_back(parameter.key(), parameter.value());
  for (const auto& buffer : model.named_buffers()) state.emplace_back(buffer.key(), buffer.value());
  return state;
}

DType dtype_of(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat:
      return DType::kF32;
    case torch::kDouble:
      return DType::kF64;
    case torch::kHalf:
      return DType::kF16;
    case torch::kBFloat16:
      return DType::kBF16;
    case torch::kLong:
      return DType::kI64;
    default:
      MIEN_ASSERT(!"a weight has a dtype that safetensors files of ours do not carry");
  }
  return DType::kF32;
}

}  // namespace

std::string save_weights(const Model& model,
                         const std::filesystem::path& path,
                         const std::map<std::string, std::string>& metadata) {
  torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> owners;  // keep the packed copies alive until they are written
  std::map<std::string, TensorView> views;
  for (const auto& [name, tensor] : state_of(model)) {
    owners.push_back(tensor.detach().to(torch::kCPU).contiguous());
    const torch::Tensor& packed = owners.back();
    views.emplace(name,
                  TensorView{dtype_of(packed),
                             packed.sizes().vec(),
                             {static_cast<const std::byte*>(packed.data_ptr()),
                              static_cast<std::size_t>(packed.nbytes())}});
  }
  return write_safetensors(path, views, metadata);
}

void load_weights(Model& model, const std::filesystem::path& path) {
  torch::NoGradGuard no_grad;
  const SafetensorsFile file(path);
  const auto state = state_of(model);
  for (const auto& [name, tensor] : state) {
    const TensorView& stored =
        file.tensor(name, dtype_of(tensor), static_cast<std::size_t>(tensor.dim()));
    if (torch::IntArrayRef(stored.shape) != tensor.sizes())
      fail(Exit::kIntegrity,
           "{}: tensor '{}' is {}, the model's is {}",
           path.string(),
           name,
           fmt::join(stored.shape, "x"),
           fmt::join(tensor.sizes(), "x"));
    const torch::Tensor source = torch::from_blob(
        const_cast<std::byte*>(stored.bytes.data()), stored.shape, tensor.scalar_type());
    torch::Tensor(tensor).copy_(source);
  }
  if (file.tensors().size() != state.size())
    fail(Exit::kIntegrity,
         "{}: {} tensors, the model has {}; weights of another variant?",
         path.string(),
         file.tensors().size(),
         state.size());
}

Snapshot take_snapshot(const Model& model) {
  Snapshot snapshot;
  for (const auto& [name, tensor] : state_of(model)) snapshot.push_back(tensor.detach().clone());
  return snapshot;
}

void restore_snapshot(Model& model, const Snapshot& snapshot) {
  torch::NoGradGuard no_grad;
  const auto state = state_of(model);
  MIEN_ASSERT(state.size() == snapshot.size());
  for (std::size_t i = 0; i < state.size(); ++i) torch::Tensor(state[i].second).copy_(snapshot[i]);
}

}  // namespace mien
