#include "models/inference/onednn.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <oneapi/dnnl/dnnl.hpp>
#include <string>

#include "harness/base/error.h"

namespace mien {
namespace {

using dnnl::memory;
using Sizes = Primitives::Sizes;
using Value = Primitives::Value;

constexpr auto kFloat = memory::data_type::f32;
constexpr auto kInference = dnnl::prop_kind::forward_inference;
constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

memory::format_tag plain_tag(std::size_t rank) {
  constexpr memory::format_tag kTags[] = {memory::format_tag::a,
                                          memory::format_tag::ab,
                                          memory::format_tag::abc,
                                          memory::format_tag::abcd,
                                          memory::format_tag::abcde};
  MIEN_ASSERT(rank >= 1 && rank <= 5);
  return kTags[rank - 1];
}

memory::desc plain(const Sizes& sizes) { return {sizes, kFloat, plain_tag(sizes.size())}; }

/// Returns blocks of 16 channels if the channels fill them, else channels last.
memory::format_tag image_tag(std::int64_t channels) {
  return channels % 16 == 0 ? memory::format_tag::nChw16c : memory::format_tag::nhwc;
}

memory::desc image(const Sizes& sizes) { return {sizes, kFloat, image_tag(sizes[1])}; }
memory::desc any(const Sizes& sizes) { return {sizes, kFloat, memory::format_tag::any}; }

memory::dims dims(const std::array<std::int64_t, 2>& pair) { return {pair[0], pair[1]}; }

Sizes windowed(const Sizes& x, std::int64_t channels, const Window& w) {
  Sizes out = {x[0], channels, 0, 0};
  for (std::size_t d = 0; d < 2; ++d)
    out[2 + d] = (x[2 + d] + w.before[d] + w.after[d] - w.kernel[d]) / w.stride[d] + 1;
  return out;
}

/// Returns true if Winograd's algorithm pays. It needs fewer multiplications but moves more data,
/// so there must be enough channels and tiles (measured with AVX-512, batches 1 and 32).
bool suits_winograd(const Sizes& x, const Sizes& out, std::int64_t groups, const Window& w) {
  constexpr std::int64_t kTile = 4, kTilesWorthIt = 9;
  const auto tiles = [](std::int64_t side) { return (side + kTile - 1) / kTile; };
  return groups == 1 && w.kernel == std::array<std::int64_t, 2>{3, 3} &&
         w.stride == std::array<std::int64_t, 2>{1, 1} && x[1] % 16 == 0 && out[1] % 16 == 0 &&
         x[1] >= 64 && out[1] >= 64 && x[0] * tiles(out[2]) * tiles(out[3]) >= kTilesWorthIt;
}

bool is_reference(const char* implementation) {
  return std::string_view(implementation).find("ref") != std::string_view::npos;
}

/// Samples one image with channels last bilinearly; `theta` has six numbers.
void sample_image(const float* x, const float* theta, const Sizes& sizes, float* out) {
  const std::int64_t channels = sizes[1], height = sizes[2], width = sizes[3];
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  for (std::int64_t row = 0; row < height; ++row) {
    for (std::int64_t column = 0; column < width; ++column, out += channels) {
      const float u = (2 * static_cast<float>(column) + 1) / w - 1;
      const float v = (2 * static_cast<float>(row) + 1) / h - 1;
      const float at_x = ((theta[0] * u + theta[1] * v + theta[2] + 1) * w - 1) / 2;
      const float at_y = ((theta[3] * u + theta[4] * v + theta[5] + 1) * h - 1) / 2;
      std::fill(out, out + channels, 0.f);
      // The condition is written so that NaN lies outside too.
      if (!(at_x > -1 && at_x < w && at_y > -1 && at_y < h)) continue;
      const float left = std::floor(at_x), top = std::floor(at_y);
      for (int corner = 0; corner < 4; ++corner) {
        const float corner_x = left + static_cast<float>(corner % 2);
        const float corner_y = top + static_cast<float>(corner / 2);
        if (corner_x < 0 || corner_x >= w || corner_y < 0 || corner_y >= h) continue;
        const float weight = (1 - std::abs(at_x - corner_x)) * (1 - std::abs(at_y - corner_y));
        const float* from = x + (static_cast<std::int64_t>(corner_y) * width +
                                 static_cast<std::int64_t>(corner_x)) *
                                    channels;
        for (std::int64_t c = 0; c < channels; ++c) out[c] += weight * from[c];
      }
    }
  }
}

/// Sets OpenMP's number of threads while it lives. LibTorch may use this OpenMP or one of its own.
class Threads {
 public:
  explicit Threads(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
  ~Threads() { omp_set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  int before_;
};

}  // namespace

struct Primitives::State {
  /// A layout over a buffer.
  struct Tensor {
    Sizes sizes;
    memory::desc layout;
    std::size_t buffer;
  };
  struct Buffer {
    std::size_t bytes = 0, first = 0, last = 0;  // it is alive from step `first` to `last`
    std::size_t offset = 0;
  };
  struct Argument {
    int name;
    std::optional<Value> value;  // else `constant`
    memory constant;
  };
  /// One primitive, or one function of plain tensors.
  struct Step {
    dnnl::primitive primitive;
    std::vector<Argument> arguments;
    std::size_t scratch_bytes = 0;
    Function function;
    std::vector<Value> in;
    Value out = 0;
    // After finish:
    std::vector<memory> memories;
    std::vector<dnnl_exec_arg_t> bound;
    std::vector<float*> pointers;
    float* out_pointer = nullptr;
  };

