#include "models/inference/inference.h"

#include <malloc.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>

#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "harness/base/error.h"
#include "models/inference/onednn.h"

namespace mien {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using Traced = torch::jit::Value;  // a value of the trace
using Value = Primitives::Value;
using Sizes = Primitives::Sizes;

/// Turns gradients off while it lives, because tracing needs weights without gradients.
class WithoutGradients {
 public:
  explicit WithoutGradients(Model& model) {
    for (torch::Tensor& parameter : model.parameters())
      if (parameter.requires_grad()) parameters_.push_back(parameter.set_requires_grad(false));
  }
  ~WithoutGradients() {
    for (torch::Tensor& parameter : parameters_) parameter.set_requires_grad(true);
  }

 private:
  std::vector<torch::Tensor> parameters_;
};

std::shared_ptr<Graph> traced(Model& model, const Sizes& sizes) {
  const torch::NoGradGuard no_grad;
  const WithoutGradients guard(model);
  const bool was_training = model.is_training();
  model.eval();
  const auto forward = [&](torch::jit::Stack stack) -> torch::jit::Stack {
    return {model.forward(stack[0].toTensor())};
  };
  const auto trace = torch::jit::tracer::trace(
      {torch::zeros(sizes)}, forward, [](const torch::Tensor&) { return std::string(); });
  model.train(was_training);
  std::shared_ptr<Graph> graph = trace.first->graph;
  torch::jit::ConstantPropagation(graph);
  torch::jit::EliminateDeadCode(graph);
  return graph;
}

std::string kind_of(const Node* node) { return node->kind().toQualString(); }

Sizes sizes_of(const Traced* value) {
  return value->type()->expectRef<c10::TensorType>().sizes().concrete_sizes().value();
}

std::optional<c10::IValue> constant(const Traced* value) { return torch::jit::toIValue(value); }

std::int64_t integer(const Traced* value) { return constant(value)->toInt(); }
double number(const Traced* value) { return constant(value)->toScalar().toDouble(); }

/// Reads a pair of sizes. One number stands for both directions, an empty list for `otherwise`.
std::array<std::int64_t, 2> pair(const Traced* value, std::array<std::int64_t, 2> otherwise) {
  const std::vector<std::int64_t> list = constant(value)->toIntVector();
  if (list.empty()) return otherwise;
  return {list.front(), list.back()};
}

/// Returns the only reader of `value` if there is just one and it is of this kind, else null.
Node* only_reader(const Traced* value, const char* kind) {
  if (value->uses().size() != 1) return nullptr;
  Node* reader = value->uses()[0].user;
  return kind_of(reader) == kind ? reader : nullptr;
}

/// Weights and bias of a convolution, including the batch normalisation that follows it.
struct Folded {
  torch::Tensor weights, bias;  // bias may be undefined
};

void fold(Folded& layer, const Node* norm) {
  // aten::batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps,
  // cudnn)
  const auto tensor = [&](std::size_t i) {
    return constant(norm->input(i))->toTensor().to(torch::kDouble);
  };
  const torch::Tensor scale = tensor(1) / torch::sqrt(tensor(4) + number(norm->input(7)));
  const torch::Tensor shift = tensor(2) - tensor(3) * scale;
  torch::Tensor bias = shift;
  if (layer.bias.defined()) bias = layer.bias.to(torch::kDouble) * scale + shift;
  layer.weights = (layer.weights.to(torch::kDouble) * scale.view({-1, 1, 1, 1})).to(torch::kFloat);
  layer.bias = bias.to(torch::kFloat);
}

/// Frees a constant tensor.
void forget(Node* node) {
  if (node->kind() == torch::jit::prim::Constant &&
      node->output()->type()->cast<c10::TensorType>() &&
      node->hasAttribute(torch::jit::attr::value))
    node->t_(torch::jit::attr::value, torch::empty({0}));
}

void forget_constants(Graph& graph) {
  for (Node* node : graph.nodes()) forget(node);
}

const float* data_of(const torch::Tensor& tensor) {
  return tensor.defined() ? tensor.data_ptr<float>() : nullptr;
}

/// Translates the trace node by node. `done_` has the nodes that became part of another one.
class Lowering {
 public:
  Lowering(Graph& graph, const Sizes& sizes, Primitives& to) : graph_(graph), to_(to) {
    values_[graph.inputs()[0]] = to.input(sizes);
  }

