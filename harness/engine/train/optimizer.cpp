#include "harness/engine/train/optimizer.h"

#include <algorithm>
#include <optional>

namespace mien {
namespace {

// Kingma & Ba 2015, algorithm 1.
constexpr double kBeta1 = 0.9, kBeta2 = 0.999, kEpsilon = 1e-8;

/// Parameters with the same weight decay.
struct Group {
  std::vector<torch::Tensor> parameters;
  double decay;
};

std::vector<Group> groups_of(const Model& model, const ModelEntry& entry, const Protocol& p) {
  Group decaying{{}, p.optimizer.weight_decay}, free{{}, 0};
  for (const auto& parameter : model.named_parameters()) {
    if (!parameter.value().requires_grad()) continue;
    const bool decays =
        p.optimizer.decay_on == DecayOn::kAll || belongs_to(parameter.key(), entry.classifier);
    (decays ? decaying : free).parameters.push_back(parameter.value());
  }
  std::vector<Group> groups;
  for (const Group& group : {decaying, free})
    if (!group.parameters.empty()) groups.push_back(group);
  return groups;
}

#if TORCH_VERSION_MAJOR < 2

class TorchOptimizer : public ModelOptimizer {
 public:
  TorchOptimizer(const std::vector<Group>& groups, const Protocol& p) {
    std::vector<torch::optim::OptimizerParamGroup> options;
    for (const Group& group : groups)
      options.emplace_back(group.parameters, options_for(p, group.decay));
    if (p.optimizer.name == Optimizer::kAdam)
      optimizer_ = std::make_unique<torch::optim::Adam>(
          options, torch::optim::AdamOptions(p.optimizer.learning_rate));
    else
      optimizer_ = std::make_unique<torch::optim::SGD>(
          options, torch::optim::SGDOptions(p.optimizer.learning_rate));
  }

  void set_rate(double rate) override {
    for (torch::optim::OptimizerParamGroup& group : optimizer_->param_groups())
      group.options().set_lr(rate);
  }
  void step() override { optimizer_->step(); }

 private:
  static std::unique_ptr<torch::optim::OptimizerOptions> options_for(const Protocol& p,
                                                                     double decay) {
    if (p.optimizer.name == Optimizer::kAdam)
      return std::make_unique<torch::optim::AdamOptions>(
          torch::optim::AdamOptions(p.optimizer.learning_rate)
              .betas({kBeta1, kBeta2})
              .eps(kEpsilon)
              .weight_decay(decay));
    return std::make_unique<torch::optim::SGDOptions>(
        torch::optim::SGDOptions(p.optimizer.learning_rate)
            .momentum(p.optimizer.momentum)
            .nesterov(p.optimizer.nesterov && p.optimizer.momentum > 0)
            .weight_decay(decay));
  }

  std::unique_ptr<torch::optim::Optimizer> optimizer_;
};

#else

constexpr double kFirstScale = 65536, kGrowth = 2, kBackoff = 0.5;
constexpr std::int64_t kGrowthSteps = 2000;  // without a gradient that is not finite

/// One call per group. Rate, step counts and scale are tensors on the device.
class FusedOptimizer : public ModelOptimizer {
 public:
  FusedOptimizer(std::vector<Group> groups, const Protocol& p)
      : groups_(std::move(groups)), protocol_(p), state_(groups_.size()) {
    const auto options =
        torch::dtype(torch::kFloat).device(groups_.front().parameters.front().device());
    rate_ = torch::full({}, p.optimizer.learning_rate, options);
    if (p.precision == Precision::kFp16) {
      scale_ = torch::full({1}, kFirstScale, options);
      unused_growth_ = torch::zeros({1}, options.dtype(torch::kInt));
      not_finite_ = torch::zeros({1}, options);
      skipped_ = torch::zeros({1}, options);
    }
    for (std::size_t g = 0; g < groups_.size(); ++g) make_state(groups_[g], state_[g], options);
  }

  void set_rate(double rate) override { rate_.fill_(rate); }

  torch::Tensor scaled(const torch::Tensor& loss) const override {
    return scale_.defined() ? loss * scale_.squeeze() : loss;
  }

