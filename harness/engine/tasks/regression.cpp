#include "harness/engine/tasks/regression.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "harness/base/error.h"
#include "harness/engine/context/pretrained.h"
#include "harness/engine/tasks/landmark_baseline.h"
#include "harness/engine/train/evaluate.h"
#include "harness/engine/train/regression_metrics.h"
#include "harness/geometry/face_model.h"
#include "harness/geometry/reconstruct.h"

namespace mien {
namespace {

constexpr const char* kMethod = "bootstrap over subjects";

void check_protocol(const Card& card, const Protocol& p) {
  if (card.predicts != Predicts::kCoefficients)
    fail(Exit::kUsage, "{} predicts classes, not coefficients; set kind to accuracy", card.name);
  if (p.augment.flip_probability > 0)
    fail(Exit::kUsage,
         "augment.flip_probability {}: a mirrored face has other coefficients; set it to 0",
         p.augment.flip_probability);
  if (p.augment.crop == TrainCrop::kTen || p.test_crop == TestCrop::kTen)
    fail(Exit::kUsage,
         "ten crops mirror the face, which then has other coefficients; set augment.crop and "
         "test_crop to center");
  if (p.class_weights != ClassWeights::kNone)
    fail(Exit::kUsage, "class_weights: coefficients have no classes; set it to none");
}

/// Returns how many numbers of the target both the network and the pack have.
std::int64_t compared_width(const Card& card, const Pack& pack, TaskRecord& record) {
  const auto found = pack.targets().find(card.target);
  if (found == pack.targets().end())
    fail(Exit::kUsage,
         "{} predicts {}, and {} has none; choose a dataset that has, such as synth3dmm",
         card.name,
         card.target,
         pack.dataset());
  if (found->second.std.empty())
    fail(Exit::kUsage,
         "{}: {} are not in standard deviations, so no error of theirs has a unit; {} cannot be "
         "trained on them",
         pack.dataset(),
         card.target,
         card.name);
  const std::int64_t outputs = card.targeted > 0 ? card.targeted : card.outputs;
  const std::int64_t numbers = std::ssize(found->second.names);
  if (card.outputs != numbers)
    record.notes.push_back({"warning",
                            fmt::format("{} outputs, {} numbers of {} in {}: {}",
                                        card.outputs,
                                        numbers,
                                        card.target,
                                        pack.dataset(),
                                        outputs < numbers ? "what has no output is not scored"
                                                          : "the rest is not trained")});
  return std::min(outputs, numbers);
}

/// Returns the mean of the target over the rows, float [K].
torch::Tensor mean_target(const Pack& pack,
                          const std::string& target,
                          const std::vector<std::int64_t>& rows,
                          std::int64_t width) {
  Split split;
  split.rows = rows;
  split.labels = torch::empty({std::ssize(rows)}, torch::kInt64);
  add_targets(split, pack, target, width);
  return split.targets.mean(0);
}

/// Returns how far coefficients [K] move the vertices from the mean face: [V, 3] double, in the
/// model's unit.
torch::Tensor offsets_of(const FaceModel& model,
                         const std::string& target,
                         const torch::Tensor& coefficients) {
  const std::span<const float> row(coefficients.data_ptr<float>(),
                                   static_cast<std::size_t>(coefficients.numel()));
  const bool is_identity = target == "identity";
  const std::vector<float> moved = reconstruct(model,
                                               is_identity ? row : std::span<const float>(),
                                               is_identity ? std::span<const float>() : row);
  const auto vertices = [](const std::vector<float>& flat) {
    return torch::tensor(at::ArrayRef<float>(flat)).view({-1, 3}).to(torch::kDouble);
  };
  return vertices(moved) - vertices(model.mean);
}

/// Returns per sample the mean distance in mm of corresponding vertices of two faces whose
/// coefficients differ by `differences` [N, K]. The model is linear, so their offset suffices.
torch::Tensor distances_mm(const FaceModel& model,
                           const std::string& target,
                           const torch::Tensor& differences) {
  const torch::Tensor rows = differences.contiguous();
  std::vector<double> distances;
  for (std::int64_t i = 0; i < rows.size(0); ++i)
    distances.push_back(model.millimetres *
                        offsets_of(model, target, rows[i]).norm(2, 1).mean().item<double>());
  return torch::tensor(at::ArrayRef<double>(distances), torch::kDouble);
}

/// Returns weights [K] with mean 1: the squared distance by which one standard deviation of each
/// coefficient moves the vertices. The components are orthogonal, so squares weighted this way are
/// the squared distances of the vertices.
torch::Tensor vertex_weights(const FaceModel& model,
                             const std::string& target,
                             std::int64_t width) {
  const torch::Tensor moves = torch::eye(width);
  torch::Tensor squares = torch::empty({width});
  for (std::int64_t k = 0; k < width; ++k)
    squares[k] = offsets_of(model, target, moves[k].contiguous()).square().sum();
  return squares / squares.mean();
}

/// What scoring needs beside a split and its outputs.
struct Scoring {
  const Pack& pack;
  const Card& card;
  torch::Tensor floor;             // [K] the mean of the training samples
  torch::Tensor weights = {};      // [K] of the loss; undefined: all equal
  std::optional<FaceModel> model;  // with its unit known
};

/// Records the metrics and the coefficients of one split. `outputs` [N, outputs] is on the CPU.
void store_scores(const Scoring& scoring,
                  const std::string& split_name,
                  const Split& split,
                  const torch::Tensor& outputs,
                  TaskRecord& record) {
  const std::vector<std::int64_t> groups = people(scoring.pack, split.rows);
  const torch::Tensor truth = split.targets.to(torch::kCPU);
  const torch::Tensor predicted = outputs.narrow(1, 0, truth.size(1)).contiguous();
  const torch::Tensor apart = predicted - truth, floor = scoring.floor - truth;
  const auto add = [&](const std::string& name, const Estimate& error, const std::string& unit) {
    record.metrics.push_back({.name = name,
                              .split = split_name,
                              .value = error.value,
                              .unit = unit,
                              .interval = error.interval,
                              .method = error.interval ? kMethod : "",
                              .n = split.size()});
  };
  add("coefficient_error", root_mean_square(apart, groups), "sd");
  add("coefficient_mae", mean_error(apart.abs().mean(1), groups), "sd");
  if (const std::optional<double> r = correlation(predicted, truth))
    add("correlation", {*r, std::nullopt}, "r");
  add("floor_error", root_mean_square(floor, groups), "sd");
  if (scoring.model) {
    const std::string target = scoring.card.target;
    add("mesh_error", mean_error(distances_mm(*scoring.model, target, apart), groups), "mm");
    add("mesh_floor", mean_error(distances_mm(*scoring.model, target, floor), groups), "mm");
  }
  add("loss", {mean_square(outputs, truth).item<double>(), std::nullopt}, "sd2");
  store_coefficients(
      record, split_name, split, scoring.pack, {scoring.card.target, predicted, truth});
}

/// Adds the true coefficients to a split, and the weights of the loss.
void add_truth(const Scoring& scoring, Split& split) {
  add_targets(split, scoring.pack, scoring.card.target, scoring.floor.size(0));
  if (scoring.weights.defined()) split.target_weights = scoring.weights.to(split.images.device());
}

/// Records the error at lower resolutions.
void sweep_scales(TaskContext& context, const Scoring& scoring, const Fold& fold, Model& model) {
  const Protocol& protocol = context.task.protocol;
  for (const std::int64_t percent : protocol.test_scales) {
    ImageForm form = image_form(protocol, scoring.card.input[0]);
    form.shrink_percent = percent;
    Split test = load_split(scoring.pack, fold.test, protocol.limit.test, form, context.device);
    add_truth(scoring, test);
    const torch::Tensor truth = test.targets.to(torch::kCPU);
    const torch::Tensor outputs = outputs_of(model, test, context.augmenter());
    const Estimate error = root_mean_square(outputs.narrow(1, 0, truth.size(1)) - truth,
                                            people(scoring.pack, test.rows));
    context.record.sweep.push_back({.parameter = "scale_percent",
                                    .setting = static_cast<double>(percent),
                                    .metric = "coefficient_error",
                                    .unit = "sd",
                                    .value = error.value,
                                    .interval = error.interval,
                                    .n = test.size()});
  }
}

std::optional<FaceModel> open_face_model(const std::filesystem::path& path, TaskRecord& record) {
  if (path.empty()) return std::nullopt;
  FaceModel model = load_packed_model(path);
  if (model.millimetres > 0) return model;
  record.notes.push_back({"warning", "the unit of the face model is not known: no error in mm"});
  return std::nullopt;
}

torch::Tensor weights_of(const Scoring& scoring, std::int64_t width) {
  if (!scoring.model)
    fail(Exit::kUsage, "coefficient_loss vertices needs a face model with a known unit");
  return vertex_weights(*scoring.model, scoring.card.target, width);
}

}  // namespace

void run_regression(TaskContext& context) {
  const Card& card = context.entry.card;
  const Protocol& protocol = context.task.protocol;
  TaskRecord& record = context.record;
  check_protocol(card, protocol);
  const Pack pack = context.open_pack();
  const std::int64_t width = compared_width(card, pack, record);
  check_shapes(card, pack, protocol.input.resize_px);
  const Network network = context.make_network({});
  Model& model = *network.model;
  const Fold fold = context.open_fold(pack);
  Scoring scoring{.pack = pack,
                  .card = card,
                  .floor = mean_target(pack, card.target, fold.train, width),
                  .model = open_face_model(context.options.face_model, record)};
  if (protocol.coefficient_loss == CoefficientLoss::kVertices)
    scoring.weights = weights_of(scoring, width);
  check_landmarks(pack, scoring.model.has_value(), protocol.landmark_noise);
  FoldImages images = context.load_images(pack, fold);
  for (Split* split : {&images.training, &images.validation, &images.test})
    add_truth(scoring, *split);
  if (!context.task.external)
    context.add_training(context.train_network(model, images, card.outputs),
                         images.training.size());

  context.progress(TaskContext::kTrainingShare, "test");
  const Augmenter augmenter = context.augmenter();
  for (const auto& [name, split] :
       {std::pair{"validation", &images.validation}, {"test", &images.test}})
    if (split->size() > 0)
      store_scores(scoring, name, *split, outputs_of(model, *split, augmenter), record);
  sweep_scales(context, scoring, fold, model);
  if (scoring.model)
    compare_with_landmarks({pack, *scoring.model, images.test, network.model, card, augmenter},
                           protocol.landmark_noise,
                           record);
  context.add_parameters(network);
  context.add_notes();
  context.save(model);
}

}  // namespace mien