  void run() {
    for (Node* node : graph_.nodes()) {
      lower(node);
      return_memory();
    }
    to_.finish(at(graph_.outputs()[0]));
  }

  std::vector<std::string> left;

 private:
  void lower(Node* node) {
    const std::string kind = kind_of(node);
    if (kind == "prim::Constant" || kind == "prim::ListConstruct" || done_.contains(node)) return;
    if (kind == "aten::_convolution" || kind == "aten::conv2d") return convolution(node, kind);
    if (kind == "aten::addmm" && addmm(node)) return;
    if (kind == "aten::linear" && is_constant(node->input(1))) return linear(node);
    if (kind == "aten::max_pool2d" && max_pool(node)) return;
    if (kind == "aten::avg_pool2d" && average_pool(node)) return;
    if (kind == "aten::cat" && concatenate(node)) return;
    if (kind == "aten::relu" || kind == "aten::relu_")
      return set(node->output(), to_.relu(at(node->input(0))));
    if (kind == "aten::add" && add(node)) return;
    if (kind == "aten::mul" && normalise(node)) return;
    if (combine(node, kind)) return;
    if (kind == "aten::dropout") return rename(node->output(), at(node->input(0)));
    if (kind == "aten::flatten" || kind == "aten::view" || kind == "aten::reshape")
      return reshape(node);
    if (kind == "aten::affine_grid_generator" && affine_sample(node)) return;
    if (kind == "aten::constant_pad_nd" && pad(node)) return;
    leave(node);
  }

  /// Frees weights that are about to be packed.
  void release(Traced* value) {
    if (value->node()->kind() != torch::jit::prim::Constant || value->uses().size() != 1) return;
    released_bytes_ += static_cast<std::int64_t>(constant(value)->toTensor().nbytes());
    forget(value->node());
  }

  /// Returns freed memory to the system: packed weights have other sizes and would not fit into it.
  void return_memory() {
    constexpr std::int64_t kWorthIt = 8 << 20;
    if (released_bytes_ < kWorthIt) return;
    malloc_trim(0);
    released_bytes_ = 0;
  }

  static bool is_constant(const Traced* value) { return constant(value).has_value(); }
  Value at(const Traced* value) const {
    const auto found = values_.find(value);
    if (found == values_.end())
      fail(Exit::kTaskFailed, "a network that computes with constants alone cannot be compiled");
    return found->second;
  }
  void set(const Traced* value, Value lowered) { values_[value] = lowered; }
  /// Gives a tensor a second name, after which the uses in the trace are not all its readers.
  void rename(const Traced* value, Value lowered) {
    set(value, lowered);
    renamed_.insert(lowered);
  }

  /// Fuses a ReLU that is the only reader of `value`, directly or behind a max-pool, which commutes
  /// with it.
  const Traced* with_relu(const Traced* value, bool& relu) {
    for (const char* kind : {"aten::relu", "aten::relu_"}) {
      if (Node* reader = only_reader(value, kind)) {
        relu = true;
        done_.insert(reader);
        return reader->output();
      }
      Node* pool = only_reader(value, "aten::max_pool2d");
      Node* reader = pool ? only_reader(pool->output(), kind) : nullptr;
      if (!reader) continue;
      relu = true;
      done_.insert(reader);
      after_pool_[pool] = reader->output();
      return value;
    }
    return value;
  }

  /// Adds the padding of a pad() before x.
  Window padded(const Traced* x, Window window) {
    const auto found = padding_.find(x);
    if (found == padding_.end()) return window;
    const auto& [left, right, top, bottom] = found->second;
    window.before[0] += top;
    window.before[1] += left;
    window.after[0] += bottom;
    window.after[1] += right;
    return window;
  }