  explicit State(int count) : threads(count), building(std::in_place, count) {}

  int threads;
  std::optional<Threads> building;  // until `finish`
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::vector<Tensor> tensors;
  std::vector<Buffer> buffers;
  std::vector<Step> steps;
  Value input = 0, output = 0;
  std::vector<dnnl_memory_t> reads_input;
  std::vector<std::pair<std::size_t, std::size_t>> functions_of_input;  // step, argument
  std::unique_ptr<std::byte[], void (*)(void*)> arena{nullptr, std::free};

  const Tensor& at(Value x) const { return tensors[x]; }

  Value add_tensor(const Sizes& sizes, const memory::desc& layout) {
    buffers.push_back({aligned(layout.get_size()), steps.size(), steps.size(), 0});
    tensors.push_back({sizes, layout, buffers.size() - 1});
    return tensors.size() - 1;
  }

  Value add_alias(const Sizes& sizes, const memory::desc& layout, Value of) {
    tensors.push_back({sizes, layout, at(of).buffer});
    return tensors.size() - 1;
  }

  void add_step(Step step) {
    for (const Argument& argument : step.arguments)
      if (argument.value) buffers[at(*argument.value).buffer].last = steps.size();
    for (const Value value : step.in) buffers[at(value).buffer].last = steps.size();
    if (step.function) buffers[at(step.out).buffer].last = steps.size();
    steps.push_back(std::move(step));
  }

  /// Returns the tensor in the given layout, converted if it has another one.
  Value laid_out(Value x, const memory::desc& layout) {
    if (at(x).layout == layout) return x;
    const Value out = add_tensor(at(x).sizes, layout);
    const dnnl::reorder::primitive_desc reorder(engine, at(x).layout, engine, layout);
    Step step;
    step.primitive = dnnl::reorder(reorder);
    step.arguments = {{DNNL_ARG_FROM, x, {}}, {DNNL_ARG_TO, out, {}}};
    add_step(std::move(step));
    return out;
  }

  Value contiguous(Value x) { return laid_out(x, plain(at(x).sizes)); }

  /// Returns a copy of constant numbers in another layout.
  memory packed(const float* numbers, const memory::desc& from, const memory::desc& to) {
    memory source(from, engine, const_cast<float*>(numbers));
    memory target(to, engine);
    dnnl::reorder(source, target).execute(stream, source, target);
    stream.wait();
    return target;
  }

