#include "harness/engine/tasks/gradient_maps.h"

#include <array>
#include <utility>

#include "harness/engine/train/batches.h"

namespace mien {
namespace {

constexpr std::int64_t kGradientImages = 8;    // of a pass; limits memory
constexpr std::int64_t kSmallestFeature = 4;   // px
constexpr double kSmallestDeterminant = 1e-4;  // of a theta that is inverted

/// The two rows of a spatial transformer: its 2x3 parameters, and the row that it warps.
struct Transformer {
  std::string theta_row, warp_row;
};

Transformer transformer_of(std::span<const Row> rows) {
  for (std::size_t i = 0; i + 1 < rows.size(); ++i)
    if (rows[i].out == std::array<std::int64_t, 3>{2, 3, 0} && rows[i + 1].out[2] > 0)
      return {rows[i].id, rows[i + 1].id};
  return {};
}

/// Returns the inverse maps [N, 2, 3] of theta [N, 2, 3], and which of them exist [N].
std::pair<torch::Tensor, torch::Tensor> inverse_of(const torch::Tensor& theta) {
  const auto at = [&](int row, int column) { return theta.select(1, row).select(1, column); };
  const torch::Tensor a = at(0, 0), b = at(0, 1), c = at(1, 0), d = at(1, 1);
  const torch::Tensor determinant = a * d - b * c;
  const torch::Tensor regular = determinant.abs() > kSmallestDeterminant;
  const torch::Tensor by = torch::where(regular, determinant, torch::ones_like(determinant));
  const torch::Tensor p = d / by, q = -b / by, r = -c / by, s = a / by;
  const torch::Tensor x = -(p * at(0, 2) + q * at(1, 2)), y = -(r * at(0, 2) + s * at(1, 2));
  return {torch::stack({p, q, x, r, s, y}, 1).view({-1, 2, 3}), regular};
}

/// Maps what is seen behind a transformer, [N, 1, H, W], back into the frame of its input.
torch::Tensor mapped_back(const torch::Tensor& maps, const torch::Tensor& theta) {
  const auto [inverse, regular] = inverse_of(theta);
  const torch::Tensor grid = torch::affine_grid_generator(inverse, maps.sizes(), false);
  const torch::Tensor back =
      torch::grid_sampler(maps, grid, /*bilinear*/ 0, /*zeros*/ 0, /*align_corners=*/false);
  return back * regular.view({-1, 1, 1, 1});
}

torch::Tensor gradcam_of(const torch::Tensor& activations,
                         const torch::Tensor& gradients,
                         const torch::Tensor& theta,
                         std::int64_t height,
                         std::int64_t width) {
  const torch::Tensor weights = gradients.mean({2, 3}, /*keepdim=*/true);
  torch::Tensor maps = torch::relu((weights * activations).sum(1, /*keepdim=*/true));
  maps = torch::upsample_bilinear2d(maps, {height, width}, /*align_corners=*/false);
  if (theta.defined()) maps = mapped_back(maps, theta);
  return (maps / maps.amax({1, 2, 3}, true).clamp_min(1e-12)).squeeze(1);
}

/// Records the rows' outputs in a scope.
class Recording {
 public:
  explicit Recording(Model& model) : model_(model) { model_.record(&trace); }
  ~Recording() { model_.record(nullptr); }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  Trace trace;

 private:
  Model& model_;
};

bool is_spatial(const torch::Tensor& x, std::int64_t smallest) {
  return x.dim() == 4 && x.size(2) >= smallest && x.size(3) >= smallest;
}

std::vector<FeatureMaps> features_of(const Trace& trace) {
  std::vector<FeatureMaps> features;
  for (const auto& [row, output] : trace.seen) {
    if (!is_spatial(output, kSmallestFeature)) continue;
    std::erase_if(features, [&, height = output.size(2)](const FeatureMaps& other) {
      return other.maps.size(2) == height;
    });
    features.push_back({row, output.detach()});
  }
  return features;
}

GradientMaps maps_of_batch(Model& model,
                           const Transformer& transformer,
                           const torch::Tensor& inputs,
                           const torch::Tensor& classes) {
  const torch::Tensor x = channels_last(inputs).detach();
  x.set_requires_grad(true);
  Recording recording(model);
  const torch::Tensor logits = model.forward(x);
  const torch::Tensor score = logits.gather(1, classes.view({-1, 1})).sum();
  GradientMaps maps;
  bool warped = false;
  torch::Tensor activations, theta;
  for (const auto& [row, output] : recording.trace.seen) {
    if (row == transformer.theta_row) maps.theta = output.detach();
    warped = warped || row == transformer.warp_row;
    if (!is_spatial(output, 2) || !output.requires_grad()) continue;
    maps.gradcam_row = row;
    activations = output;
    theta = warped ? maps.theta : torch::Tensor();
  }
  std::vector<torch::Tensor> targets = {x};
  if (activations.defined()) targets.push_back(activations);
  const auto gradients = torch::autograd::grad({score}, targets, {}, {}, false, /*unused*/ true);
  maps.saliency = gradients[0].defined() ? gradients[0].abs().amax(1) : x.detach().amax(1) * 0;
  if (activations.defined() && gradients[1].defined())
    maps.gradcam =
        gradcam_of(activations.detach(), gradients[1], theta, x.size(2), x.size(3)).contiguous();
  maps.features = features_of(recording.trace);
  return maps;
}

/// Joins the maps of batches. REQUIRES: all have the same rows.
GradientMaps joined_maps(std::vector<GradientMaps> parts) {
  const auto all = [&](auto member) {
    std::vector<torch::Tensor> tensors;
    for (const GradientMaps& part : parts) tensors.push_back(member(part));
    return tensors.front().defined() ? torch::cat(tensors) : torch::Tensor();
  };
  GradientMaps whole = parts.front();
  whole.saliency = all([](const GradientMaps& part) { return part.saliency; });
  whole.gradcam = all([](const GradientMaps& part) { return part.gradcam; });
  whole.theta = all([](const GradientMaps& part) { return part.theta; });
  for (std::size_t i = 0; i < whole.features.size(); ++i)
    whole.features[i].maps = all([i](const GradientMaps& part) { return part.features[i].maps; });
  return whole;
}

}  // namespace

GradientMaps gradient_maps(Model& model,
                           std::span<const Row> rows,
                           const torch::Tensor& inputs,
                           const torch::Tensor& classes) {
  model.eval();
  const Transformer transformer = transformer_of(rows);
  std::vector<GradientMaps> parts;
  for (std::int64_t at = 0; at < inputs.size(0); at += kGradientImages) {
    const std::int64_t count = std::min(kGradientImages, inputs.size(0) - at);
    parts.push_back(maps_of_batch(
        model, transformer, inputs.narrow(0, at, count), classes.narrow(0, at, count)));
  }
  GradientMaps whole = joined_maps(std::move(parts));
  if (whole.theta.defined()) {
    whole.theta_row = transformer.theta_row;
    whole.warp_row = transformer.warp_row;
  }
  return whole;
}

}  // namespace mien
