#include "harness/engine/train.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <memory>

#include "harness/core/error.h"
#include "harness/engine/evaluate.h"
#include "harness/engine/learning_rate.h"
#include "models/weights.h"

namespace mien {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kOrderStream = std::uint64_t{1}
                                       << 32;  // apart from the epochs' own streams

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool belongs_to(const std::string& parameter, const std::vector<std::string>& members) {
  for (const std::string& member : members)
    if (parameter.starts_with(member + ".")) return true;
  return false;
}

std::unique_ptr<torch::optim::OptimizerOptions> options_for(const Protocol& p, double decay) {
  if (p.optimizer == Optimizer::kAdam)
    return std::make_unique<torch::optim::AdamOptions>(
        torch::optim::AdamOptions(p.learning_rate).weight_decay(decay));
  return std::make_unique<torch::optim::SGDOptions>(torch::optim::SGDOptions(p.learning_rate)
                                                        .momentum(p.momentum)
                                                        .nesterov(p.nesterov && p.momentum > 0)
                                                        .weight_decay(decay));
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(const Model& model,
                                                        const ModelEntry& entry,
                                                        const Protocol& p) {
  std::vector<torch::Tensor> decaying, free;
  for (const auto& parameter : model.named_parameters()) {
    if (!parameter.value().requires_grad()) continue;
    const bool decays =
        p.decay_on == DecayOn::kAll || belongs_to(parameter.key(), entry.classifier);
    (decays ? decaying : free).push_back(parameter.value());
  }
  std::vector<torch::optim::OptimizerParamGroup> groups;
  if (!decaying.empty()) groups.emplace_back(decaying, options_for(p, p.weight_decay));
  if (!free.empty()) groups.emplace_back(free, options_for(p, 0));
  if (p.optimizer == Optimizer::kAdam)
    return std::make_unique<torch::optim::Adam>(groups, torch::optim::AdamOptions(p.learning_rate));
  return std::make_unique<torch::optim::SGD>(groups, torch::optim::SGDOptions(p.learning_rate));
}

void set_rate(torch::optim::Optimizer& optimizer, double rate) {
  for (torch::optim::OptimizerParamGroup& group : optimizer.param_groups())
    group.options().set_lr(rate);
}

torch::Tensor balanced_weights(const Split& training, std::int64_t classes) {
  const torch::Tensor counts = torch::bincount(training.labels, /*weights=*/{}, classes);
  return training.size() / (classes * counts.to(torch::kFloat).clamp_min(1));
}

/// Only what is fine-tuned gets gradients.
void freeze_others(Model& model, const ModelEntry& entry) {
  if (entry.fine_tuned.empty())
    fail(Exit::kUsage,
         "{} has no list of fine-tuned layers; set trained_layers to all",
         entry.card.name);
  for (const auto& parameter : model.named_parameters())
    torch::Tensor(parameter.value()).requires_grad_(belongs_to(parameter.key(), entry.fine_tuned));
}

/// Layers that are not fine-tuned behave as in evaluation: running statistics stay.
void still_others(Model& model, const ModelEntry& entry) {
  for (const auto& layer : model.named_modules(/*name_prefix=*/"", /*include_self=*/false))
    if (layer.value()->children().empty() && !belongs_to(layer.key() + ".", entry.fine_tuned))
      layer.value()->eval();
}

/// Absent gradients save one pass of zeroing and one of adding.
void clear_gradients(Model& model) {
  for (torch::Tensor& parameter : model.parameters()) parameter.mutable_grad() = torch::Tensor();
}

/// One run through the training split; the members are what its steps share.
class Epochs {
 public:
  Epochs(Model& model,
         const ModelEntry& entry,
         const Protocol& protocol,
         std::uint64_t seed,
         const Split& training,
         std::int64_t classes)
      : model_(model),
        entry_(entry),
        protocol_(protocol),
        seed_(seed),
        training_(training),
        device_(training.labels.device()),
        augmenter_(protocol, entry.card.input, seed),
        rate_(protocol, steps()),
        optimizer_(make_optimizer(model, entry, protocol)) {
    if (protocol.class_weights == ClassWeights::kBalanced)
      loss_options_.weight(balanced_weights(training, classes));
  }

  std::int64_t steps() const { return (training_.size() + protocol_.batch - 1) / protocol_.batch; }
  const Augmenter& augmenter() const { return augmenter_; }
  void end(double merit) { rate_.end_epoch(merit); }

  EpochPoint run(std::int64_t epoch, const Progress& progress);
  double training_seconds = 0, other_seconds = 0;

 private:
  torch::Tensor wanted(const torch::Tensor& indices) const;
  torch::Tensor loss_of(const torch::Tensor& outputs, const torch::Tensor& wanted) const;

  Model& model_;
  const ModelEntry& entry_;
  const Protocol& protocol_;
  std::uint64_t seed_;
  const Split& training_;
  torch::Device device_;
  Augmenter augmenter_;
  LearningRate rate_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  torch::nn::functional::CrossEntropyFuncOptions loss_options_;
};

/// Labels or targets of a batch, crop by crop.
torch::Tensor Epochs::wanted(const torch::Tensor& indices) const {
  const std::int64_t crops = augmenter_.train_crops();
  if (training_.targets.defined())
    return training_.targets.index_select(0, indices).repeat({crops, 1});
  return training_.labels.index_select(0, indices).repeat({crops});
}

torch::Tensor Epochs::loss_of(const torch::Tensor& outputs, const torch::Tensor& wanted) const {
  if (training_.targets.defined()) return mean_square(outputs, wanted, training_.target_weights);
  return torch::nn::functional::cross_entropy(outputs, wanted, loss_options_);
}

EpochPoint Epochs::run(std::int64_t epoch, const Progress& progress) {
  const Clock::time_point start = Clock::now();
  const bool classifies = !training_.targets.defined();
  double busy = 0;  // inside forward, backward and step
  EpochPoint point;
  point.epoch = epoch + 1;
  model_.train();
  if (protocol_.trained_layers == TrainedLayers::kFineTuned) still_others(model_, entry_);
  augmenter_.start_epoch(epoch, training_.size(), device_);
  const torch::Tensor keys =
      uniform(training_.size(), 1, seed_, kOrderStream + static_cast<std::uint64_t>(epoch));
  const torch::Tensor order =
      std::get<1>(keys.flatten().sort(/*stable=*/true, /*dim=*/0, false)).to(device_);
  const auto options = torch::TensorOptions(device_);
  torch::Tensor loss_sum = torch::zeros({}, options), hits = torch::zeros({}, options);
  for (std::int64_t step = 0; step < steps(); ++step) {
    const std::int64_t first = step * protocol_.batch;
    const torch::Tensor indices =
        order.narrow(0, first, std::min(protocol_.batch, training_.size() - first));
    const torch::Tensor images =
        channels_last(augmenter_.train(training_.images.index_select(0, indices), indices));
    const torch::Tensor truth = wanted(indices);
    point.learning_rate = rate_.at(epoch, epoch * steps() + step);
    set_rate(*optimizer_, point.learning_rate);

    const Clock::time_point inside = Clock::now();
    clear_gradients(model_);
    const torch::Tensor outputs = model_.forward(images);
    const torch::Tensor loss = loss_of(outputs, truth);
    loss.backward();
    optimizer_->step();
    busy += seconds_since(inside);

    const double weight = static_cast<double>(indices.size(0));
    loss_sum += loss.detach() * weight;
    if (classifies) hits += (outputs.detach().argmax(1) == truth).sum();
    progress(static_cast<double>(step + 1) / static_cast<double>(steps()), "");
  }
  point.train_loss = loss_sum.item<double>() / static_cast<double>(training_.size());
  const double answers = static_cast<double>(training_.size() * augmenter_.train_crops());
  point.train_accuracy = classifies ? 100 * hits.item<double>() / answers : std::nan("");
  const double total = seconds_since(start);
  point.other_seconds = total - busy;
  training_seconds += total;
  other_seconds += point.other_seconds;
  return point;
}

void check_finite(const EpochPoint& point, bool validated) {
  if (std::isfinite(point.train_loss) && (!validated || std::isfinite(point.validation_loss)))
    return;
  fail(Exit::kTaskFailed,
       "training diverged: the loss is not finite in epoch {}; lower "
       "optimizer.learning_rate (it is {})",
       point.epoch,
       point.learning_rate);
}

/// How the model does on a split.
struct Seen {
  double loss = std::nan(""), accuracy = std::nan("");  // accuracy in percent; NaN of targets
  double merit = std::nan("");                          // more is better
};

Seen look(Model& model, const Split& split, const Augmenter& augmenter) {
  if (split.size() == 0) return {};
  if (split.targets.defined()) {
    const torch::Tensor outputs = outputs_of(model, split, augmenter);
    const torch::Tensor weights = split.target_weights;
    const double loss = mean_square(outputs,
                                    split.targets.to(torch::kCPU),
                                    weights.defined() ? weights.to(torch::kCPU) : weights)
                            .item<double>();
    return {loss, std::nan(""), -loss};
  }
  const Evaluation seen = evaluate(model, split, augmenter);
  return {seen.loss, 100 * seen.scores.accuracy, 100 * seen.scores.accuracy};
}

}  // namespace

Training train(Model& model,
               const ModelEntry& entry,
               const Protocol& protocol,
               std::uint64_t seed,
               const Split& training,
               const Split& validation,
               const Split& test,
               std::int64_t classes,
               const Progress& progress) {
  Training result;
  if (model.fit(training.labels, classes)) return result;
  if (validation.size() == 0 &&
      (protocol.select == Select::kBestValidation || protocol.schedule == Schedule::kPlateau))
    fail(Exit::kUsage,
         "{} has no validation images for select best_validation or schedule plateau; choose "
         "another split, or select last",
         name_of(protocol.splits));
  if (protocol.trained_layers == TrainedLayers::kFineTuned) freeze_others(model, entry);
  Epochs epochs(model, entry, protocol, seed, training, classes);
  Snapshot best;
  double best_merit = -std::numeric_limits<double>::infinity();
  for (std::int64_t epoch = 0; epoch < protocol.epochs; ++epoch) {
    const Clock::time_point start = Clock::now();
    const std::string what = fmt::format("epoch {}/{}", epoch + 1, protocol.epochs);
    EpochPoint point = epochs.run(epoch, [&](double share, const std::string&) {
      progress((static_cast<double>(epoch) + share) / static_cast<double>(protocol.epochs), what);
    });
    const Seen seen = look(model, validation, epochs.augmenter());
    point.validation_loss = seen.loss;
    point.validation_accuracy = seen.accuracy;
    check_finite(point, validation.size() > 0);
    epochs.end(seen.merit);
    double merit = seen.merit;
    if (protocol.select == Select::kBestTest) merit = look(model, test, epochs.augmenter()).merit;
    if (protocol.select == Select::kLast || merit > best_merit) {
      best_merit = merit;
      result.selected_epoch = epoch + 1;
      if (protocol.select != Select::kLast) best = take_snapshot(model);
    }
    point.seconds = seconds_since(start);
    result.curve.push_back(point);
  }
  if (!best.empty()) restore_snapshot(model, best);
  result.seconds = epochs.training_seconds;
  result.other_seconds = epochs.other_seconds;
  return result;
}

}  // namespace mien
