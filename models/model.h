// What a model is to the harness: a card, the rows of the paper's table, the list of deviations
// from the paper, and a module. Every line of its forward() names the row that it implements.
//
// models/README.md says how to add a model. The conformance suite checks every row of the table.
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

#include "harness/base/enum_names.h"

namespace mien {

/// In `Row::out`: the number of classes of the dataset.
inline constexpr std::int64_t kClasses = -1;

/// One row of the paper's table or figure. Rows are in the paper's order.
struct Row {
  const char* id;         // "L2"; forward() names the same id
  const char* operation;  // as the paper says it
  const char* members;    // modules whose parameters this row owns, space-separated; "" for none
  std::array<std::int64_t, 3> out;  // per image: {C, H, W}; trailing zeros are absent dimensions
  std::int64_t parameters;          // with the card's number of classes

  /// Returns the sizes of one image's output, without the absent dimensions.
  std::vector<std::int64_t> sizes(std::int64_t classes) const;
};

/// One point in which the network is not, or not surely, what the paper says.
struct Deviation {
  const char* row;
  /// PAPER-SILENT: the paper does not say. PAPER-AMBIGUOUS: it can be read in several ways.
  /// FRAMEWORK: a library's default or version decides. REPAIR: this repairs a known fault of the
  /// paper or of a re-implementation.
  const char* tag;
  const char* paper_says;
  const char* we_do;
  const char* because;
};

/// Concatenates tables. Variants of one paper share the rows and deviations in which they agree.
template <typename T, std::size_t... N>
constexpr std::array<T, (N + ...)> joined(const T (&... parts)[N]) {
  std::array<T, (N + ...)> all{};
  auto next = all.begin();
  ((next = std::copy(std::begin(parts), std::end(parts), next)), ...);
  return all;
}

/// What the outputs of a model are: one logit per class of the dataset, or a fixed list of numbers
/// such as the coefficients of a face model or a pose.
enum class Predicts { kClasses, kCoefficients };
template <>
inline constexpr EnumNames<Predicts> kEnumNames<Predicts> = {
    {"classes", Predicts::kClasses}, {"coefficients", Predicts::kCoefficients}};

struct Card {
  const char* name = "";                   // file stem, table name, config prefix, database string
  const char* variant = "";                // the named reading of the paper
  const char* title = "";                  // one line
  const char* paper = "";                  // authors, title, venue
  const char* arxiv = "";                  // id; "" for none
  std::array<std::int64_t, 3> input = {};  // {C, H, W}
  std::int64_t outputs = 0;                // coefficients, or classes of the counts below
  std::int64_t parameters = 0;
  std::int64_t macs = 0;  // multiply-accumulates of convolutions and linear layers, one image
  const char* note = "";  // what a reader of the board must know; "" for none
  Predicts predicts = Predicts::kClasses;
  const char* target = "";    // the pack's name of the coefficients; "" for classes
  std::int64_t targeted = 0;  // the target is the first `targeted` outputs; 0: all outputs
};

/// The outputs of all rows of a forward pass, for tests and explanations.
struct Trace {
  std::vector<std::pair<std::string, torch::Tensor>> seen;
};

/// A network. Its forward() takes normalised float images [N, C, H, W] and returns logits
/// [N, classes] or coefficients [N, outputs].
class Model : public torch::nn::Module {
 public:
  Model(std::span<const Row> rows, std::int64_t classes) : rows_(rows), classes_(classes) {}

  virtual torch::Tensor forward(const torch::Tensor& images) = 0;

  /// Returns true if a forward pass consists of LibTorch's operations alone, so that
  /// models/inference can compile it.
  virtual bool can_be_traced() const { return true; }

  /// Fits a model that is not trained by gradients to the labels [N], and returns true. Returns
  /// false for all other models.
  virtual bool fit(const torch::Tensor& labels, std::int64_t classes);

  /// Records the output of every row in `trace`, until it is called with nullptr.
  void record(Trace* trace) { trace_ = trace; }

 protected:
  /// Checks the size of x against the row and returns x. The conformance suite fails for a line of
  /// forward() without a row and for a row without a line.
  torch::Tensor tap(const char* row, torch::Tensor x);

 private:
  std::span<const Row> rows_;
  std::int64_t classes_;
  Trace* trace_ = nullptr;
};

struct ModelOptions {
  std::int64_t classes = 7;  // ignored by a model of coefficients
  double dropout = 0.5;      // probability; ignored by a model without dropout
};

/// One line of the model table.
struct ModelEntry {
  Card card;
  std::span<const Row> rows;
  std::span<const Deviation> deviations = {};
  std::vector<std::string> classifier = {};  // members of the final classifier (for decay_on)
  std::shared_ptr<Model> (*make)(const ModelOptions&) = nullptr;
  std::vector<std::string> fine_tuned = {};  // members that the published training changed; empty
                                             // if it changed all
};

}  // namespace mien
