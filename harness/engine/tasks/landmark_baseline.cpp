#include "harness/engine/tasks/landmark_baseline.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "harness/base/error.h"
#include "harness/base/statistics.h"
#include "harness/engine/train/regression_metrics.h"
#include "harness/geometry/landmark_fit.h"
#include "models/inference/inference.h"

namespace mien {
namespace {

constexpr std::int64_t kImages = 200;
constexpr std::uint64_t kNoiseSeed = 68;  // fixed: the same noise for every network
constexpr double kLeastNoise = 0.1;       // px that a fit assumes for exact landmarks

double thread_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

/// Returns the focal length of the camera of the pictures; 0 if the pack does not state it.
double focal_px(const Pack& pack) {
  const auto manifest = nlohmann::json::parse(pack.manifest(), nullptr, /*allow_exceptions=*/false);
  const nlohmann::json::json_pointer at("/facts/camera/focal_px");
  if (!manifest.is_object() || !manifest.contains(at) || !manifest.at(at).is_number()) return 0;
  return manifest.at(at).get<double>();
}

/// Returns normal random numbers [rows, 136] by Box & Muller (1958).
torch::Tensor normal(std::int64_t rows, std::uint64_t stream) {
  const torch::Tensor draws = uniform(rows, 2 * 136, kNoiseSeed, stream).to(torch::kDouble);
  const torch::Tensor radius = (-2 * (1 - draws.narrow(1, 0, 136)).log()).sqrt();
  return radius * (2 * std::numbers::pi * draws.narrow(1, 136, 136)).cos();
}

/// Limits LibTorch to one thread in a scope.
class OneThread {
 public:
  OneThread() : before_(torch::get_num_threads()) { torch::set_num_threads(1); }
  ~OneThread() { torch::set_num_threads(before_); }

 private:
  int before_;
};

/// Coefficients of the same images by the fit and by the network, and how long each took.
struct Answers {
  torch::Tensor fitted, predicted;  // [n, K]
  std::vector<double> fit_ms, network_ms;
};

/// Fits the landmarks `points` [n, 136] px and runs the network, image by image.
Answers answers_of(const Comparison& c,
                   const torch::Tensor& points,
                   double noise,
                   Inference& inference) {
  const auto shape = c.pack.image_shape();
  LandmarkFitter fitter(c.face_model,
                        {.noise_px = std::max(noise, kLeastNoise), .focal_px = focal_px(c.pack)});
  const bool is_identity = std::string(c.card.target) == "identity";
  const std::int64_t n = points.size(0), width = c.test.targets.size(1);
  Answers answers{torch::zeros({n, width}), torch::zeros({n, width}), {}, {}};
  for (std::int64_t i = 0; i < n; ++i) {
    const float* xy = points.data_ptr<float>() + i * 136;
    double start = thread_ms();
    const LandmarkFit fit = fitter.fit(std::span<const float, 136>(xy, 136),
                                       static_cast<int>(shape[2]),
                                       static_cast<int>(shape[1]));
    answers.fit_ms.push_back(thread_ms() - start);
    const std::vector<float>& found = is_identity ? fit.identity : fit.expression;
    for (std::int64_t k = 0; k < std::min(width, std::ssize(found)); ++k)
      answers.fitted[i][k] = found[static_cast<std::size_t>(k)];
    const torch::Tensor image =
        c.augmenter.test(c.test.images.narrow(0, i, 1).to(torch::kCPU)).contiguous();
    start = thread_ms();
    const torch::Tensor outputs = inference.run(image);
    answers.network_ms.push_back(thread_ms() - start);
    answers.predicted[i] = outputs[0].narrow(0, 0, width);
  }
  return answers;
}

}  // namespace

void check_landmarks(const Pack& pack, bool has_model, const std::vector<double>& noise_px) {
  if (noise_px.empty()) return;
  const auto landmarks = pack.targets().find("landmarks");
  if (landmarks == pack.targets().end() || landmarks->second.names.size() != 136)
    fail(Exit::kUsage,
         "{} has no 68 landmarks, which landmark_noise needs; leave it empty",
         pack.dataset());
  if (!has_model)
    fail(Exit::kUsage, "landmark_noise needs the face model of {}: --face-model", pack.dataset());
}

void compare_with_landmarks(const Comparison& c,
                            const std::vector<double>& noise_px,
                            TaskRecord& record) {
  if (noise_px.empty()) return;
  torch::NoGradGuard no_grad;
  const OneThread one_thread;
  Split some = c.test;
  some.rows.resize(static_cast<std::size_t>(std::min(kImages, c.test.size())));
  add_targets(some, c.pack, "landmarks", 136);
  const std::int64_t n = std::ssize(some.rows);
  const torch::Tensor true_points = some.targets.to(torch::kCPU);
  const torch::Tensor truth = c.test.targets.narrow(0, 0, n).to(torch::kCPU);
  const std::vector<std::int64_t> groups = people(c.pack, some.rows);
  Inference inference(c.network, {1, c.card.input[0], c.card.input[1], c.card.input[2]});
  for (std::size_t level = 0; level < noise_px.size(); ++level) {
    const double noise = noise_px[level];
    const torch::Tensor points = (true_points + noise * normal(n, level)).to(torch::kFloat);
    const Answers found = answers_of(c, points.contiguous(), noise, inference);
    const auto add = [&](const char* metric, const char* unit, const Estimate& error) {
      record.sweep.push_back({.parameter = "landmark_noise_px",
                              .setting = noise,
                              .metric = metric,
                              .unit = unit,
                              .value = error.value,
                              .interval = error.interval,
                              .n = n});
    };
    add("fit_coefficient_error", "sd", root_mean_square(found.fitted - truth, groups));
    add("coefficient_error", "sd", root_mean_square(found.predicted - truth, groups));
    add("fit_ms", "ms", {median(found.fit_ms), std::nullopt});
    add("network_ms", "ms", {median(found.network_ms), std::nullopt});
  }
}

}  // namespace mien