  void convolution(Node* node, const std::string& kind) {
    // _convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding,
    // groups, ...); conv2d(input, weight, bias, stride, padding, dilation, groups)
    const std::int64_t groups = integer(node->input(kind == "aten::conv2d" ? 6 : 8));
    if (!is_constant(node->input(1)) || pair(node->input(5), {1, 1}) != pair_of_ones() ||
        (kind == "aten::_convolution" && constant(node->input(6))->toBool()))
      return leave(node);
    Folded layer{constant(node->input(1))->toTensor().contiguous(), {}};
    if (const auto bias = constant(node->input(2)); bias && bias->isTensor())
      layer.bias = bias->toTensor().contiguous();
    const Traced* result = node->output();
    if (Node* norm = only_reader(result, "aten::batch_norm")) {
      fold(layer, norm);
      done_.insert(norm);
      result = norm->output();
    }
    const auto padding = pair(node->input(4), {0, 0});
    const Window window = padded(node->input(0),
                                 {{layer.weights.size(2), layer.weights.size(3)},
                                  pair(node->input(3), {1, 1}),
                                  padding,
                                  padding});
    std::optional<Value> added;
    result = with_sum(result, at(node->input(0)), added);
    bool relu = false;
    result = with_relu(result, relu);
    const torch::Tensor weights = layer.weights.contiguous();
    release(node->input(1));
    set(result,
        to_.convolution(at(node->input(0)),
                        data_of(weights),
                        data_of(layer.bias),
                        weights.size(0),
                        groups,
                        window,
                        relu,
                        added));
  }

  static std::array<std::int64_t, 2> pair_of_ones() { return {1, 1}; }

  /// Fuses a residual sum that is the only reader of `value`, the result of a convolution of `x`,
  /// if its other term is known, is not x and is not read later.
  const Traced* with_sum(const Traced* value, Value x, std::optional<Value>& added) {
    Node* sum = only_reader(value, "aten::add");
    if (!sum) sum = only_reader(value, "aten::add_");
    if (!sum || !is_constant(sum->input(2)) || number(sum->input(2)) != 1) return value;
    const Traced* other = sum->input(0) == value ? sum->input(1) : sum->input(0);
    if (other == value || !values_.contains(other)) return value;
    const Value term = at(other);
    if (term == x || term == at(graph_.inputs()[0]) || renamed_.contains(term) ||
        sizes_of(other) != sizes_of(value))
      return value;
    for (const torch::jit::Use& use : other->uses())
      if (sum->isBefore(use.user)) return value;
    added = term;
    done_.insert(sum);
    return sum->output();
  }

  bool addmm(Node* node) {
    // addmm(bias, x, weights [in, out], beta, alpha)
    const auto bias = constant(node->input(0)), weights = constant(node->input(2));
    if (!bias || !weights || number(node->input(3)) != 1 || number(node->input(4)) != 1)
      return false;
    const torch::Tensor transposed = weights->toTensor().t();
    release(node->input(2));
    layer(node, at(node->input(1)), transposed, bias->toTensor());
    return true;
  }

  void linear(Node* node) {
    const auto bias = constant(node->input(2));
    const torch::Tensor weights = constant(node->input(1))->toTensor();
    release(node->input(1));
    layer(node,
          at(node->input(0)),
          weights,
          bias && bias->isTensor() ? bias->toTensor() : torch::Tensor());
  }

  void layer(Node* node, Value x, const torch::Tensor& weights, const torch::Tensor& bias) {
    const torch::Tensor packed = weights.contiguous();
    bool relu = false;
    const Traced* result = with_relu(node->output(), relu);
    set(result, to_.linear(x, data_of(packed), data_of(bias), packed.size(0), relu));
  }

  /// Turns padding into the padding of the convolution or the pool that is its only reader.
  bool pad(Node* node) {
    const std::vector<std::int64_t> amounts = constant(node->input(1))->toIntVector();
    const bool is_read_by_convolution = only_reader(node->output(), "aten::_convolution") ||
                                        only_reader(node->output(), "aten::conv2d");
    const bool is_read_by_pool = only_reader(node->output(), "aten::max_pool2d");
    const double filler = number(node->input(2));
    const bool fits = (is_read_by_convolution && filler == 0) ||
                      (is_read_by_pool && std::isinf(filler) && filler < 0);
    if (amounts.size() != 4 || !fits) return false;
    padding_[node->output()] = {amounts[0], amounts[1], amounts[2], amounts[3]};
    rename(node->output(), at(node->input(0)));
    return true;
  }

