// The time of fitting a face model to 68 landmarks, and the errors of its coefficients.
//   bench_landmarks --benchmark_filter=...
// The model is the built-in head in principal components, turned as in synth3dmm, in pictures of
// 227 px by a camera of focal length 5 picture heights; normal noise on its landmarks.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>

#include "datasets/faces/principal_head.h"
#include "harness/geometry/landmark_fit.h"
#include "harness/geometry/reconstruct.h"

namespace mien {
namespace {

constexpr int kSide = 227, kFaces = 200;
constexpr double kFocal = 5.0 * kSide;

FaceModel built_in() { return principal_head(FaceHead::kProcedural).model; }

/// Returns a model with as many components of identity as ExpNet has: those of the built-in head,
/// and random ones that no face shows.
FaceModel widened() {
  FaceModel model = built_in();
  std::mt19937_64 random(1);
  std::normal_distribution<float> normal;
  while (model.identity_components() < kIdentityComponents) {
    for (std::size_t i = 0; i < model.mean.size(); ++i) model.identity.push_back(normal(random));
    model.identity_names.push_back("rough");
    model.identity_std.push_back(0.1f);
  }
  return model;
}

struct Face {
  std::vector<float> identity, expression;
  std::array<float, 136> landmarks;
};

class Faces {
 public:
  Faces(const FaceModel& model, double noise_px) {
    for (int i = 0; i < kFaces; ++i) faces_.push_back(draw(model, noise_px));
  }
  const Face& operator[](std::size_t i) const { return faces_[i % faces_.size()]; }

 private:
  float normal(double deviation, double limit) {
    return static_cast<float>(deviation * std::clamp(normal_(random_), -limit, limit));
  }
  Face draw(const FaceModel& model, double noise_px) {
    Face face;
    face.identity.resize(model.identity_components());
    face.expression.resize(model.expression_components());
    for (auto* coefficients : {&face.identity, &face.expression})
      for (float& value : *coefficients) value = normal(1, 2.2);
    constexpr double kDegree = 0.0174532925;
    const float pose[] = {normal(9 * kDegree, 2.5),
                          normal(22 * kDegree, 2.5),
                          normal(8 * kDegree, 2.5),
                          normal(8, 2),
                          normal(8, 2),
                          normal(100, 2) - 1200};
    std::vector<float> posed = reconstruct(model, face.identity, face.expression);
    apply_pose(posed, pose);
    for (std::size_t k = 0; k < 68; ++k) {
      const float* p = &posed[3 * static_cast<std::size_t>(model.landmarks68[k])];
      const double x = kSide / 2.0 - kFocal * p[0] / p[2], y = kSide / 2.0 + kFocal * p[1] / p[2];
      face.landmarks[2 * k] = static_cast<float>(x + noise_px * normal_(random_));
      face.landmarks[2 * k + 1] = static_cast<float>(y + noise_px * normal_(random_));
    }
    return face;
  }

  std::mt19937_64 random_{7};
  std::normal_distribution<double> normal_;
  std::vector<Face> faces_;
};

double mean_square(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

/// Counts errors in standard deviations: root mean squares over faces and coefficients.
void count_errors(benchmark::State& state, LandmarkFitter& fitter, const Faces& faces) {
  double identity = 0, expression = 0, rms = 0, iterations = 0;
  for (std::size_t i = 0; i < kFaces; ++i) {
    const LandmarkFit fit = fitter.fit(faces[i].landmarks, kSide, kSide);
    identity += mean_square(fit.identity, faces[i].identity) / kFaces;
    expression += mean_square(fit.expression, faces[i].expression) / kFaces;
    rms += fit.rms_px / kFaces;
    iterations += static_cast<double>(fit.iterations) / kFaces;
  }
  state.counters["identity_sd"] = std::sqrt(identity);
  state.counters["expression_sd"] = std::sqrt(expression);
  state.counters["rms_px"] = rms;
  state.counters["iterations"] = iterations;
}

void fit(benchmark::State& state, const FaceModel& model, double noise_px, FitOptions options) {
  const Faces faces(model, noise_px);
  options.noise_px = std::max(noise_px, 0.1);
  LandmarkFitter fitter(model, options);
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(fitter.fit(faces[next++].landmarks, kSide, kSide));
  count_errors(state, fitter, faces);
}

void BM_Perspective(benchmark::State& state) {
  fit(state, built_in(), static_cast<double>(state.range(0)), {.focal_px = kFocal});
}
void BM_WeakPerspective(benchmark::State& state) {
  fit(state, built_in(), static_cast<double>(state.range(0)), {});
}
/// Alternating fits of shape and pose only.
void BM_Alternating(benchmark::State& state) {
  fit(state,
      built_in(),
      static_cast<double>(state.range(0)),
      {.alternations = 100, .refinements = 0});
}
/// 99 components of identity and 29 of expression.
void BM_AllComponents(benchmark::State& state) {
  fit(state, widened(), static_cast<double>(state.range(0)), {.focal_px = kFocal});
}
BENCHMARK(BM_Perspective)->Arg(0)->Arg(1)->Arg(2)->Arg(4)->Arg(8)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_WeakPerspective)
    ->Arg(0)
    ->Arg(1)
    ->Arg(2)
    ->Arg(4)
    ->Arg(8)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_Alternating)->Arg(1)->Arg(4)->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_AllComponents)->Arg(0)->Arg(1)->Arg(4)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace mien

BENCHMARK_MAIN();
