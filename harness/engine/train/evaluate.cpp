#include "harness/engine/train/evaluate.h"

#include <algorithm>
#include <cmath>

#include "harness/engine/train/precision.h"

namespace mien {
namespace {

/// Returns how many images a forward pass takes. It bounds the memory and does not change outputs.
std::int64_t images_at_once(const torch::Tensor& images, std::int64_t crops) {
  const std::int64_t numbers = crops * images[0].numel();
  const bool cuda = images.is_cuda();
  return std::clamp<std::int64_t>((cuda ? 80'000'000 : 10'000'000) / numbers,
                                  1,
                                  std::max<std::int64_t>(1, (cuda ? 2048 : 256) / crops));
}

Metric percent(const std::string& name, const std::string& split, double fraction, std::int64_t n) {
  return {.name = name, .split = split, .value = 100 * fraction, .unit = "%", .n = n};
}

}  // namespace

torch::Tensor outputs_of(Model& model,
                         const Split& split,
                         const Augmenter& augmenter,
                         const std::function<void(double)>& progress) {
  const torch::InferenceMode inference;
  const PrecisionScope precision(augmenter.protocol().precision, split.labels.device());
  const bool was_training = model.is_training();
  model.eval();
  const std::int64_t crops = augmenter.test_crops();
  const std::int64_t batch = images_at_once(split.images, crops);
  std::vector<torch::Tensor> parts;
  for (std::int64_t at = 0; at < split.size(); at += batch) {
    const std::int64_t count = std::min(batch, split.size() - at);
    const torch::Tensor images = augmenter.test(split.images.narrow(0, at, count));
    const torch::Tensor outputs = model.forward(images).to(torch::kFloat);
    parts.push_back(outputs.view({crops, count, outputs.size(1)}).mean(0));
    if (progress) progress(static_cast<double>(at + count) / static_cast<double>(split.size()));
  }
  model.train(was_training);
  return torch::cat(parts).to(torch::kCPU).contiguous();
}

torch::Tensor mean_square(const torch::Tensor& outputs,
                          const torch::Tensor& targets,
                          const torch::Tensor& weights) {
  const torch::Tensor meant = outputs.narrow(1, 0, targets.size(1));
  if (!weights.defined()) return torch::mse_loss(meant, targets);
  return ((meant - targets).square() * weights).mean();
}

Evaluation evaluate(Model& model,
                    const Split& split,
                    const Augmenter& augmenter,
                    const std::function<void(double)>& progress) {
  return evaluate_logits(outputs_of(model, split, augmenter, progress),
                         split.labels.to(torch::kCPU));
}

Evaluation evaluate_logits(const torch::Tensor& logits, const torch::Tensor& labels) {
  const std::int64_t classes = logits.size(1);
  Evaluation result;
  result.logits = logits;
  result.loss = torch::nn::functional::cross_entropy(logits, labels).item<double>();
  const torch::Tensor cells = labels * classes + logits.argmax(1);
  const torch::Tensor counts = torch::bincount(cells, /*weights=*/{}, classes * classes);
  result.confusion.assign(counts.data_ptr<std::int64_t>(),
                          counts.data_ptr<std::int64_t>() + counts.numel());
  result.scores = score(result.confusion, static_cast<std::size_t>(classes));
  return result;
}

void store_evaluation(TaskRecord& record,
                      const std::string& split_name,
                      const Split& split,
                      const Pack& pack,
                      const Evaluation& evaluation) {
  const ClassScores& scores = evaluation.scores;
  const Interval interval = wilson(scores.correct, scores.total);
  Metric accuracy = percent("accuracy", split_name, scores.accuracy, scores.total);
  accuracy.interval = Interval{100 * interval.lower, 100 * interval.upper};
  accuracy.method = "wilson";
  record.metrics.push_back(std::move(accuracy));
  record.metrics.push_back(
      percent("uar", split_name, scores.unweighted_average_recall, scores.total));
  record.metrics.push_back(percent("macro_f1", split_name, scores.macro_f1, scores.total));
  if (evaluation.loss && !std::isnan(*evaluation.loss))
    record.metrics.push_back({.name = "loss",
                              .split = split_name,
                              .value = evaluation.loss,
                              .unit = "nat",
                              .n = scores.total});

  const std::int64_t classes = evaluation.logits.size(1);
  const torch::Tensor predicted = evaluation.logits.argmax(1);
  const float* logits = evaluation.logits.data_ptr<float>();
  for (std::int64_t i = 0; i < split.size(); ++i) {
    const std::int64_t row = split.rows[static_cast<std::size_t>(i)];
    const std::size_t at = static_cast<std::size_t>(row);
    record.predictions.push_back({split_name,
                                  row,
                                  pack.ids()[at],
                                  pack.labels()[at],
                                  predicted.data_ptr<std::int64_t>()[i],
                                  {logits + i * classes, logits + (i + 1) * classes}});
  }
  for (std::int64_t truth = 0; truth < classes; ++truth)
    for (std::int64_t guess = 0; guess < classes; ++guess)
      record.confusion.push_back(
          {split_name,
           truth,
           guess,
           evaluation.confusion[static_cast<std::size_t>(truth * classes + guess)]});
}

void use_memory_format(Model& model, MemoryFormat format) {
  torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : model.parameters())
    if (parameter.dim() == 4) parameter.set_data(in_format(parameter, format));
}

}  // namespace mien
