#include "harness/engine/train/regression_metrics.h"

#include <cmath>
#include <span>

namespace mien {

std::vector<std::int64_t> people(const Pack& pack, const std::vector<std::int64_t>& rows) {
  std::vector<std::int64_t> groups;
  for (const std::int64_t row : rows) {
    const std::int32_t subject = pack.subject()[static_cast<std::size_t>(row)];
    groups.push_back(subject >= 0 ? subject : -1 - row);
  }
  return groups;
}

Estimate mean_error(const torch::Tensor& values, const std::vector<std::int64_t>& groups) {
  const torch::Tensor each = values.to(torch::kDouble).contiguous();
  const std::span<const double> all(each.data_ptr<double>(), groups.size());
  return {mean(all), bootstrap_mean(all, groups)};
}

Estimate root_mean_square(const torch::Tensor& differences,
                          const std::vector<std::int64_t>& groups) {
  Estimate root = mean_error(differences.square().mean(1), groups);
  root.value = std::sqrt(root.value);
  if (root.interval)
    root.interval = Interval{std::sqrt(root.interval->lower), std::sqrt(root.interval->upper)};
  return root;
}

std::optional<double> correlation(const torch::Tensor& predicted, const torch::Tensor& truth) {
  const auto centred = [](const torch::Tensor& x) {
    const torch::Tensor y = x.to(torch::kDouble);
    return y - y.mean(0);
  };
  const torch::Tensor p = centred(predicted), t = centred(truth);
  const torch::Tensor varies = t.square().sum(0) > 0;
  const torch::Tensor scale = (p.square().sum(0) * t.square().sum(0)).sqrt();
  const torch::Tensor r = (p * t).sum(0) / scale.clamp_min(1e-300);
  if (!varies.any().item<bool>()) return std::nullopt;
  return r.masked_select(varies).mean().item<double>();
}

}  // namespace mien
