#include "harness/engine/emotion.h"

#include <linear.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include "harness/core/error.h"
#include "harness/engine/evaluate.h"
#include "harness/engine/task_parts.h"
#include "harness/engine/trained.h"

namespace mien {
namespace {

using Rows = std::vector<std::int64_t>;

constexpr std::int64_t kSvm = 0;             // in place of a number of neighbours
constexpr std::int64_t kImagesAtOnce = 256;  // memory, not meaning
constexpr double kNetworkShare = 0.95;       // of the progress bar

/// Numbers as LIBLINEAR takes them: each row with a 1 for the bias behind it, and an end.
class Nodes {
 public:
  explicit Nodes(const NumberRows& rows) : stride_(rows.width + 2) {
    nodes_.reserve(rows.size() * stride_);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      int index = 0;
      for (const double value : rows.row(i)) nodes_.push_back({++index, value});
      nodes_.push_back({++index, 1});
      nodes_.push_back({-1, 0});
    }
  }
  feature_node* row(std::size_t i) { return &nodes_[i * stride_]; }

 private:
  std::size_t stride_;
  std::vector<feature_node> nodes_;
};

struct ModelDeleter {
  void operator()(::model* fitted) const { free_and_destroy_model(&fitted); }
};
using LinearModel = std::unique_ptr<::model, ModelDeleter>;

/// REQUIRES: two classes or more.
LinearModel fit_svm(const NumberRows& training, std::span<const std::int64_t> labels, double cost) {
  set_print_string_function([](const char*) {});
  Nodes nodes(training);
  std::vector<feature_node*> rows;
  for (std::size_t i = 0; i < training.size(); ++i) rows.push_back(nodes.row(i));
  std::vector<double> answers(labels.begin(), labels.end());
  const ::problem problem = {static_cast<int>(training.size()),
                             static_cast<int>(training.width) + 1,
                             answers.data(),
                             rows.data(),
                             /*bias=*/1};
  ::parameter parameter = {};
  parameter.solver_type = L2R_L2LOSS_SVC;
  parameter.eps = 1e-4;
  parameter.C = cost;
  return LinearModel(::train(&problem, &parameter));
}

/// Of two classes LIBLINEAR keeps one value, that of the first.
void put_decisions(const ::model& fitted,
                   std::span<const int> shown,
                   const feature_node* query,
                   std::span<float> scores) {
  std::vector<double> values(shown.size());
  predict_values(&fitted, query, values.data());
  if (shown.size() == 2) values[1] = -values[0];
  constexpr double kMost = 1e6;  // a query may lie far from all training
  for (double& value : values) value = std::clamp(value, -kMost, kMost);
  const double lowest = *std::min_element(values.begin(), values.end());
  std::fill(scores.begin(), scores.end(), static_cast<float>(lowest - 1));
  for (std::size_t i = 0; i < shown.size(); ++i)
    scores[static_cast<std::size_t>(shown[i])] = static_cast<float>(values[i]);
}

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

/// Rows that are on a side of any fold, ascending.
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

/// As open_fold, for all folds of the rule; the limits of the protocol hold in each.
std::vector<Fold> open_folds(const Task& task,
                             const Pack& pack,
                             const WorkerOptions& options,
                             const Progress& progress,
                             TaskRecord& record) {
  const Protocol& protocol = task.protocol;
  std::vector<Fold> folds = folds_of(pack, protocol.splits);
  FoldSize size{digest(pack, folds), std::ssize(folds[0].train), 0, 0};
  for (const Fold& fold : folds) {
    size.validation += std::ssize(fold.validation);
    size.test += std::ssize(fold.test);
  }
  record.fold = {size};
  record.class_names = pack.class_names();
  progress(0, "leak audit");
  record.leaks = audit(pack, folds);
  options.say("audit: " + summary(record.leaks));
  for (Fold& fold : folds) {
    if (fold.train.empty())
      fail(Exit::kPrecondition,
           "{}: {} leaves nothing to train a classifier on; choose another split",
           pack.dataset(),
           name_of(protocol.splits));
    fold.train = limited(pack, fold.train, protocol.limit_train);
    fold.test = limited(pack, fold.test, protocol.limit_test);
  }
  return folds;
}

/// What the network says of images of one size: double [rows of the pack, outputs], 0 where it was
/// not asked.
torch::Tensor table_of(const TrainedNetwork& network,
                       const Pack& pack,
                       const Rows& rows,
                       std::int64_t percent,
                       const Protocol& protocol,
                       torch::Device device,
                       const std::function<void(std::int64_t)>& done) {
  const Card& card = network.entry->card;
  ImageForm form = image_form(protocol, card.input[0]);
  form.shrink_percent = percent;
  torch::Tensor table = torch::zeros({pack.size(), card.outputs}, torch::kDouble);
  for (auto at = rows.begin(); at != rows.end();) {
    const auto end = at + std::min<std::ptrdiff_t>(kImagesAtOnce, rows.end() - at);
    const Split some = load_split(pack, {at, end}, 0, form, device);
    const torch::Tensor numbers = coefficients_of(network, some, protocol);
    table.index_copy_(0, index_of(some.rows), numbers.to(torch::kDouble));
    done(end - at);
    at = end;
  }
  return table;
}

/// Tables by per cent of the side of the test images; 100 holds training images too.
using Tables = std::map<std::int64_t, torch::Tensor>;

Tables all_tables(const TrainedNetwork& network,
                  const Pack& pack,
                  const std::vector<Fold>& folds,
                  const Protocol& protocol,
                  torch::Device device,
                  const Progress& progress) {
  const Rows all = rows_on(folds, {&Fold::train, &Fold::test}),
             test = rows_on(folds, {&Fold::test});
  std::map<std::int64_t, const Rows*> wanted;
  for (const std::int64_t percent : protocol.test_scales) wanted[percent] = &test;
  wanted[100] = &all;
  std::int64_t images = 0, seen = 0;
  for (const auto& [percent, rows] : wanted) images += std::ssize(*rows);
  Tables tables;
  for (const auto& [percent, rows] : wanted)
    tables[percent] =
        table_of(network, pack, *rows, percent, protocol, device, [&](std::int64_t count) {
          seen += count;
          progress(kNetworkShare * static_cast<double>(seen) / static_cast<double>(images),
                   "coefficients");
        });
  return tables;
}

/// A classifier, and how large the test images are.
struct Setting {
  std::int64_t neighbours = kSvm;
  std::int64_t percent = 100;
  auto operator<=>(const Setting&) const = default;
};

/// Scores by setting, float [rows of the pack, classes], 0 where a row is not scored.
using Scores = std::map<Setting, torch::Tensor>;

/// Everything that a task asks for.
Scores wanted_scores(const Protocol& protocol, const Pack& pack) {
  std::set<Setting> settings = {Setting{kSvm}, Setting{protocol.emotion_neighbours}};
  const bool by_svm = protocol.emotion_classifier == EmotionClassifier::kSvm;
  for (const std::int64_t percent : protocol.test_scales)
    settings.insert(Setting{by_svm ? kSvm : protocol.emotion_neighbours, percent});
  if (!by_svm)
    for (const std::int64_t k : protocol.emotion_sweep) settings.insert(Setting{k});
  Scores scores;
  for (const Setting& setting : settings)
    scores[setting] = torch::zeros({pack.size(), std::ssize(pack.class_names())});
  return scores;
}

/// Fits the classifiers to the fold's training images, at full size, and asks them for its test
/// images at every size.
void score_fold(const Fold& fold,
                const Pack& pack,
                const Tables& tables,
                const Protocol& protocol,
                int workers,
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
    const std::vector<std::uint32_t> nearest = nearest_rows(training, queries, most, workers);
    for (auto& [setting, answer] : scores) {
      if (setting.percent != percent) continue;
      std::vector<float> values =
          setting.neighbours == kSvm
              ? svm_scores(training, labels, classes, protocol.emotion_svm_cost, queries)
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
  evaluation.loss = std::nan("");  // shares and distances are no logits
  return evaluation;
}

Metric accuracy_metric(const std::string& name, std::int64_t correct, std::int64_t total) {
  const Interval interval = wilson(correct, total);
  return {name,
          "test",
          100 * static_cast<double>(correct) / static_cast<double>(total),
          "%",
          100 * interval.lower,
          100 * interval.upper,
          "wilson",
          total};
}

SweepPoint sweep_point(const std::string& parameter,
                       std::int64_t setting,
                       const ClassScores& scores) {
  const Metric metric = accuracy_metric("accuracy", scores.correct, scores.total);
  return {parameter,
          static_cast<double>(setting),
          metric.name,
          metric.unit,
          metric.value,
          metric.lower,
          metric.upper,
          metric.n};
}

/// A sequence is what most of its frames are. Nothing where a sequence is not known or shows
/// several emotions, or where no two frames are of one.
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

/// Metrics, predictions and curves from the scores of all folds.
void store_all(const Scores& scores,
               const Protocol& protocol,
               const Pack& pack,
               const Split& scored,
               TaskRecord& record) {
  const bool by_svm = protocol.emotion_classifier == EmotionClassifier::kSvm;
  const std::int64_t chosen = by_svm ? kSvm : protocol.emotion_neighbours;
  const auto at = [&](std::int64_t neighbours, std::int64_t percent) {
    return evaluated(scores.at({neighbours, percent}), scored);
  };
  const Evaluation evaluation = at(chosen, 100);
  store_evaluation(record, "test", scored, pack, evaluation);
  add_sequences(pack, scored, evaluation, record);
  const ClassScores knn = at(protocol.emotion_neighbours, 100).scores, svm = at(kSvm, 100).scores;
  record.metrics.push_back(accuracy_metric("accuracy_knn", knn.correct, knn.total));
  record.metrics.push_back(accuracy_metric("accuracy_svm", svm.correct, svm.total));
  if (!by_svm)
    for (const std::int64_t k : protocol.emotion_sweep)
      record.sweep.push_back(sweep_point("neighbours", k, at(k, 100).scores));
  for (const std::int64_t percent : protocol.test_scales)
    record.sweep.push_back(sweep_point("scale_percent", percent, at(chosen, percent).scores));
}

void check_model(const Card& wanted, const TrainedNetwork& network) {
  const Card& found = network.entry->card;
  if (std::string(wanted.name) != found.name || std::string(wanted.variant) != found.variant)
    fail(Exit::kPrecondition,
         "the weights are of {} ({}), the task is of {} ({}); give those that its network's task "
         "left",
         found.name,
         found.variant,
         wanted.name,
         wanted.variant);
}

}  // namespace

std::vector<float> svm_scores(const NumberRows& training,
                              std::span<const std::int64_t> labels,
                              std::size_t classes,
                              double cost,
                              const NumberRows& queries) {
  std::vector<float> scores(queries.size() * classes, 0.f);
  const auto scores_of = [&](std::size_t query) {
    return std::span(scores).subspan(query * classes, classes);
  };
  if (std::set(labels.begin(), labels.end()).size() == 1) {  // LIBLINEAR needs two
    for (std::size_t i = 0; i < queries.size(); ++i)
      scores_of(i)[static_cast<std::size_t>(labels[0])] = 1;
    return scores;
  }
  const LinearModel fitted = fit_svm(training, labels, cost);
  std::vector<int> shown(static_cast<std::size_t>(get_nr_class(fitted.get())));
  get_labels(fitted.get(), shown.data());
  Nodes nodes(queries);
  for (std::size_t i = 0; i < queries.size(); ++i)
    put_decisions(*fitted, shown, nodes.row(i), scores_of(i));
  return scores;
}

void run_emotion(const Task& task,
                 const ModelEntry& entry,
                 const WorkerOptions& options,
                 torch::Device device,
                 const Progress& progress,
                 TaskRecord& record) {
  const Pack pack = open_planned_pack(task, options.pack);
  const Protocol& protocol = task.protocol;
  const TrainedNetwork network = load_trained("expression", options, device, record);
  const Card& card = network.entry->card;
  check_model(entry.card, network);
  check_shapes(card, pack, protocol.resize_px);
  const std::vector<Fold> folds = open_folds(task, pack, options, progress, record);
  const Tables tables = all_tables(network, pack, folds, protocol, device, progress);

  Scores scores = wanted_scores(protocol, pack);
  for (std::size_t i = 0; i < folds.size(); ++i) {
    score_fold(folds[i], pack, tables, protocol, options.threads, scores);
    progress(kNetworkShare + (1 - kNetworkShare) * static_cast<double>(i + 1) /
                                 static_cast<double>(folds.size()),
             "classifiers");
  }
  Split scored;  // without images
  scored.rows = rows_on(folds, {&Fold::test});
  scored.labels = torch::tensor(labels_of(pack, scored.rows), torch::kInt64);
  store_all(scores, protocol, pack, scored, record);
  const torch::Tensor coefficients =
      tables.at(100).index_select(0, index_of(scored.rows)).to(torch::kFloat).contiguous();
  store_coefficients(coefficients, card.target, "test", scored, pack, record);
  add_parameters({network.model, card.parameters}, record);
  add_notes(task, record);
  record.notes.push_back(
      {"departure", "classifier, k and folds are ours: the paper's are not established"});
}

}  // namespace mien
