#include "harness/engine/context/external.h"

#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/runtime/print_handler.h>
#include <torch/script.h>

#include <cstdio>
#include <new>
#include <stdexcept>

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/engine/train/evaluate.h"
#include "harness/task/predictions.h"
#include "models/registry.h"
#include "models/weights.h"

namespace mien {
namespace {

constexpr std::int64_t kProbeImages = 2;

/// Returns the line with the reason. Below the stack of TorchScript's interpreter it begins with
/// the kind of error ("RuntimeError: ..."); elsewhere it is the first line.
std::string reason_of(const std::string& what) {
  const std::size_t kind = what.rfind("Error: ");
  if (kind == std::string::npos) return first_line(what);
  const std::size_t start = what.rfind('\n', kind);
  return first_line(what.substr(start == std::string::npos ? 0 : start));
}

/// Returns LibTorch's message without the C++ stack. Throws lack of memory on, which is not the
/// file's fault, and errors of Mien, which have their message already.
std::string message_of(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error)) throw std::bad_alloc();
  if (const auto* ours = dynamic_cast<const Error*>(&error)) throw Error(*ours);
  const auto* theirs = dynamic_cast<const c10::Error*>(&error);
  const std::string what = theirs ? theirs->what_without_backtrace() : error.what();
  for (const char* sign : {"allocate memory", "out of memory"})
    if (what.find(sign) != std::string::npos) throw std::bad_alloc();
  return what;
}

/// Returns the indices that put outputs into the dataset's order; undefined if they have that
/// order.
torch::Tensor permutation(const External& external,
                          const std::vector<std::string>& classes,
                          const std::filesystem::path& file,
                          torch::Device device) {
  if (classes.empty() || classes == external.classes) return {};
  return torch::tensor(class_order(external.classes, classes, file.string()), torch::kInt64)
      .to(device);
}

torch::Tensor permuted(const torch::Tensor& logits, const torch::Tensor& order) {
  return order.defined() ? logits.index_select(1, order) : logits;
}

void check_values(const torch::Tensor& logits, const std::filesystem::path& file) {
  if (!torch::isfinite(logits).all().item<bool>())
    fail(Exit::kPrecondition, "{}: an output is NaN or infinite", file.string());
}

class TorchScript : public Model {
 public:
  TorchScript(torch::jit::Module module,
              std::filesystem::path file,
              std::int64_t classes,
              torch::Tensor order,
              bool checks_values)
      : Model({}, classes),
        module_(std::move(module)),
        file_(std::move(file)),
        classes_(classes),
        order_(std::move(order)),
        checks_values_(checks_values) {}

  torch::Tensor forward(const torch::Tensor& images) override {
    const torch::Tensor logits = checked(answer(images), images.size(0));
    if (checks_values_) check_values(logits, file_);
    return permuted(logits, order_);
  }

  /// The file is a finished program, and is timed as its author wrote it.
  bool can_be_traced() const override { return false; }

 private:
  torch::IValue answer(const torch::Tensor& images) {
    try {
      return module_.forward({images});
    } catch (const std::exception& error) {
      fail(Exit::kPrecondition,
           "{}: failed on images {}: {}",
           file_.string(),
           fmt::join(images.sizes(), "x"),
           reason_of(message_of(error)));
    }
  }

  torch::Tensor checked(const torch::IValue& answer, std::int64_t images) const {
    if (!answer.isTensor())
      fail(Exit::kPrecondition,
           "{}: forward returns a {}, must return one tensor of logits [N, {}]",
           file_.string(),
           answer.tagKind(),
           classes_);
    const torch::Tensor logits = answer.toTensor();
    if (!logits.sizes().equals({images, classes_}))
      fail(Exit::kPrecondition,
           "{}: returns [{}] for {} images, must be [{}, {}]: one logit for each class of its card",
           file_.string(),
           fmt::join(logits.sizes(), ", "),
           images,
           images,
           classes_);
    if (!logits.is_floating_point())
      fail(Exit::kPrecondition,
           "{}: returns numbers of type {}, must be float",
           file_.string(),
           c10::toString(logits.scalar_type()));
    return logits.to(torch::kFloat).contiguous();
  }

  torch::jit::Module module_;
  std::filesystem::path file_;
  std::int64_t classes_;
  torch::Tensor order_;
  bool checks_values_;
};

/// A row of the model table with a weight file from outside.
class Weighted : public Model {
 public:
  Weighted(std::shared_ptr<Model> network, std::int64_t classes, torch::Tensor order)
      : Model({}, classes),
        network_(register_module("network", std::move(network))),
        order_(std::move(order)) {}