  /// Adds the primitive with its scratchpad; `arguments` end with the result.
  void add_primitive(const dnnl::primitive& primitive,
                     const dnnl::primitive_desc_base& description,
                     std::vector<Argument> arguments) {
    Step step;
    step.primitive = primitive;
    step.scratch_bytes = description.scratchpad_desc().get_size();
    step.arguments = std::move(arguments);
    add_step(std::move(step));
  }

  Value pool(dnnl::algorithm algorithm, Value x, const Window& window);
  void place_buffers();
  void bind(std::byte* scratchpad);
  dnnl::convolution_forward::primitive_desc describe_convolution(const Sizes& x,
                                                                 const memory::desc& x_layout,
                                                                 const Sizes& weights,
                                                                 const Sizes& out,
                                                                 std::int64_t groups,
                                                                 const Window& window,
                                                                 bool relu,
                                                                 const memory::desc* added);
};

namespace {

dnnl::primitive_attr attributes(bool relu, bool added = false) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops after;
  if (added) after.append_sum(1.f);
  if (relu) after.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
  attributes.set_post_ops(after);
  return attributes;
}

}  // namespace

Primitives::Primitives(int threads) : state_(std::make_unique<State>(threads)) {}
Primitives::~Primitives() = default;
Primitives::Primitives(Primitives&&) noexcept = default;

const Sizes& Primitives::sizes(Value x) const { return state_->at(x).sizes; }

Value Primitives::input(const Sizes& sizes) {
  return state_->input = state_->add_tensor(sizes, plain(sizes));
}

dnnl::convolution_forward::primitive_desc Primitives::State::describe_convolution(
    const Sizes& x,
    const memory::desc& x_layout,
    const Sizes& weights,
    const Sizes& out,
    std::int64_t groups,
    const Window& window,
    bool relu,
    const memory::desc* added) {
  const auto describe =
      [&](dnnl::algorithm algorithm, const memory::desc& from, const memory::desc& to) {
        const dnnl::convolution_forward::desc description(kInference,
                                                          algorithm,
                                                          from,
                                                          any(weights),
                                                          any({out[1]}),
                                                          to,
                                                          dims(window.stride),
                                                          dims(window.before),
                                                          dims(window.after));
        return dnnl::convolution_forward::primitive_desc(
            description, attributes(relu, added != nullptr), engine, /*allow_empty=*/true);
      };
  const memory::desc to = added ? *added : image(out);
  if (suits_winograd(x, out, groups, window)) {
    const auto found = describe(dnnl::algorithm::convolution_winograd, image(x), to);
    if (found && !is_reference(found.impl_info_str())) return found;
  }
  // The first convolution reads the image as it is, others the layout of their predecessor.
  const bool is_first = x[1] < 4;
  const auto found =
      describe(dnnl::algorithm::convolution_direct, is_first ? x_layout : image(x), to);
  if (found && !is_reference(found.impl_info_str())) return found;
  const auto free = describe(dnnl::algorithm::convolution_direct, any(x), added ? to : any(out));
  MIEN_ASSERT(free);
  return free;
}

Value Primitives::convolution(Value x,
                              const float* weights,
                              const float* bias,
                              std::int64_t out,
                              std::int64_t groups,
                              const Window& window,
                              bool relu,
                              std::optional<Value> added) {
  const Sizes from = sizes(x);
  const Sizes to = windowed(from, out, window);
  Sizes weight_sizes = {out, from[1] / groups, window.kernel[0], window.kernel[1]};
  if (groups > 1)
    weight_sizes = {groups, out / groups, from[1] / groups, window.kernel[0], window.kernel[1]};
  const memory::desc* added_layout = added ? &state_->at(*added).layout : nullptr;
  const auto description = state_->describe_convolution(
      from, state_->at(x).layout, weight_sizes, to, groups, window, relu, added_layout);
  const std::vector<float> zeros(bias ? 0 : static_cast<std::size_t>(out));
  const memory packed_weights =
      state_->packed(weights, plain(weight_sizes), description.weights_desc());
  const memory packed_bias =
      state_->packed(bias ? bias : zeros.data(), plain({out}), description.bias_desc());
  const Value source = state_->laid_out(x, description.src_desc());
  // The sum replaces the tensor that is added.
  const Value result = added ? state_->add_alias(to, description.dst_desc(), *added)
                             : state_->add_tensor(to, description.dst_desc());
  state_->add_primitive(dnnl::convolution_forward(description),
                        description,
                        {{DNNL_ARG_SRC, source, {}},
                         {DNNL_ARG_WEIGHTS, {}, packed_weights},
                         {DNNL_ARG_BIAS, {}, packed_bias},
                         {DNNL_ARG_DST, result, {}}});
  return result;
}

Value Primitives::linear(
    Value x, const float* weights, const float* bias, std::int64_t out, bool relu) {
  const Sizes from = sizes(x);
  Sizes weight_sizes = from;
  weight_sizes[0] = out;
  const Sizes to = {from[0], out};
  const dnnl::inner_product_forward::desc wanted(
      kInference, state_->at(x).layout, any(weight_sizes), any({out}), plain(to));
  const dnnl::inner_product_forward::primitive_desc description(
      wanted, attributes(relu), state_->engine);
  const std::vector<float> zeros(bias ? 0 : static_cast<std::size_t>(out));
  const memory packed_weights =
      state_->packed(weights, plain(weight_sizes), description.weights_desc());
  const memory packed_bias =
      state_->packed(bias ? bias : zeros.data(), plain({out}), description.bias_desc());
  const Value result = state_->add_tensor(to, description.dst_desc());
  state_->add_primitive(dnnl::inner_product_forward(description),
                        description,
                        {{DNNL_ARG_SRC, x, {}},
                         {DNNL_ARG_WEIGHTS, {}, packed_weights},
                         {DNNL_ARG_BIAS, {}, packed_bias},
                         {DNNL_ARG_DST, result, {}}});
  return result;
}

Value Primitives::State::pool(dnnl::algorithm algorithm, Value x, const Window& window) {
  const Value source = laid_out(x, image(at(x).sizes));
  const Sizes from = at(source).sizes, to = windowed(from, from[1], window);
  const dnnl::pooling_forward::desc wanted(kInference,
                                           algorithm,
                                           at(source).layout,
                                           any(to),
                                           dims(window.stride),
                                           dims(window.kernel),
                                           dims(window.before),
                                           dims(window.after));
  const dnnl::pooling_forward::primitive_desc description(wanted, attributes(false), engine);
  const Value result = add_tensor(to, description.dst_desc());
  add_primitive(dnnl::pooling_forward(description),
                description,
                {{DNNL_ARG_SRC, source, {}}, {DNNL_ARG_DST, result, {}}});
  return result;
}

Value Primitives::max_pool(Value x, const Window& window) {
  return state_->pool(dnnl::algorithm::pooling_max, x, window);
}

Value Primitives::average_pool(Value x, const Window& window) {
  return state_->pool(dnnl::algorithm::pooling_avg_include_padding, x, window);
}

Value Primitives::normalise(Value x, std::int64_t size, float alpha, float beta, float k) {
  const Value source = state_->laid_out(x, image(sizes(x)));
  const dnnl::lrn_forward::desc wanted(kInference,
                                       dnnl::algorithm::lrn_across_channels,
                                       state_->at(source).layout,
                                       size,
                                       alpha,
                                       beta,
                                       k);
  const dnnl::lrn_forward::primitive_desc description(wanted, attributes(false), state_->engine);
  const Value result = state_->add_tensor(sizes(source), description.dst_desc());
  state_->add_primitive(dnnl::lrn_forward(description),
                        description,
                        {{DNNL_ARG_SRC, source, {}}, {DNNL_ARG_DST, result, {}}});
  return result;
}

Value Primitives::concatenate(std::span<const Value> parts) {
  Sizes to = sizes(parts[0]);
  to[1] = 0;
  for (const Value part : parts) to[1] += sizes(part)[1];
  std::vector<memory::desc> layouts;
  std::vector<State::Argument> arguments;
  for (const Value part : parts) {
    const Value source = state_->laid_out(part, image(sizes(part)));
    arguments.push_back(
        {DNNL_ARG_MULTIPLE_SRC + static_cast<int>(layouts.size()), source, memory()});
    layouts.push_back(state_->at(source).layout);
  }
  const dnnl::concat::primitive_desc description(
      image(to), 1, layouts, state_->engine, attributes(false));
  const Value result = state_->add_tensor(to, description.dst_desc());
  arguments.push_back({DNNL_ARG_DST, result, memory()});
  state_->add_primitive(dnnl::concat(description), description, std::move(arguments));
  return result;
}

Value Primitives::relu(Value x) {
  const dnnl::eltwise_forward::desc wanted(
      kInference, dnnl::algorithm::eltwise_relu, state_->at(x).layout, 0.f, 0.f);
  const dnnl::eltwise_forward::primitive_desc description(
      wanted, attributes(false), state_->engine);
  const Value result = state_->add_tensor(sizes(x), description.dst_desc());
  state_->add_primitive(dnnl::eltwise_forward(description),
                        description,
                        {{DNNL_ARG_SRC, x, {}}, {DNNL_ARG_DST, result, {}}});
  return result;
}

Value Primitives::add(Value a, Value b) {
  const dnnl::binary::desc wanted(
      dnnl::algorithm::binary_add, state_->at(a).layout, state_->at(b).layout, any(sizes(a)));
  const dnnl::binary::primitive_desc description(wanted, attributes(false), state_->engine);
  const Value result = state_->add_tensor(sizes(a), description.dst_desc());
  state_->add_primitive(
      dnnl::binary(description),
      description,
      {{DNNL_ARG_SRC_0, a, {}}, {DNNL_ARG_SRC_1, b, {}}, {DNNL_ARG_DST, result, {}}});
  return result;
}

Value Primitives::combine(Operator op, Value x, const float* numbers, const Sizes& by) {
  constexpr dnnl::algorithm kAlgorithms[] = {
      dnnl::algorithm::binary_add, dnnl::algorithm::binary_sub, dnnl::algorithm::binary_mul};
  const Value source = state_->contiguous(x);
  const dnnl::binary::desc wanted(
      kAlgorithms[static_cast<int>(op)], state_->at(source).layout, plain(by), plain(sizes(x)));
  const dnnl::binary::primitive_desc description(wanted, attributes(false), state_->engine);
  const memory constant = state_->packed(numbers, plain(by), plain(by));
  const Value result = state_->add_tensor(sizes(x), description.dst_desc());
  state_->add_primitive(
      dnnl::binary(description),
      description,
      {{DNNL_ARG_SRC_0, source, {}}, {DNNL_ARG_SRC_1, {}, constant}, {DNNL_ARG_DST, result, {}}});
  return result;
}

Value Primitives::affine_sample(Value x, Value theta) {
  const Sizes from = sizes(x);
  const memory::desc channels_last(from, kFloat, memory::format_tag::nhwc);
  State::Step step;
  step.in = {state_->laid_out(x, channels_last), state_->contiguous(theta)};
  step.out = state_->add_tensor(from, channels_last);
  step.function = [from](std::span<float* const> in, float* out) {
    const std::int64_t pixels = from[1] * from[2] * from[3];
#pragma omp parallel for schedule(static) if (from[0] > 1)
    for (std::int64_t n = 0; n < from[0]; ++n)
      sample_image(in[0] + n * pixels, in[1] + n * 6, from, out + n * pixels);
  };
  const Value result = step.out;
  state_->add_step(std::move(step));
  return result;
}

Value Primitives::reshape(Value x, const Sizes& to) {
  return state_->add_alias(to, plain(to), state_->contiguous(x));
}

Value Primitives::call(std::span<const Value> in, const Sizes& to, Function function) {
  State::Step step;
  for (const Value value : in) step.in.push_back(state_->contiguous(value));
  step.out = state_->add_tensor(to, plain(to));
  step.function = std::move(function);
  const Value result = step.out;
  state_->add_step(std::move(step));
  return result;
}

/// Places the largest buffer first, each at the lowest offset that is free while it is alive.
void Primitives::State::place_buffers() {
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return buffers[a].bytes > buffers[b].bytes;
  });
  std::vector<const Buffer*> placed;  // by offset
  for (const std::size_t index : order) {
    Buffer& buffer = buffers[index];
    if (index == at(input).buffer) continue;  // it belongs to the caller
    std::size_t offset = 0;
    for (const Buffer* other : placed) {
      const bool meet = other->first <= buffer.last && buffer.first <= other->last;
      if (!meet) continue;
      if (offset + buffer.bytes <= other->offset) break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    buffer.offset = offset;
    placed.insert(
        std::upper_bound(placed.begin(),
                         placed.end(),
                         &buffer,
                         [](const Buffer* a, const Buffer* b) { return a->offset < b->offset; }),
        &buffer);
  }
}

void Primitives::State::bind(std::byte* scratchpad) {
  const std::size_t input_buffer = at(input).buffer;
  const auto place = [&](Value value) -> std::byte* {
    if (at(value).buffer == input_buffer) return nullptr;
    return arena.get() + buffers[at(value).buffer].offset;
  };
  for (std::size_t index = 0; index < steps.size(); ++index) {
    Step& step = steps[index];
    for (const Argument& argument : step.arguments) {
      memory bound = argument.constant;
      if (argument.value) {
        bound = memory(at(*argument.value).layout, engine, place(*argument.value));
        if (at(*argument.value).buffer == input_buffer) reads_input.push_back(bound.get());
      }
      step.memories.push_back(bound);
      step.bound.push_back({argument.name, bound.get()});
    }
    if (step.scratch_bytes > 0) {
      const memory::desc layout({static_cast<std::int64_t>(step.scratch_bytes)},
                                memory::data_type::u8,
                                memory::format_tag::a);
      step.memories.emplace_back(layout, engine, scratchpad);
      step.bound.push_back({DNNL_ARG_SCRATCHPAD, step.memories.back().get()});
    }
    if (!step.function) continue;
    for (const Value value : step.in) {
      step.pointers.push_back(reinterpret_cast<float*>(place(value)));
      if (at(value).buffer == input_buffer)
        functions_of_input.emplace_back(index, step.pointers.size() - 1);
    }
    step.out_pointer = reinterpret_cast<float*>(place(step.out));
  }
}

void Primitives::finish(Value result) {
  State& state = *state_;
  state.output = state.contiguous(result);
  state.buffers[state.at(state.output).buffer].last = state.steps.size();
  state.place_buffers();
  std::size_t bytes = 0, scratch = 0;
  for (const State::Buffer& buffer : state.buffers)
    bytes = std::max(bytes, buffer.offset + buffer.bytes);
  for (const State::Step& step : state.steps) scratch = std::max(scratch, step.scratch_bytes);
  const std::size_t total = bytes + aligned(scratch) + kAlignment;
  state.arena.reset(static_cast<std::byte*>(std::aligned_alloc(kAlignment, aligned(total))));
  if (!state.arena) throw std::bad_alloc();
  state.bind(state.arena.get() + bytes);
  state.building.reset();
}

const float* Primitives::run(const float* input) {
  State& state = *state_;
  const Threads threads(state.threads);
  float* const from = const_cast<float*>(input);
  for (dnnl_memory_t memory : state.reads_input) dnnl_memory_set_data_handle(memory, from);
  for (const auto& [step, argument] : state.functions_of_input)
    state.steps[step].pointers[argument] = from;
  for (State::Step& step : state.steps) {
    if (step.function) {
      step.function(step.pointers, step.out_pointer);
      continue;
    }
    const dnnl_status_t status = dnnl_primitive_execute(step.primitive.get(),
                                                        state.stream.get(),
                                                        static_cast<int>(step.bound.size()),
                                                        step.bound.data());
    MIEN_ASSERT(status == dnnl_success);
  }
  state.stream.wait();
  if (state.at(state.output).buffer == state.at(state.input).buffer) return input;
  return reinterpret_cast<const float*>(state.arena.get() +
                                        state.buffers[state.at(state.output).buffer].offset);
}

}  // namespace mien
