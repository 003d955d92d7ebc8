// What a model is to the harness: a card, its rows as the paper prints them, a ledger of
// departures, and a module whose forward names the row that each line implements.
//
// To add a model: one file models/x.cpp, one line in registry.cpp, one word in CMakeLists.txt, one
// configs/x@dataset.yaml, and per variant two goldens. The conformance suite walks the table.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace mien {

/// In `Row::out`: as many as the dataset has classes.
inline constexpr std::int64_t kClasses = -1;

/// One row of the paper's table or figure, in the paper's order.
struct Row {
  const char* id;         // "L2"; forward() names the same id
  const char* operation;  // as the paper says it
  const char* members;    // modules whose parameters this row owns, space-separated; "" for none
  std::array<std::int64_t, 3> out;  // per image: {C, H, W}; trailing zeros are absent dimensions
  std::int64_t parameters;          // with the card's number of classes

  /// Sizes of one image's output without the absent dimensions.
  std::vector<std::int64_t> sizes(std::int64_t classes) const;
};

/// PAPER-SILENT: the paper does not say. PAPER-AMBIGUOUS: it can be read in several ways.
/// FRAMEWORK: a library's default or version decides. REPAIR: a known fault of a re-implementation
/// or of the paper is mended here.
struct Departure {
  const char* row;
  const char* tag;
  const char* paper_says;
  const char* we_do;
  const char* because;
};

/// Tables one after the other: variants of one paper share the rows and departures they agree in.
template <typename T, std::size_t... N>
constexpr std::array<T, (N + ...)> joined(const T (&... parts)[N]) {
  std::array<T, (N + ...)> all{};
  auto next = all.begin();
  ((next = std::copy(std::begin(parts), std::end(parts), next)), ...);
  return all;
}

/// What the outputs of a model are: one logit per class of the dataset, or a fixed list of numbers,
/// coefficients of a face model or a pose.
enum class Predicts { kClasses, kCoefficients };

struct Card {
  const char* name;                   // file stem, table name, config prefix, database string
  const char* variant;                // named reading of the paper
  const char* title;                  // one line
  const char* paper;                  // authors, title, venue
  const char* arxiv;                  // id, "" for none
  std::array<std::int64_t, 3> input;  // {C, H, W}
  std::int64_t outputs;               // coefficients, or classes of the counts below
  std::int64_t parameters;
  std::int64_t macs;  // multiply-accumulates of convolutions and linear layers, one image
  const char* note;   // what a reader of the board must know; "" for none
  Predicts predicts = Predicts::kClasses;
  const char* target = "";    // of coefficients: the pack's name for them; "" for classes
  std::int64_t targeted = 0;  // the first so many outputs are those numbers; 0 = all
};

/// Outputs by row, for tests and explanations.
struct Trace {
  std::vector<std::pair<std::string, torch::Tensor>> seen;
};

/// Images [N, C, H, W] float, normalised by the plan -> logits [N, classes], or coefficients
/// [N, outputs].
class Model : public torch::nn::Module {
 public:
  Model(std::span<const Row> rows, std::int64_t classes) : rows_(rows), classes_(classes) {}

  virtual torch::Tensor forward(const torch::Tensor& images) = 0;

  /// Whether a forward pass is made of LibTorch's operations alone, so that models/inference can
  /// take it apart.
  virtual bool can_be_traced() const { return true; }

  /// Models without gradient training fit themselves from the labels [N] and return true.
  virtual bool fit(const torch::Tensor& labels, std::int64_t classes);

  /// Records every row's output into `trace` until called with nullptr.
  void record(Trace* trace) { trace_ = trace; }

 protected:
  /// Checks x against the row's output size and returns it. The row id is code, not comment:
  /// a line of forward without a row, or a row without a line, fails the conformance suite.
  torch::Tensor tap(const char* row, torch::Tensor x);

 private:
  std::span<const Row> rows_;
  std::int64_t classes_;
  Trace* trace_ = nullptr;
};

struct ModelOptions {
  std::int64_t classes = 7;  // no matter where the model predicts coefficients
  double dropout = 0.5;      // probability, where the model has dropout
};

/// One line of the model table.
struct ModelEntry {
  Card card;
  std::span<const Row> rows;
  std::span<const Departure> departures;
  std::vector<std::string> classifier;  // members of the final classifier (for decay_on)
  std::shared_ptr<Model> (*make)(const ModelOptions&);
  std::vector<std::string> fine_tuned = {};  // members that the published training changed, the
                                             // others being fixed; empty for all
};

}  // namespace mien