  torch::Tensor forward(const torch::Tensor& images) override {
    return permuted(network_->forward(images), order_);
  }

 private:
  std::shared_ptr<Model> network_;
  torch::Tensor order_;
};

torch::jit::Module read_torchscript(const std::filesystem::path& file, torch::Device device) {
  // The worker writes its events to standard output, so a program's prints go to standard error.
  torch::jit::setPrintHandler([](const std::string& text) { std::fputs(text.c_str(), stderr); });
  try {
    torch::jit::Module module = torch::jit::load(file.string(), device);
    module.eval();
    if (!module.find_method("forward"))
      fail(Exit::kPrecondition, "{}: has no method forward", file.string());
    return module;
  } catch (const std::exception& error) {
    fail(Exit::kPrecondition,
         "{}: not a TorchScript file that LibTorch {} reads ({}); write one with torch.jit.save",
         file.string(),
         TORCH_VERSION,
         first_line(message_of(error)));
  }
}

ExternalModel load_torchscript(const External& external,
                               const std::filesystem::path& file,
                               const std::vector<std::string>& classes,
                               torch::Device device) {
  torch::jit::Module module = read_torchscript(file, device);
  torch::NoGradGuard no_grad;
  ExternalModel loaded;
  for (torch::Tensor parameter : module.parameters()) {
    loaded.parameters += parameter.numel();
    parameter.requires_grad_(false);  // an optimised program holds them as constants
    if (parameter.dim() == 4) parameter.set_data(channels_last(parameter));
  }
  if (external.parameters > 0 && external.parameters != loaded.parameters)
    fail(Exit::kPrecondition,
         "{}: has {} parameters, its card says {}; correct the card",
         file.string(),
         loaded.parameters,
         external.parameters);
  const bool is_scored = !classes.empty();
  loaded.model = std::make_shared<TorchScript>(std::move(module),
                                               file,
                                               std::ssize(external.classes),
                                               permutation(external, classes, file, device),
                                               is_scored);
  return loaded;
}

ExternalModel load_weighted(const External& external,
                            const std::filesystem::path& file,
                            const std::filesystem::path& map,
                            const std::vector<std::string>& classes,
                            torch::Device device) {
  ModelOptions options;
  options.classes = std::ssize(external.classes);
  const std::shared_ptr<Model> network = find_model(external.model, external.variant).make(options);
  LoadOptions names;
  if (!map.empty()) names.map = read_weight_map(map);
  load_weights(*network, file, names);
  network->to(device);
  ExternalModel loaded;
  loaded.model = std::make_shared<Weighted>(
      network, options.classes, permutation(external, classes, file, device));
  use_memory_format(*loaded.model, MemoryFormat::kChannelsLast);
  loaded.model->eval();
  loaded.parameters = parameter_count(*network);
  return loaded;
}

}  // namespace

ModelEntry external_entry(const Task& task) {
  const External& external = *task.external;
  ModelEntry entry = {};
  if (external.kind == ExternalKind::kWeights) entry = find_model(external.model, external.variant);
  if (external.kind == ExternalKind::kTorchScript) {
    if (external.input.size() != 3)
      fail(Exit::kUsage, "{}: input of an external model must have three sizes", task.model);
    std::copy_n(external.input.begin(), 3, entry.card.input.begin());
  }
  entry.card.name = task.model.c_str();
  entry.card.variant = task.variant.c_str();
  entry.card.outputs = std::ssize(external.classes);
  return entry;
}

void check_digest(const std::filesystem::path& file, const std::string& sha256) {
  const std::string found = sha256_file(file);
  if (found != sha256)
    fail(Exit::kIntegrity,
         "{}: SHA-256 is {}..., but its card says {}...; check that the card names this file",
         file.string(),
         found.substr(0, 16),
         sha256.substr(0, 16));
}

ExternalModel load_external(const Task& task,
                            const std::filesystem::path& file,
                            const std::filesystem::path& map,
                            const std::vector<std::string>& classes,
                            torch::Device device) {
  const External& external = *task.external;
  check_digest(file, external.sha256);
  if (!map.empty()) check_digest(map, external.map_sha256);
  const ExternalModel loaded = external.kind == ExternalKind::kTorchScript
                                   ? load_torchscript(external, file, classes, device)
                                   : load_weighted(external, file, map, classes, device);
  const auto& input = external_entry(task).card.input;
  torch::InferenceMode inference;
  // Otherwise the interpreter would specialise the program for two images, and timing uses one.
  const torch::jit::GraphOptimizerEnabledGuard as_written(false);
  check_values(
      loaded.model->forward(torch::rand({kProbeImages, input[0], input[1], input[2]}).to(device)),
      file);
  return loaded;
}

}  // namespace mien
