#include "harness/engine/tasks/coefficient_classifier.h"

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/error.h"
#include "harness/engine/context/pretrained.h"
#include "harness/engine/tasks/linear_svm.h"
#include "harness/engine/tasks/nearest_neighbours.h"
#include "harness/engine/train/evaluate.h"

namespace mien {
namespace {

using Rows = std::vector<std::int64_t>;

constexpr std::int64_t kSvm = 0;             // stands for the SVM among numbers of neighbours
constexpr std::int64_t kImagesAtOnce = 256;  // limits memory; results do not depend on it
constexpr double kNetworkShare = 0.95;       // of the progress bar

torch::Tensor index_of(const Rows& rows) { return torch::tensor(rows, torch::kInt64); }

NumberRows number_rows(const torch::Tensor& table, const Rows& rows) {
  const torch::Tensor picked = table.index_select(0, index_of(rows)).contiguous();
  const double* first = picked.data_ptr<double>();
  return {static_cast<std::size_t>(table.size(1)), {first, first + picked.numel()}};
}

Rows labels_of(const Pack& pack, const Rows& rows) {
  Rows labels;
  for (const std::int64_t row : rows)
    labels.push_back(pack.labels()[static_cast<std::size_t>(row)]);
  return labels;
}

/// Returns the rows that are on one of the sides of any fold, ascending.
Rows rows_on(const std::vector<Fold>& folds, std::initializer_list<Rows Fold::*> sides) {
  std::set<std::int64_t> rows;
  for (const Fold& fold : folds)
    for (const auto side : sides) rows.insert((fold.*side).begin(), (fold.*side).end());
  return {rows.begin(), rows.end()};
}

Rows limited(const Pack& pack, const Rows& rows, std::int64_t limit) {
  if (limit == 0 || limit >= std::ssize(rows)) return rows;
  return load_split(pack, rows, limit, {pack.image_shape()[0]}, torch::kCPU).rows;
}

/// As TaskContext::open_fold, for all folds of the rule. The limits of the protocol hold in each.
std::vector<Fold> open_folds(TaskContext& context, const Pack& pack) {
  const Protocol& protocol = context.task.protocol;
  TaskRecord& record = context.record;
  std::vector<Fold> folds = folds_of(pack, protocol.splits);
  FoldSize size{.sha256 = digest(pack, folds), .train = std::ssize(folds[0].train)};
  for (const Fold& fold : folds) {
    size.validation += std::ssize(fold.validation);
    size.test += std::ssize(fold.test);
  }
  record.fold = {size};
  record.class_names = pack.class_names();
  context.progress(0, "leak audit");
  record.leaks = audit(pack, folds);
  context.options.say("audit: " + summary(record.leaks));
  for (Fold& fold : folds) {
    if (fold.train.empty())
      fail(Exit::kPrecondition,
           "{}: {} leaves nothing to train a classifier on; choose another split",
           pack.dataset(),
           name_of(protocol.splits));
    fold.train = limited(pack, fold.train, protocol.limit.train);
    fold.test = limited(pack, fold.test, protocol.limit.test);
  }
  return folds;
}

/// What the coefficients of a task are computed from.
struct Source {
  const TaskContext& context;
  const Pack& pack;
  const PretrainedNetwork& network;
};

/// Returns the outputs of the network for test images at `percent` of their size: double [rows of
/// the pack, outputs], 0 for other rows than `rows`. Calls `done` with the number of images of each
/// batch.
torch::Tensor table_of(const Source& source,
                       const Rows& rows,
                       std::int64_t percent,
                       const std::function<void(std::int64_t)>& done) {
  const Card& card = source.network.entry->card;
  const Protocol& protocol = source.context.task.protocol;
  ImageForm form = image_form(protocol, card.input[0]);
  form.shrink_percent = percent;
  torch::Tensor table = torch::zeros({source.pack.size(), card.outputs}, torch::kDouble);
  for (auto at = rows.begin(); at != rows.end();) {
    const auto end = at + std::min<std::ptrdiff_t>(kImagesAtOnce, rows.end() - at);
    const Split some = load_split(source.pack, {at, end}, 0, form, source.context.device);
    const torch::Tensor numbers = coefficients_of(source.network, some, protocol);
    table.index_copy_(0, index_of(some.rows), numbers.to(torch::kDouble));
    done(end - at);
    at = end;
  }
  return table;
}

/// Tables of coefficients by size of the images in per cent. The one at 100 covers the training
/// images too, the others only the test images.
using Tables = std::map<std::int64_t, torch::Tensor>;

Tables all_tables(const Source& source, const std::vector<Fold>& folds) {
  const Rows all = rows_on(folds, {&Fold::train, &Fold::test});
  const Rows test = rows_on(folds, {&Fold::test});
  std::map<std::int64_t, const Rows*> wanted;
  for (const std::int64_t percent : source.context.task.protocol.test_scales)
    wanted[percent] = &test;
  wanted[100] = &all;
  std::int64_t images = 0, seen = 0;
  for (const auto& [percent, rows] : wanted) images += std::ssize(*rows);
  const auto add_to_progress = [&](std::int64_t count) {
    seen += count;
    source.context.progress(kNetworkShare * static_cast<double>(seen) / static_cast<double>(images),
                            "coefficients");
  };
  Tables tables;
  for (const auto& [percent, rows] : wanted)
    tables[percent] = table_of(source, *rows, percent, add_to_progress);
  return tables;
}

/// A classifier, and the size of the test images in per cent.
struct Setting {
  std::int64_t neighbours = kSvm;
  std::int64_t percent = 100;
  auto operator<=>(const Setting&) const = default;
};

/// Scores by setting, float [rows of the pack, classes], 0 where a row is not scored.
using Scores = std::map<Setting, torch::Tensor>;

/// Returns zeros for every setting that the task asks for.
Scores wanted_scores(const Protocol& protocol, const Pack& pack) {
  std::set<Setting> settings = {Setting{kSvm}, Setting{protocol.classifier.neighbours}};
  const bool by_svm = protocol.classifier.kind == ClassifierKind::kSvm;
  for (const std::int64_t percent : protocol.test_scales)
    settings.insert(Setting{by_svm ? kSvm : protocol.classifier.neighbours, percent});
  if (!by_svm)
    for (const std::int64_t k : protocol.classifier.sweep) settings.insert(Setting{k});
  Scores scores;
  for (const Setting& setting : settings)
    scores[setting] = torch::zeros({pack.size(), std::ssize(pack.class_names())});
  return scores;
}

/// Fits the classifiers to the fold's training images at full size, and scores its test images at
/// every size.
void score_fold(const TaskContext& context,
                const Pack& pack,
                const Fold& fold,
                const Tables& tables,
                Scores& scores) {
  const std::size_t classes = pack.class_names().size();
  const NumberRows raw = number_rows(tables.at(100), fold.train);
  const Standardiser standardised(raw);
  const NumberRows training = standardised(raw);
  const Rows labels = labels_of(pack, fold.train);
  std::size_t most = 1;
  for (const auto& [setting, answer] : scores)
    most = std::max(most, static_cast<std::size_t>(setting.neighbours));
  const std::size_t listed = std::min(most, training.size());
  for (const auto& [percent, table] : tables) {
    const NumberRows queries = standardised(number_rows(table, fold.test));
    const std::vector<std::uint32_t> nearest =
        nearest_rows(training, queries, most, context.options.threads);
    for (auto& [setting, answer] : scores) {
      if (setting.percent != percent) continue;
      std::vector<float> values =
          setting.neighbours == kSvm
              ? svm_scores(
                    training, labels, classes, context.task.protocol.classifier.svm_cost, queries)
              : vote_shares(
                    nearest, listed, static_cast<std::size_t>(setting.neighbours), labels, classes);
      answer.index_copy_(
          0, index_of(fold.test), torch::tensor(values).view({std::ssize(fold.test), -1}));
    }
  }
}

Evaluation evaluated(const torch::Tensor& scores, const Split& scored) {
  Evaluation evaluation =
      evaluate_logits(scores.index_select(0, index_of(scored.rows)).contiguous(), scored.labels);
  evaluation.loss.reset();  // shares of votes and distances are no logits
  return evaluation;
}

Metric accuracy_metric(const std::string& name, std::int64_t correct, std::int64_t total) {
  const Interval interval = wilson(correct, total);
  return {.name = name,
          .split = "test",
          .value = 100 * static_cast<double>(correct) / static_cast<double>(total),
          .unit = "%",
          .interval = Interval{100 * interval.lower, 100 * interval.upper},
          .method = "wilson",
          .n = total};
}

SweepPoint sweep_point(const std::string& parameter,
                       std::int64_t setting,
                       const ClassScores& scores) {
  const Metric metric = accuracy_metric("accuracy", scores.correct, scores.total);
  return {.parameter = parameter,
          .setting = static_cast<double>(setting),
          .metric = metric.name,
          .unit = metric.unit,
          .value = metric.value,
          .interval = metric.interval,
          .n = metric.n};
}

/// Records the accuracy over sequences: the class of a sequence is the one predicted for most of
/// its frames. Records nothing if the sequence of a frame is unknown, if a sequence shows several
/// emotions, or if every sequence has one frame.
void add_sequences(const Pack& pack,
                   const Split& scored,
                   const Evaluation& evaluation,
                   TaskRecord& record) {
  const torch::Tensor predicted = evaluation.logits.argmax(1);
  std::map<std::int32_t, Rows> votes;
  std::map<std::int32_t, std::int64_t> truth;
  for (std::int64_t i = 0; i < scored.size(); ++i) {
    const auto row = static_cast<std::size_t>(scored.rows[static_cast<std::size_t>(i)]);
    const std::int32_t sequence = pack.sequence()[row];
    const std::int64_t label = pack.labels()[row];
    if (sequence < 0 || truth.try_emplace(sequence, label).first->second != label) return;
    votes[sequence].push_back(predicted[i].item<std::int64_t>());
  }
  if (std::ssize(votes) == scored.size()) return;
  const std::int64_t correct = std::count_if(votes.begin(), votes.end(), [&](const auto& one) {
    return majority(one.second, pack.class_names().size()) == truth.at(one.first);
  });
  record.metrics.push_back(accuracy_metric("sequence_accuracy", correct, std::ssize(votes)));
}

/// Records metrics, predictions and curves from the scores of all folds.
void store_scores(TaskContext& context,
                  const Pack& pack,
                  const Scores& scores,
                  const Split& scored) {
  const Protocol& protocol = context.task.protocol;
  TaskRecord& record = context.record;
  const bool by_svm = protocol.classifier.kind == ClassifierKind::kSvm;
  const std::int64_t chosen = by_svm ? kSvm : protocol.classifier.neighbours;
  const auto at = [&](std::int64_t neighbours, std::int64_t percent) {
    return evaluated(scores.at({neighbours, percent}), scored);
  };
  const Evaluation evaluation = at(chosen, 100);
  store_evaluation(record, "test", scored, pack, evaluation);
  add_sequences(pack, scored, evaluation, record);
  const ClassScores knn = at(protocol.classifier.neighbours, 100).scores,
                    svm = at(kSvm, 100).scores;
  record.metrics.push_back(accuracy_metric("accuracy_knn", knn.correct, knn.total));
  record.metrics.push_back(accuracy_metric("accuracy_svm", svm.correct, svm.total));
  if (!by_svm)
    for (const std::int64_t k : protocol.classifier.sweep)
      record.sweep.push_back(sweep_point("neighbours", k, at(k, 100).scores));
  for (const std::int64_t percent : protocol.test_scales)
    record.sweep.push_back(sweep_point("scale_percent", percent, at(chosen, percent).scores));
}

void check_model(const Card& wanted, const PretrainedNetwork& network) {
  const Card& found = network.entry->card;
  if (std::string(wanted.name) != found.name || std::string(wanted.variant) != found.variant)
    fail(Exit::kPrecondition,
         "the weights belong to {} ({}), but the task is of {} ({}); give the weights of its "
         "network's task",
         found.name,
         found.variant,
         wanted.name,
         wanted.variant);
}

}  // namespace

void run_coefficient_classifier(TaskContext& context) {
  const Pack pack = context.open_pack();
  const PretrainedNetwork network =
      load_pretrained("expression", context.options, context.device, context.record);
  const Card& card = network.entry->card;
  check_model(context.entry.card, network);
  check_shapes(card, pack, context.task.protocol.input.resize_px);
  const std::vector<Fold> folds = open_folds(context, pack);
  const Tables tables = all_tables({context, pack, network}, folds);

  Scores scores = wanted_scores(context.task.protocol, pack);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    score_fold(context, pack, folds[i], tables, scores);
    const double done = static_cast<double>(i + 1) / static_cast<double>(folds.size());
    context.progress(kNetworkShare + (1 - kNetworkShare) * done, "classifiers");
  }
  Split scored;  // without images
  scored.rows = rows_on(folds, {&Fold::test});
  scored.labels = torch::tensor(labels_of(pack, scored.rows), torch::kInt64);
  store_scores(context, pack, scores, scored);
  const torch::Tensor coefficients =
      tables.at(100).index_select(0, index_of(scored.rows)).to(torch::kFloat).contiguous();
  store_coefficients(context.record, "test", scored, pack, {card.target, coefficients});
  context.add_parameters({network.model, card.parameters});
  context.add_notes();
  context.record.notes.push_back(
      {"departure",
       "the paper does not state its classifier, k and folds; these are Mien's choice"});
}

}  // namespace mien
