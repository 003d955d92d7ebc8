#include "harness/engine/regress.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "harness/core/error.h"
#include "harness/core/face_model.h"
#include "harness/core/reconstruct.h"
#include "harness/engine/evaluate.h"
#include "harness/engine/landmark_baseline.h"
#include "harness/engine/scores.h"
#include "harness/engine/task_parts.h"

namespace mien {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kMethod = "bootstrap over subjects";

void check_protocol(const Card& card, const Protocol& p) {
  if (card.predicts != Predicts::kCoefficients)
    fail(Exit::kUsage, "{} predicts classes, not coefficients; set kind to accuracy", card.name);
  if (p.flip_probability > 0)
    fail(Exit::kUsage,
         "augment.flip_probability {}: a mirrored face has other coefficients; set it to 0",
         p.flip_probability);
  if (p.train_crop == TrainCrop::kTen || p.test_crop == TestCrop::kTen)
    fail(Exit::kUsage,
         "ten crops mirror the face, which then has other coefficients; set augment.crop and "
         "test_crop to center");
  if (p.class_weights != ClassWeights::kNone)
    fail(Exit::kUsage, "class_weights: coefficients have no classes; set it to none");
}

/// How many numbers of the target the network and the pack both have.
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

/// The mean of the rows, float [K].
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

/// How far coefficients [K] move the vertices from the mean face: [V, 3] double, the model's unit.
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

/// Mean distance of corresponding vertices, mm, per sample: the model is linear, so what
/// coefficients that are `differences` [N, K] apart make is that far apart.
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

/// [K], mean 1: by how far one standard deviation of each coefficient moves the vertices, squared.
/// The modes being orthogonal, squares so weighted are those of the vertices' distances.
torch::Tensor vertex_weights(const FaceModel& model,
                             const std::string& target,
                             std::int64_t width) {
  const torch::Tensor moves = torch::eye(width);
  torch::Tensor squares = torch::empty({width});
  for (std::int64_t k = 0; k < width; ++k)
    squares[k] = offsets_of(model, target, moves[k].contiguous()).square().sum();
  return squares / squares.mean();
}

/// What scoring needs besides a split and its outputs.
struct Scoring {
  const Pack& pack;
  const Card& card;
  torch::Tensor floor;             // [K] the mean of the training samples
  torch::Tensor weights = {};      // [K] of the loss; undefined: all alike
  std::optional<FaceModel> model;  // with its unit known
};

void add_error(const std::string& name,
               const std::string& split,
               const Estimate& error,
               const std::string& unit,
               std::int64_t n,
               TaskRecord& record) {
  record.metrics.push_back({name,
                            split,
                            error.value,
                            unit,
                            error.interval.lower,
                            error.interval.upper,
                            std::isnan(error.interval.lower) ? "" : kMethod,
                            n});
}

void store_rows(const Scoring& scoring,
                const std::string& split_name,
                const Split& split,
                const torch::Tensor& predicted,
                const torch::Tensor& truth,
                TaskRecord& record) {
  const auto row_of = [](const torch::Tensor& all, std::int64_t i) {
    const float* first = all.data_ptr<float>() + i * all.size(1);
    return std::vector<float>(first, first + all.size(1));
  };
  for (std::int64_t i = 0; i < split.size(); ++i) {
    const std::int64_t row = split.rows[static_cast<std::size_t>(i)];
    record.coefficients.push_back({split_name,
                                   row,
                                   scoring.pack.ids()[static_cast<std::size_t>(row)],
                                   scoring.card.target,
                                   row_of(truth, i),
                                   row_of(predicted, i)});
  }
}

/// Metrics and rows of one split. `outputs` [N, outputs], on the CPU.
void store_scores(const Scoring& scoring,
                  const std::string& split_name,
                  const Split& split,
                  const torch::Tensor& outputs,
                  TaskRecord& record) {
  const std::vector<std::int64_t> groups = people(scoring.pack, split.rows);
  const torch::Tensor truth = split.targets.to(torch::kCPU);
  const torch::Tensor predicted = outputs.narrow(1, 0, truth.size(1)).contiguous();
  const torch::Tensor apart = predicted - truth, floor = scoring.floor - truth;
  const std::int64_t n = split.size();
  const auto add = [&](const std::string& name, const Estimate& error, const std::string& unit) {
    add_error(name, split_name, error, unit, n, record);
  };
  add("coefficient_error", root_mean_square(apart, groups), "sd");
  add("coefficient_mae", mean_error(apart.abs().mean(1), groups), "sd");
  const double r = correlation(predicted, truth);
  if (!std::isnan(r)) add("correlation", {r, {kNone, kNone}}, "r");
  add("floor_error", root_mean_square(floor, groups), "sd");
  if (scoring.model) {
    const std::string target = scoring.card.target;
    add("mesh_error", mean_error(distances_mm(*scoring.model, target, apart), groups), "mm");
    add("mesh_floor", mean_error(distances_mm(*scoring.model, target, floor), groups), "mm");
  }
  add("loss", {mean_square(outputs, truth).item<double>(), {kNone, kNone}}, "sd2");
  store_rows(scoring, split_name, split, predicted, truth, record);
}

/// Images and truth of some rows.
Split load_targets(const Scoring& scoring,
                   const std::vector<std::int64_t>& rows,
                   std::int64_t limit,
                   const ImageForm& form,
                   torch::Device device) {
  Split split = load_split(scoring.pack, rows, limit, form, device);
  add_targets(split, scoring.pack, scoring.card.target, scoring.floor.size(0));
  if (scoring.weights.defined()) split.target_weights = scoring.weights.to(device);
  return split;
}

/// The error at lower resolutions.
void sweep_scales(const Scoring& scoring,
                  const Protocol& protocol,
                  const Fold& fold,
                  Model& model,
                  const Augmenter& augmenter,
                  torch::Device device,
                  TaskRecord& record) {
  for (const std::int64_t percent : protocol.test_scales) {
    ImageForm form = image_form(protocol, scoring.card.input[0]);
    form.shrink_percent = percent;
    const Split test = load_targets(scoring, fold.test, protocol.limit_test, form, device);
    const torch::Tensor truth = test.targets.to(torch::kCPU);
    const torch::Tensor outputs = outputs_of(model, test, augmenter);
    const Estimate error = root_mean_square(outputs.narrow(1, 0, truth.size(1)) - truth,
                                            people(scoring.pack, test.rows));
    record.sweep.push_back({"scale_percent",
                            static_cast<double>(percent),
                            "coefficient_error",
                            "sd",
                            error.value,
                            error.interval.lower,
                            error.interval.upper,
                            test.size()});
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

/// The images of a fold, with their truth; nothing trains a network from outside.
struct Sides {
  Split training, validation, test;
};

Sides load_sides(const Scoring& scoring, const Task& task, const Fold& fold, torch::Device device) {
  const Protocol& protocol = task.protocol;
  const ImageForm form = image_form(protocol, scoring.card.input[0]);
  const auto load = [&](const std::vector<std::int64_t>& rows, std::int64_t limit) {
    return load_targets(scoring, rows, limit, form, device);
  };
  return {load(task.external ? std::vector<std::int64_t>() : fold.train, protocol.limit_train),
          load(fold.validation, protocol.limit_validation),
          load(fold.test, protocol.limit_test)};
}

void train_on(const Sides& sides,
              const Task& task,
              const ModelEntry& entry,
              Model& model,
              const Progress& progress,
              TaskRecord& record) {
  const auto share_of_all = [&](double share, const std::string& what) {
    progress(0.9 * share, what);
  };
  const Training trained = train(model,
                                 entry,
                                 task.protocol,
                                 static_cast<std::uint64_t>(task.seed),
                                 sides.training,
                                 sides.validation,
                                 sides.test,
                                 entry.card.outputs,
                                 share_of_all);
  add_training(trained, sides.training.size(), record);
}

}  // namespace

void run_regression(const Task& task,
                    const ModelEntry& entry,
                    const WorkerOptions& options,
                    torch::Device device,
                    const Progress& progress,
                    TaskRecord& record) {
  const Protocol& protocol = task.protocol;
  check_protocol(entry.card, protocol);
  const Pack pack = open_planned_pack(task, options.pack);
  const std::int64_t width = compared_width(entry.card, pack, record);
  check_shapes(entry.card, pack, protocol.resize_px);
  const Network network = make_network(task, entry, options, {}, device);
  const Fold fold = open_fold(task, pack, options, progress, record);
  Scoring scoring{.pack = pack,
                  .card = entry.card,
                  .floor = mean_target(pack, entry.card.target, fold.train, width),
                  .model = open_face_model(options.face_model, record)};
  if (protocol.coefficient_loss == CoefficientLoss::kVertices)
    scoring.weights = weights_of(scoring, width);
  check_landmarks(pack, scoring.model.has_value(), protocol.landmark_noise);
  const Sides sides = load_sides(scoring, task, fold, device);
  if (!task.external) train_on(sides, task, entry, *network.model, progress, record);

  progress(0.9, "test");
  const Augmenter augmenter(protocol, entry.card.input, static_cast<std::uint64_t>(task.seed));
  for (const auto& [name, split] :
       {std::pair{"validation", &sides.validation}, {"test", &sides.test}})
    if (split->size() > 0)
      store_scores(scoring, name, *split, outputs_of(*network.model, *split, augmenter), record);
  sweep_scales(scoring, protocol, fold, *network.model, augmenter, device, record);
  if (scoring.model)
    compare_with_landmarks({pack, *scoring.model, sides.test, network.model, entry.card, augmenter},
                           protocol.landmark_noise,
                           record);
  add_parameters(network, record);
  add_notes(task, record);
  if (!task.external) save(task, *network.model, options, record);
}

}  // namespace mien
