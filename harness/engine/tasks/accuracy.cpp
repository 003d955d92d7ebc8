#include "harness/engine/tasks/accuracy.h"

#include <optional>

#include "harness/base/error.h"
#include "harness/engine/context/external.h"
#include "harness/engine/train/evaluate.h"
#include "harness/task/predictions.h"

namespace mien {
namespace {

void check_predicts_classes(const Card& card) {
  if (card.predicts != Predicts::kClasses)
    fail(Exit::kUsage,
         "{} predicts {} coefficients, not classes: it can be timed, but has no accuracy",
         card.name,
         card.outputs);
}

}  // namespace

void run_accuracy(TaskContext& context) {
  const Card& card = context.entry.card;
  check_predicts_classes(card);
  const Pack pack = context.open_pack();
  check_shapes(card, pack, context.task.protocol.input.resize_px);
  const Network network = context.make_network(pack.class_names());
  Model& model = *network.model;
  const Fold fold = context.open_fold(pack);
  const FoldImages images = context.load_images(pack, fold);
  std::optional<Training> training;
  if (!context.task.external)
    training = context.train_network(model, images, std::ssize(pack.class_names()));

  const double done = training ? TaskContext::kTrainingShare : 0;
  const auto scoring = [&](double share) { context.progress(done + (1 - done) * share, "test"); };
  const Augmenter augmenter = context.augmenter();
  TaskRecord& record = context.record;
  if (images.validation.size() > 0)
    store_evaluation(record,
                     "validation",
                     images.validation,
                     pack,
                     evaluate(model, images.validation, augmenter));
  store_evaluation(
      record, "test", images.test, pack, evaluate(model, images.test, augmenter, scoring));
  if (training) context.add_training(*training, images.training.size());
  context.add_parameters(network);
  context.add_notes();
  context.save(model);
}

void run_predictions(TaskContext& context) {
  const External& external = *context.task.external;
  const Pack pack = context.open_pack();
  check_digest(context.options.model, external.sha256);
  const Fold fold = context.open_fold(pack);
  const ImageForm as_stored{pack.image_shape()[0]};
  const Split test =
      load_split(pack, fold.test, context.task.protocol.limit.test, as_stored, torch::kCPU);
  ExternalScores found = read_predictions(context.options.model, pack, test.rows);
  const torch::Tensor scores =
      torch::tensor(found.scores).view({test.size(), std::ssize(pack.class_names())});
  Evaluation evaluation = evaluate_logits(scores, test.labels);
  evaluation.loss.reset();  // the scores may be logits, probabilities or anything else
  store_evaluation(context.record, "test", test, pack, evaluation);
  context.add_notes();
  if (found.unknown > 0)
    context.warn(fmt::format("{} of {} samples of the file are not in the pack, and are not used",
                             found.unknown,
                             found.lines));
  if (external.images_per_second <= 0) return;
  Metric speed = plain("images_per_second_external", external.images_per_second, "img/s");
  speed.method = "external";
  context.record.metrics.push_back(speed);
  context.warn("timed by others: " + external.timing_source);
}

}  // namespace mien
