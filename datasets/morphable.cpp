// Principal modes of M shapes of V*3 numbers come from their M x M matrix of products (Turk &
// Pentland 1991, "Eigenfaces for recognition"), for M is far below V*3.
#include "datasets/morphable.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "datasets/face_model_files.h"
#include "datasets/installed_head.h"
#include "harness/core/error.h"

namespace mien {
namespace {

constexpr double kSmallest = 1e-9;  // of the largest variance: what is below is rounding

/// A symmetric matrix, row by row; `diagonalise` leaves its eigenvalues on the diagonal.
struct Symmetric {
  std::size_t size;
  std::vector<double> values;
  double& at(std::size_t i, std::size_t j) { return values[i * size + j]; }
};

/// Turns rows and columns p and q of `m` so that m[p][q] becomes 0, and columns of `vectors` too.
void rotate(Symmetric& m, Symmetric& vectors, std::size_t p, std::size_t q) {
  const double theta = (m.at(q, q) - m.at(p, p)) / (2 * m.at(p, q));
  const double t = (theta < 0 ? -1.0 : 1.0) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1), s = t * c;
  const auto turn = [&](double& a, double& b) {
    const double old = a;
    a = c * old - s * b;
    b = s * old + c * b;
  };
  for (std::size_t k = 0; k < m.size; ++k) turn(m.at(k, p), m.at(k, q));
  for (std::size_t k = 0; k < m.size; ++k) turn(m.at(p, k), m.at(q, k));
  for (std::size_t k = 0; k < m.size; ++k) turn(vectors.at(k, p), vectors.at(k, q));
}

/// Cyclic Jacobi (Golub & Van Loan, 8.5): the eigenvectors as columns.
Symmetric diagonalise(Symmetric& m) {
  Symmetric vectors{m.size, std::vector<double>(m.size * m.size)};
  for (std::size_t i = 0; i < m.size; ++i) vectors.at(i, i) = 1;
  double trace = 0;
  for (std::size_t i = 0; i < m.size; ++i) trace += m.at(i, i);
  constexpr int kSweeps = 60;  // some 8 are enough
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    bool done = true;
    for (std::size_t p = 0; p < m.size; ++p)
      for (std::size_t q = p + 1; q < m.size; ++q)
        if (std::abs(m.at(p, q)) > 1e-16 * trace) rotate(m, vectors, p, q), done = false;
    if (done) break;
  }
  return vectors;
}

/// M shapes of `size` numbers each; the share of one in the variance is `weight`.
struct Shapes {
  std::size_t size;
  std::vector<float> values;
  double weight = 1;
  std::size_t count() const { return size == 0 ? 0 : values.size() / size; }
  const float* of(std::size_t i) const { return values.data() + i * size; }
};

Symmetric products_of(const Shapes& shapes) {
  Symmetric m{shapes.count(), std::vector<double>(shapes.count() * shapes.count())};
  for (std::size_t i = 0; i < m.size; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < shapes.size; ++k)
        sum += double{shapes.of(i)[k]} * shapes.of(j)[k];
      m.at(i, j) = m.at(j, i) = shapes.weight * sum;
    }
  return m;
}

/// Of unit length, its largest number positive.
std::vector<float> mode_of(const Shapes& shapes, Symmetric& vectors, std::size_t column) {
  std::vector<double> mode(shapes.size);
  for (std::size_t i = 0; i < shapes.count(); ++i)
    for (std::size_t k = 0; k < shapes.size; ++k)
      mode[k] += vectors.at(i, column) * shapes.of(i)[k];
  double length = 0, largest = 0;
  for (const double value : mode) {
    length += value * value;
    if (std::abs(value) > std::abs(largest)) largest = value;
  }
  const double factor = (largest < 0 ? -1 : 1) / std::sqrt(length);
  std::vector<float> out(shapes.size);
  std::ranges::transform(
      mode, out.begin(), [&](double value) { return static_cast<float>(value * factor); });
  return out;
}

struct Modes {
  std::vector<float> values, std;
};

Modes principal_modes(const Shapes& shapes, std::size_t most) {
  Symmetric variances = products_of(shapes);
  Symmetric vectors = diagonalise(variances);
  std::vector<std::size_t> order(variances.size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return variances.at(a, a) > variances.at(b, b); });
  Modes modes;
  for (std::size_t k = 0; k < std::min(most, order.size()); ++k) {
    const double variance = variances.at(order[k], order[k]);
    if (variance <= kSmallest * variances.at(order[0], order[0])) break;
    const std::vector<float> mode = mode_of(shapes, vectors, order[k]);
    modes.values.insert(modes.values.end(), mode.begin(), mode.end());
    modes.std.push_back(static_cast<float>(std::sqrt(variance)));
  }
  return modes;
}

/// Modes at one standard deviation; 1 where it is not known.
Shapes independent(std::size_t size, std::vector<float> modes, const std::vector<float>& std) {
  for (std::size_t i = 0; i < modes.size(); ++i)
    if (!std.empty()) modes[i] *= std[i / size];
  return {size, std::move(modes)};
}

/// Blendshapes and the neutral face about their mean, which is added to `mean`.
Shapes blendshapes(const std::vector<float>& offsets, std::vector<float>& mean) {
  const std::size_t size = mean.size(), count = offsets.size() / size + 1;
  std::vector<double> middle(size);
  for (std::size_t i = 0; i < offsets.size(); ++i)
    middle[i % size] += offsets[i] / static_cast<double>(count);
  Shapes shapes{size, offsets, 1 / static_cast<double>(count)};
  shapes.values.resize(count * size);
  for (std::size_t i = 0; i < shapes.values.size(); ++i)
    shapes.values[i] = static_cast<float>(shapes.values[i] - middle[i % size]);
  for (std::size_t i = 0; i < size; ++i) mean[i] = static_cast<float>(mean[i] + middle[i]);
  return shapes;
}

Head with_principal_modes(Head head) {
  head.model = principal_model(head.model);
  head.actions.clear();
  return head;
}

}  // namespace

FaceModel principal_model(const FaceModel& model, std::size_t identities, std::size_t expressions) {
  FaceModel out = model;
  out.name += ", principal modes";
  const std::size_t size = model.mean.size();
  Modes identity =
      principal_modes(independent(size, model.identity, model.identity_std), identities);
  Modes expression =
      principal_modes(model.expression_std.empty() && !model.expression.empty()
                          ? blendshapes(model.expression, out.mean)
                          : independent(size, model.expression, model.expression_std),
                      expressions);
  out.identity = std::move(identity.values);
  out.identity_std = std::move(identity.std);
  out.identity_names = numbered_names("identity", out.identity_std.size());
  out.expression = std::move(expression.values);
  out.expression_std = std::move(expression.std);
  out.expression_names = numbered_names("expression", out.expression_std.size());
  return out;
}

Head morphable_head(FaceHead kind) {
  return with_principal_modes(kind == FaceHead::kInstalled ? installed_head() : built_in_head());
}

Head morphable_head(const FaceModel& brought) {
  if (brought.landmarks68.size() != 68 || brought.millimetres <= 0)
    fail(Exit::kPrecondition,
         "face model {}: drawing it takes 68 landmarks and the unit in mm, and it has {} and {}; "
         "write both into its .safetensors file",
         brought.name,
         brought.landmarks68.size(),
         brought.millimetres);
  return with_principal_modes(completed(brought));
}

}  // namespace mien
