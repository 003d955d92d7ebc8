#include "harness/engine/train/train.h"

#include <chrono>
#include <cmath>
#include <limits>

#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/engine/train/cuda_graph.h"
#include "harness/engine/train/evaluate.h"
#include "harness/engine/train/learning_rate.h"
#include "harness/engine/train/optimizer.h"
#include "harness/engine/train/precision.h"
#include "models/weights.h"

namespace mien {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kOrderStream = std::uint64_t{1}
                                       << 32;  // apart from the epochs' own streams

torch::Tensor balanced_weights(const Split& training, std::int64_t classes) {
  const torch::Tensor counts = torch::bincount(training.labels, /*weights=*/{}, classes);
  return training.size() / (classes * counts.to(torch::kFloat).clamp_min(1));
}

/// Leaves gradients to the fine-tuned layers only.
void freeze_others(Model& model, const ModelEntry& entry) {
  if (entry.fine_tuned.empty())
    fail(Exit::kUsage,
         "{} has no list of fine-tuned layers; set trained_layers to all",
         entry.card.name);
  for (const auto& parameter : model.named_parameters())
    torch::Tensor(parameter.value()).requires_grad_(belongs_to(parameter.key(), entry.fine_tuned));
}

/// Puts the layers that are not fine-tuned into evaluation mode, so that their running statistics
/// stay.
void put_others_into_evaluation(Model& model, const ModelEntry& entry) {
  for (const auto& layer : model.named_modules(/*name_prefix=*/"", /*include_self=*/false))
    if (layer.value()->children().empty() && !belongs_to(layer.key() + ".", entry.fine_tuned))
      layer.value()->eval();
}

/// Removes the gradients, which saves zeroing them and adding to them.
void clear_gradients(Model& model) {
  for (torch::Tensor& parameter : model.parameters()) parameter.mutable_grad() = torch::Tensor();
}

/// Trains epoch by epoch. The members are what all steps share; each keeps its address, so that a
/// step can be captured.
class Epochs {
 public:
  Epochs(Model& model, const TrainingSetup& setup)
      : model_(model),
        entry_(setup.entry),
        protocol_(setup.protocol),
        seed_(setup.seed),
        training_(setup.images.training),
        device_(training_.labels.device()),
        augmenter_(protocol_, entry_.card.input, seed_),
        rate_(protocol_, steps()),
        optimizer_(ModelOptimizer::make(model, entry_, protocol_)),
        full_step_(protocol_.cuda_graph, device_) {
    const auto options = torch::TensorOptions(device_);
    order_ = torch::empty({training_.size()}, options.dtype(torch::kLong));
    indices_ = torch::empty({protocol_.batch}, options.dtype(torch::kLong));
    loss_sum_ = torch::empty({}, options);
    hits_ = torch::empty({}, options);
    if (protocol_.class_weights == ClassWeights::kBalanced)
      loss_options_.weight(balanced_weights(training_, setup.classes));
  }

  std::int64_t steps() const { return (training_.size() + protocol_.batch - 1) / protocol_.batch; }
  const Augmenter& augmenter() const { return augmenter_; }
  const ModelOptimizer& optimizer() const { return *optimizer_; }
  const std::string& why_not_captured() const { return full_step_.why_not(); }
  void end(double score) { rate_.end_epoch(score); }

  EpochPoint run(std::int64_t epoch, const Progress& progress);
  double training_seconds = 0;
  std::optional<double> other_seconds;