  void step() override {
    const torch::NoGradGuard no_grad;
    std::vector<std::vector<torch::Tensor> > gradients;
    for (const Group& group : groups_) {
      gradients.emplace_back();
      for (const torch::Tensor& parameter : group.parameters)
        gradients.back().push_back(parameter.grad());
    }
    std::optional<torch::Tensor> not_finite;
    if (scale_.defined()) {
      unscale(gradients);
      not_finite = not_finite_;
    }
    for (std::size_t g = 0; g < groups_.size(); ++g)
      update(groups_[g], gradients[g], state_[g], not_finite);
    if (scale_.defined())
      at::_amp_update_scale_(scale_, unused_growth_, not_finite_, kGrowth, kBackoff, kGrowthSteps);
  }

  std::int64_t skipped() const override {
    return skipped_.defined() ? static_cast<std::int64_t>(skipped_.item<double>()) : 0;
  }

 private:
  struct State {
    std::vector<torch::Tensor> first, second, steps;  // momentum; adam also has squares and counts
  };

  void make_state(const Group& group, State& state, const torch::TensorOptions& scalar) const {
    const bool adam = protocol_.optimizer.name == Optimizer::kAdam;
    for (const torch::Tensor& parameter : group.parameters) {
      if (adam || protocol_.optimizer.momentum > 0)
        state.first.push_back(torch::zeros_like(parameter));
      if (!adam) continue;
      state.second.push_back(torch::zeros_like(parameter));
      state.steps.push_back(torch::zeros({}, scalar));
    }
  }

  void unscale(const std::vector<std::vector<torch::Tensor> >& gradients) {
    not_finite_.zero_();
    const torch::Tensor inverse = scale_.reciprocal();
    for (const std::vector<torch::Tensor>& some : gradients)
      at::_amp_foreach_non_finite_check_and_unscale_(some, not_finite_, inverse);
    skipped_.add_(not_finite_);
  }

  void update(const Group& group,
              const std::vector<torch::Tensor>& gradients,
              State& state,
              const std::optional<torch::Tensor>& not_finite) {
    if (protocol_.optimizer.name == Optimizer::kAdam) {
      at::_foreach_add_(state.steps, 1);
      // A skipped step does not count.
      if (not_finite) at::_foreach_add_(state.steps, not_finite->squeeze(), -1);
      at::_fused_adam_(group.parameters,
                       gradients,
                       state.first,
                       state.second,
                       {},
                       state.steps,
                       rate_,
                       kBeta1,
                       kBeta2,
                       group.decay,
                       kEpsilon,
                       /*amsgrad=*/false,
                       /*maximize=*/false,
                       /*grad_scale=*/{},
                       not_finite);
    } else {
      at::_fused_sgd_(group.parameters,
                      gradients,
                      state.first,
                      group.decay,
                      protocol_.optimizer.momentum,
                      rate_,
                      /*dampening=*/0,
                      protocol_.optimizer.nesterov && protocol_.optimizer.momentum > 0,
                      /*maximize=*/false,
                      /*is_first_step=*/false,
                      /*grad_scale=*/{},
                      not_finite);
    }
  }

  std::vector<Group> groups_;
  Protocol protocol_;
  std::vector<State> state_;
  torch::Tensor rate_, scale_, unused_growth_, not_finite_, skipped_;
};

#endif

}  // namespace

bool belongs_to(const std::string& parameter, const std::vector<std::string>& members) {
  return std::ranges::any_of(
      members, [&](const std::string& member) { return parameter.starts_with(member + "."); });
}

std::unique_ptr<ModelOptimizer> ModelOptimizer::make(const Model& model,
                                                     const ModelEntry& entry,
                                                     const Protocol& protocol) {
  const std::vector<Group> groups = groups_of(model, entry, protocol);
#if TORCH_VERSION_MAJOR < 2
  return std::make_unique<TorchOptimizer>(groups, protocol);
#else
  return std::make_unique<FusedOptimizer>(groups, protocol);
#endif
}

}  // namespace mien