  bool max_pool(Node* node) {
    // max_pool2d(x, kernel, stride, padding, dilation, ceil_mode)
    if (pair(node->input(4), {1, 1}) != pair_of_ones()) return false;
    const auto kernel = pair(node->input(1), {1, 1});
    const auto padding = pair(node->input(3), {0, 0});
    Window window =
        padded(node->input(0), {kernel, pair(node->input(2), kernel), padding, padding});
    const auto after = after_pool_.find(node);
    const Traced* result = after == after_pool_.end() ? node->output() : after->second;
    round_up(window, at(node->input(0)), sizes_of(node->output()));
    set(result, to_.max_pool(at(node->input(0)), window));
    return true;
  }

  /// Expresses rounding up (ceil_mode) as padding after the image.
  void round_up(Window& window, Value x, const Sizes& out) {
    for (std::size_t d = 0; d < 2; ++d) {
      const std::int64_t needed = (out[2 + d] - 1) * window.stride[d] + window.kernel[d];
      window.after[d] = needed - to_.sizes(x)[2 + d] - window.before[d];
    }
  }

  bool average_pool(Node* node) {
    // avg_pool2d(x, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override)
    if (constant(node->input(4))->toBool() || !constant(node->input(6))->isNone()) return false;
    const auto kernel = pair(node->input(1), {1, 1});
    const auto padding = pair(node->input(3), {0, 0});
    if (padding != std::array<std::int64_t, 2>{0, 0}) return false;
    set(node->output(),
        to_.average_pool(at(node->input(0)),
                         {kernel, pair(node->input(2), kernel), padding, padding}));
    return true;
  }

  bool concatenate(Node* node) {
    if (integer(node->input(1)) != 1) return false;
    std::vector<Value> parts;
    for (const Traced* part : node->input(0)->node()->inputs()) {
      if (!values_.contains(part) || sizes_of(part).size() != 4) return false;
      parts.push_back(at(part));
    }
    set(node->output(), to_.concatenate(parts));
    return true;
  }

  bool add(Node* node) {
    const Traced *a = node->input(0), *b = node->input(1);
    if (!values_.contains(a) || !values_.contains(b) || sizes_of(a) != sizes_of(b) ||
        number(node->input(2)) != 1)
      return false;
    set(node->output(), to_.add(at(a), at(b)));
    return true;
  }

  /// Translates x +, - or * a constant tensor whose first dimension is absent or 1.
  bool combine(Node* node, const std::string& kind) {
    std::optional<Primitives::Operator> op;
    if (kind == "aten::add") op = Primitives::Operator::kAdd;
    if (kind == "aten::sub") op = Primitives::Operator::kSubtract;
    if (kind == "aten::mul") op = Primitives::Operator::kMultiply;
    if (!op || !values_.contains(node->input(0))) return false;
    const auto other = constant(node->input(1));
    if (!other || !other->isTensor() || other->toTensor().scalar_type() != torch::kFloat)
      return false;
    if (*op != Primitives::Operator::kMultiply && number(node->input(2)) != 1) return false;
    const torch::Tensor numbers = other->toTensor().contiguous();
    Sizes by = numbers.sizes().vec();
    const Sizes to = sizes_of(node->output());
    while (by.size() < to.size()) by.insert(by.begin(), 1);
    if (to != to_.sizes(at(node->input(0))) || by[0] != 1) return false;
    set(node->output(), to_.combine(*op, at(node->input(0)), data_of(numbers), by));
    return true;
  }

  /// Skips a flattening before linear layers, which read any layout.
  void reshape(Node* node) {
    const Traced* result = node->output();
    const Value x = at(node->input(0));
    const Sizes to = sizes_of(result);
    const bool is_flat = to.size() == 2 && to[0] == to_.sizes(x)[0];
    bool only_layers = !result->uses().empty();
    for (const torch::jit::Use& use : result->uses()) {
      const std::string kind = kind_of(use.user);
      only_layers = only_layers && (kind == "aten::addmm" || kind == "aten::linear");
    }
    renamed_.insert(x);
    set(result, is_flat && only_layers ? x : to_.reshape(x, to));
  }