 private:
  void start(std::int64_t epoch);
  void step(const torch::Tensor& indices);
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
  std::unique_ptr<ModelOptimizer> optimizer_;
  CudaGraph full_step_;
  torch::nn::functional::CrossEntropyFuncOptions loss_options_;
  torch::Tensor order_, indices_, loss_sum_, hits_;
  double busy_ = 0;  // seconds of the epoch inside forward, backward and step
};

/// Returns the labels or the targets of a batch, crop by crop.
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

/// Draws the order and the augmentation of an epoch, on the device.
void Epochs::start(std::int64_t epoch) {
  model_.train();
  if (protocol_.trained_layers == TrainedLayers::kFineTuned)
    put_others_into_evaluation(model_, entry_);
  augmenter_.start_epoch(epoch, training_.size(), device_);
  const torch::Tensor keys = uniform(
      training_.size(), 1, seed_, kOrderStream + static_cast<std::uint64_t>(epoch), device_);
  order_.copy_(std::get<1>(keys.flatten().sort(/*stable=*/true, /*dim=*/0, false)));
  loss_sum_.zero_();
  hits_.zero_();
  busy_ = 0;
}

/// Changes the weights by the images at `indices` of the split, and adds to the sums of the epoch.
void Epochs::step(const torch::Tensor& indices) {
  const torch::Tensor images = augmenter_.train(rows_of(training_.images, indices), indices);
  const torch::Tensor truth = wanted(indices);

  const Clock::time_point inside = Clock::now();
  clear_gradients(model_);
  PrecisionScope precision(protocol_.precision, device_);
  const torch::Tensor outputs = model_.forward(images).to(torch::kFloat);
  const torch::Tensor loss = loss_of(outputs, truth);
  precision.end_casting();
  optimizer_->scaled(loss).backward();
  optimizer_->step();
  busy_ += seconds_since(inside);

  loss_sum_ += loss.detach() * static_cast<double>(indices.size(0));
  if (!training_.targets.defined()) hits_ += (outputs.detach().argmax(1) == truth).sum();
}

/// Waits for the device only when it reads the sums at the end.
EpochPoint Epochs::run(std::int64_t epoch, const Progress& progress) {
  const Clock::time_point begin = Clock::now();
  EpochPoint point;
  point.epoch = epoch + 1;
  start(epoch);
  for (std::int64_t at = 0; at < steps(); ++at) {
    const std::int64_t first = at * protocol_.batch;
    const std::int64_t count = std::min(protocol_.batch, training_.size() - first);
    point.learning_rate = rate_.at(epoch, epoch * steps() + at);
    optimizer_->set_rate(point.learning_rate);
    const torch::Tensor indices = order_.narrow(0, first, count);
    if (count == protocol_.batch) {
      indices_.copy_(indices);
      full_step_.run([this] { step(indices_); });
    } else {
      step(indices);
    }
    progress(static_cast<double>(at + 1) / static_cast<double>(steps()), "");
  }
  point.train_loss = loss_sum_.item<double>() / static_cast<double>(training_.size());
  const double answers = static_cast<double>(training_.size() * augmenter_.train_crops());
  const bool classifies = !training_.targets.defined();
  if (classifies) point.train_accuracy = 100 * hits_.item<double>() / answers;
  const double total = seconds_since(begin);
  // A CUDA device works asynchronously, so the host's clock cannot divide its time.
  if (!device_.is_cuda()) {
    point.other_seconds = total - busy_;
    other_seconds = other_seconds.value_or(0) + *point.other_seconds;
  }
  training_seconds += total;
  return point;
}

void check_finite(const EpochPoint& point) {
  if (std::isfinite(point.train_loss) && std::isfinite(point.validation_loss.value_or(0))) return;
  fail(Exit::kTaskFailed,
       "training diverged: the loss is not finite in epoch {}; lower "
       "optimizer.learning_rate (it is {})",
       point.epoch,
       point.learning_rate);
}

/// The state of the model on one split.
struct SplitScore {
  std::optional<double> loss, accuracy;  // accuracy in percent; none for targets
  std::optional<double> score;           // more is better; none for a split without images
};

SplitScore score_split(Model& model, const Split& split, const Augmenter& augmenter) {
  if (split.size() == 0) return {};
  if (split.targets.defined()) {
    const torch::Tensor outputs = outputs_of(model, split, augmenter);
    const torch::Tensor weights = split.target_weights;
    const double loss = mean_square(outputs,
                                    split.targets.to(torch::kCPU),
                                    weights.defined() ? weights.to(torch::kCPU) : weights)
                            .item<double>();
    return {loss, std::nullopt, -loss};
  }
  const Evaluation evaluation = evaluate(model, split, augmenter);
  const double accuracy = 100 * evaluation.scores.accuracy;
  return {evaluation.loss, accuracy, accuracy};
}

}  // namespace

Training train(Model& model, const TrainingSetup& setup, const Progress& progress) {
  const Protocol& protocol = setup.protocol;
  const auto& [training, validation, test] = setup.images;
  Training result;
  if (model.fit(training.labels, setup.classes)) return result;
  if (validation.size() == 0 &&
      (protocol.select == Select::kBestValidation || protocol.schedule.name == Schedule::kPlateau))
    fail(Exit::kUsage,
         "{} has no validation images for select best_validation or schedule plateau; choose "
         "another split, or select last",
         name_of(protocol.splits));
  check_precision(protocol.precision, training.labels.device());
  if (protocol.trained_layers == TrainedLayers::kFineTuned) freeze_others(model, setup.entry);
  const SideStream stream(training.labels.device());
  Epochs epochs(model, setup);
  Snapshot best;
  double best_score = -std::numeric_limits<double>::infinity();
  for (std::int64_t epoch = 0; epoch < protocol.epochs; ++epoch) {
    const Clock::time_point start = Clock::now();
    const std::string what = fmt::format("epoch {}/{}", epoch + 1, protocol.epochs);
    EpochPoint point = epochs.run(epoch, [&](double share, const std::string&) {
      progress((static_cast<double>(epoch) + share) / static_cast<double>(protocol.epochs), what);
    });
    const SplitScore validated = score_split(model, validation, epochs.augmenter());
    point.validation_loss = validated.loss;
    point.validation_accuracy = validated.accuracy;
    check_finite(point);
    if (validated.score) epochs.end(*validated.score);
    std::optional<double> score = validated.score;
    if (protocol.select == Select::kBestTest)
      score = score_split(model, test, epochs.augmenter()).score;
    if (protocol.select == Select::kLast || (score && *score > best_score)) {
      best_score = score.value_or(best_score);
      result.selected_epoch = epoch + 1;
      if (protocol.select != Select::kLast) best = take_snapshot(model);
    }
    point.seconds = seconds_since(start);
    result.curve.push_back(point);
  }
  if (!best.empty()) restore_snapshot(model, best);
  result.seconds = epochs.training_seconds;
  result.other_seconds = epochs.other_seconds;
  result.skipped_steps = epochs.optimizer().skipped();
  result.why_not_captured = epochs.why_not_captured();
  return result;
}

}  // namespace mien
