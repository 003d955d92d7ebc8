#include "harness/engine/tasks/linear_svm.h"

#include <linear.h>

#include <algorithm>
#include <memory>
#include <set>

namespace mien {
namespace {

/// Rows as LIBLINEAR reads them: the numbers, a 1 for the bias, and an end mark.
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
  const ::problem problem = {.l = static_cast<int>(training.size()),
                             .n = static_cast<int>(training.width) + 1,
                             .y = answers.data(),
                             .x = rows.data(),
                             .bias = 1};
  ::parameter parameter = {};
  parameter.solver_type = L2R_L2LOSS_SVC;
  parameter.eps = 1e-4;
  parameter.C = cost;
  return LinearModel(::train(&problem, &parameter));
}

/// Writes the decision values of one query. `shown` are the classes that the training rows have.
/// For two of them LIBLINEAR returns one value, that of the first.
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

}  // namespace mien