  /// Fuses affine_grid_generator and the grid_sampler that is its only reader.
  bool affine_sample(Node* grid) {
    // grid_sampler(x, grid, interpolation 0 = bilinear, padding 0 = zeros, align_corners)
    Node* sampler = only_reader(grid->output(), "aten::grid_sampler");
    if (!sampler || constant(grid->input(2))->toBool()) return false;
    const bool is_ours = integer(sampler->input(2)) == 0 && integer(sampler->input(3)) == 0 &&
                         !constant(sampler->input(4))->toBool();
    if (!is_ours || sizes_of(sampler->output()) != sizes_of(sampler->input(0)) ||
        !values_.contains(sampler->input(0)))
      return false;
    done_.insert(sampler);
    set(sampler->output(), to_.affine_sample(at(sampler->input(0)), at(grid->input(0))));
    return true;
  }

  /// Recognises x / (mean of squares over channels * alpha + k)^beta as local_response_norm writes
  /// it, from x * x on.
  bool normalise(Node* squares) {
    const Traced* x = squares->input(0);
    if (squares->input(1) != x || sizes_of(x).size() != 4) return false;
    std::vector<Node*> chain = {squares};
    std::int64_t size = 0;
    double alpha = 0, k = 0, beta = 0;
    while (true) {
      const Traced* value = chain.back()->output();
      if (value->uses().size() != 1) return false;
      Node* next = value->uses()[0].user;
      chain.push_back(next);
      const std::string kind = kind_of(next);
      if (kind == "aten::avg_pool3d")
        size = constant(next->input(1))->toIntVector()[0];
      else if (kind == "aten::mul")
        alpha = number(next->input(1));
      else if (kind == "aten::add")
        k = number(next->input(1));
      else if (kind == "aten::pow")
        beta = number(next->input(1));
      else if (kind == "aten::div")
        break;
      else if (!is_one_of(kind,
                          {"aten::unsqueeze",
                           "aten::view",
                           "aten::squeeze",
                           "aten::_pad_enum",
                           "aten::pad",
                           "aten::constant_pad_nd",
                           "aten::reshape"}))
        return false;
    }
    Node* quotient = chain.back();
    if (quotient->input(0) != x || size == 0 || beta == 0) return false;
    done_.insert(chain.begin(), chain.end());
    set(quotient->output(),
        to_.normalise(at(x),
                      size,
                      static_cast<float>(alpha),
                      static_cast<float>(beta),
                      static_cast<float>(k)));
    return true;
  }

  static bool is_one_of(const std::string& kind, std::initializer_list<const char*> kinds) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  }

  /// Leaves the operation to LibTorch.
  void leave(Node* node) {
    left.push_back(kind_of(node));
    if (node->outputs().size() != 1 || !node->output()->type()->cast<c10::TensorType>())
      fail(Exit::kTaskFailed, "{}: cannot be traced", kind_of(node));
    std::vector<Value> in;
    std::vector<Sizes> in_sizes;
    torch::jit::Stack arguments;  // computed tensors are filled in at every call
    std::vector<std::size_t> places;
    for (const Traced* input : node->inputs()) {
      const auto found = values_.find(input);
      if (found == values_.end()) {
        arguments.push_back(constant(input).value());
        continue;
      }
      places.push_back(arguments.size());
      arguments.emplace_back();
      in.push_back(found->second);
      in_sizes.push_back(sizes_of(input));
    }
    const Sizes out = sizes_of(node->output());
    const auto call = [operation = node->getOperation(), arguments, places, in_sizes, out](
                          std::span<float* const> from, float* to) mutable {
      torch::jit::Stack stack = arguments;
      for (std::size_t i = 0; i < places.size(); ++i)
        stack[places[i]] = torch::from_blob(from[i], in_sizes[i]);
      operation(stack);
      torch::from_blob(to, out).copy_(stack.back().toTensor());
    };
    set(node->output(), to_.call(in, out, call));
  }

  Graph& graph_;
  Primitives& to_;
  std::map<const Traced*, Value> values_;
  std::set<const Node*> done_;
  std::set<Value> renamed_;
  std::int64_t released_bytes_ = 0;
  std::map<const Node*, const Traced*> after_pool_;
  std::map<const Traced*, std::array<std::int64_t, 4>> padding_;  // left, right, top, bottom
};

