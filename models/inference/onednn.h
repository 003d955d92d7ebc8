// A network of fixed sizes as a list of oneDNN primitives. Only this file includes oneDNN, and it
// does not include LibTorch: inference.cpp translates a model to calls of this class.
//
// Weights are packed once. Convolutions with many tiles use Winograd's algorithm. Activations are
// part of the primitive before them. Tensors that are never alive at the same time share memory.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace mien {

/// The window of a convolution or a pool; all members are {height, width}. `before` and `after` are
/// padding.
struct Window {
  std::array<std::int64_t, 2> kernel, stride, before, after;
};

/// A network in float32 on the CPU. Tensors are numbered, and their layout in memory is internal.
/// To build it, call input(), then the layers in order, then finish().
class Primitives {
 public:
  using Value = std::size_t;
  using Sizes = std::vector<std::int64_t>;
  /// Computes a contiguous tensor from contiguous tensors.
  using Function = std::function<void(std::span<float* const> in, float* out)>;

  /// Builds and runs with this many threads, whatever number OpenMP has elsewhere.
  explicit Primitives(int threads);
  ~Primitives();
  Primitives(Primitives&&) noexcept;

  /// Declares the input, contiguous [N, C, H, W].
  Value input(const Sizes& sizes);

  /// Convolves x with weights [out, C / groups, kh, kw] and bias [out] or null; both are copied.
  /// Then adds `added`, a tensor of the result's size that no later layer reads, and applies ReLU
  /// if `relu`.
  Value convolution(Value x,
                    const float* weights,
                    const float* bias,
                    std::int64_t out,
                    std::int64_t groups,
                    const Window& window,
                    bool relu,
                    std::optional<Value> added);
  /// Multiplies x [N, ...], flattened to [N, in], by weights [out, in] and adds bias [out] or null;
  /// both are copied. Applies ReLU if `relu`.
  Value linear(Value x, const float* weights, const float* bias, std::int64_t out, bool relu);
  Value max_pool(Value x, const Window& window);
  Value average_pool(Value x, const Window& window);
  /// Computes x / (k + alpha / size * sum of squares over `size` channels)^beta.
  Value normalise(Value x, std::int64_t size, float alpha, float beta, float k);
  Value concatenate(std::span<const Value> parts);  // along the channels
  Value relu(Value x);
  Value add(Value a, Value b);
  /// Combines x with constant numbers [1, ...], which are copied and repeated along every dimension
  /// whose size is 1.
  enum class Operator { kAdd, kSubtract, kMultiply };
  Value combine(Operator op, Value x, const float* numbers, const Sizes& sizes);
  /// Samples x [N, C, H, W] at the positions to which theta [N, 2, 3] maps a grid of the size of x:
  /// bilinearly, with zeros outside and the corners of the image at -1 and 1 (align_corners =
  /// false).
  Value affine_sample(Value x, Value theta);
  Value reshape(Value x, const Sizes& sizes);
  /// Adds any other operation as a function.
  Value call(std::span<const Value> in, const Sizes& sizes, Function function);

  const Sizes& sizes(Value x) const;

  /// Allocates the memory. No layer can be added afterwards.
  void finish(Value output);
  /// Runs the network. Returns the output, contiguous and valid until the next call.
  const float* run(const float* input);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace mien
