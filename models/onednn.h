// The door to oneDNN: a network of fixed sizes as a list of primitives.
//
// Weights are packed once, convolutions with many tiles use Winograd's algorithm, activations are
// part of the primitive before them, and tensors that are never alive together share memory.
// No LibTorch here: models/inference turns a model into calls of this class.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace mien {

/// Kernel of a convolution or a pool, {height, width} each; `before` and `after` are padding.
struct Window {
  std::array<std::int64_t, 2> kernel, stride, before, after;
};

/// float32 on the CPU. Tensors are numbered; their layout in memory is nobody else's business.
/// Build: `input`, then layers in order, then `finish`.
/// Build: `input`, then layers in order, then `finish`. The threads are those that OpenMP has then.
class Primitives {
 public:
  using Value = std::size_t;
  using Sizes = std::vector<std::int64_t>;
  /// Contiguous tensors in, a contiguous tensor out.
  using Function = std::function<void(std::span<float* const> in, float* out)>;

  /// Works with this many threads, whatever OpenMP is told elsewhere.
  explicit Primitives(int threads);
  ~Primitives();
  Primitives(Primitives&&) noexcept;

  /// Contiguous [N, C, H, W].
  Value input(const Sizes& sizes);

  /// weights [out, C / groups, kh, kw], bias [out] or null; both are copied. `added`, a tensor of
  /// the result's size that nobody reads afterwards, is added before the ReLU.
  Value convolution(Value x,
                    const float* weights,
                    const float* bias,
                    std::int64_t out,
                    std::int64_t groups,
                    const Window& window,
                    bool relu,
                    std::optional<Value> added);
  /// x [N, ...] is flattened behind N; weights [out, in], bias [out] or null; both are copied.
  Value linear(Value x, const float* weights, const float* bias, std::int64_t out, bool relu);
  Value max_pool(Value x, const Window& window);
  Value average_pool(Value x, const Window& window);
  /// x / (k + alpha / size * sum of squares over `size` channels)^beta.
  Value normalise(Value x, std::int64_t size, float alpha, float beta, float k);
  Value concatenate(std::span<const Value> parts);  // along the channels
  Value relu(Value x);
  Value add(Value a, Value b);
  /// x combined with constant numbers [1, ...], repeated along every dimension that is 1 there; the
  /// numbers are copied.
  enum class Operator { kAdd, kSubtract, kMultiply };
  Value combine(Operator op, Value x, const float* numbers, const Sizes& sizes);
  /// Samples x [N, C, H, W] where theta [N, 2, 3] sends the pixels of a grid of its own size;
  /// bilinear, zeros outside, the corners of the image at -1 and 1 (align_corners = false).
  Value affine_sample(Value x, Value theta);
  Value reshape(Value x, const Sizes& sizes);
  /// Anything else.
  Value call(std::span<const Value> in, const Sizes& sizes, Function function);

  const Sizes& sizes(Value x) const;

  void finish(Value output);
  /// The output, contiguous, valid until the next call.
  const float* run(const float* input);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mien