/// Returns the bytes of the largest tensor of the trace, per image.
std::int64_t largest_tensor(const Graph& graph, std::int64_t images) {
  std::int64_t largest = 0;
  for (const Node* node : graph.nodes())
    if (kind_of(node) == "aten::_convolution" || kind_of(node) == "aten::cat") {
      std::int64_t bytes = sizeof(float);
      for (const std::int64_t size : sizes_of(node->output())) bytes *= size;
      largest = std::max(largest, bytes / images);
    }
  return largest;
}

/// Returns the multiply-accumulates of the convolutions and linear layers.
std::int64_t macs_of(const Graph& graph) {
  std::int64_t macs = 0;
  for (const Node* node : graph.nodes()) {
    const std::string kind = kind_of(node);
    const bool is_convolution = kind == "aten::_convolution" || kind == "aten::conv2d";
    if (!is_convolution && kind != "aten::addmm" && kind != "aten::linear") continue;
    const auto weights = constant(node->input(kind == "aten::addmm" ? 2 : 1));
    if (!weights) continue;
    const Sizes out = sizes_of(node->output());
    std::int64_t positions = out[0];  // at which the weights are applied
    if (is_convolution) positions *= out[2] * out[3];
    macs += positions * weights->toTensor().numel();
  }
  return macs;
}

/// Returns one thread for a small pass: waking others at every layer would cost more.
int threads_for(std::int64_t macs) {
  constexpr std::int64_t kWorthSharing = 50'000'000;
  return macs < kWorthSharing ? 1 : torch::get_num_threads();
}

/// Returns how many images run at a time: the most that divide them and keep the largest tensor
/// near the caches.
std::int64_t part_of(std::int64_t images, std::int64_t bytes_per_image) {
  constexpr std::int64_t kNearTheCaches = 16 << 20;
  std::int64_t part = images;
  while (part > 1 && (images % part != 0 || part * bytes_per_image > kNearTheCaches)) --part;
  return part;
}

}  // namespace

struct Inference::State {
  Sizes sizes, output_sizes;
  std::vector<std::string> left;
  std::optional<Primitives> primitives;  // for one part
  std::int64_t parts = 1;
  torch::Tensor output;  // if there are several parts
};

bool has_onednn() { return true; }

Inference::Inference(std::shared_ptr<Model> model, std::vector<std::int64_t> sizes)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.sizes = std::move(sizes);
  const torch::NoGradGuard no_grad;
  Sizes part = state.sizes;
  part[0] = 1;
  std::shared_ptr<Graph> graph = traced(*model, part);
  part[0] = part_of(state.sizes[0], largest_tensor(*graph, 1));
  if (part[0] > 1) {
    forget_constants(*graph);
    graph = traced(*model, part);
  }
  model.reset();
  state.output_sizes = sizes_of(graph->outputs()[0]);
  state.primitives.emplace(threads_for(macs_of(*graph)));
  Lowering lowering(*graph, part, *state.primitives);
  lowering.run();
  state.left = lowering.left;
  forget_constants(*graph);
  if (part[0] == state.sizes[0]) return;
  state.parts = state.sizes[0] / part[0];
  state.output_sizes[0] = state.sizes[0];
  state.output = torch::empty(state.output_sizes);
}

Inference::~Inference() = default;

const std::vector<std::string>& Inference::left_to_libtorch() const { return state_->left; }

torch::Tensor Inference::run(const torch::Tensor& images) {
  State& state = *state_;
  MIEN_ASSERT(images.sizes() == torch::IntArrayRef(state.sizes) && images.is_contiguous() &&
              images.scalar_type() == torch::kFloat && images.is_cpu());
  const torch::NoGradGuard no_grad;
  const float* input = images.data_ptr<float>();
  if (state.parts == 1)
    return torch::from_blob(const_cast<float*>(state.primitives->run(input)), state.output_sizes);
  const std::int64_t in = images.numel() / state.parts, out = state.output.numel() / state.parts;
  for (std::int64_t part = 0; part < state.parts; ++part)
    std::copy_n(
        state.primitives->run(input + part * in), out, state.output.data_ptr<float>() + part * out);
  return state.output;
}

}  // namespace mien
