#include "harness/engine/timing.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>

#include "harness/core/error.h"
#include "harness/core/statistics.h"
#include "harness/engine/batches.h"
#include "models/inference.h"

namespace mien {
namespace {

/// Keeps the raw repetitions and prints nothing.
class Collector : public benchmark::BenchmarkReporter {
 public:
  Collector(std::vector<TimingSample>& samples, std::int64_t batch)
      : samples_(samples), batch_(batch) {}
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.iterations <= 0) continue;
      TimingSample& sample = samples_.emplace_back();
      sample.batch = batch_;
      sample.repetition = run.repetition_index;
      sample.iterations = static_cast<std::int64_t>(run.iterations);
      sample.wall_ns = 1e9 * run.real_accumulated_time / static_cast<double>(run.iterations);
    }
  }

 private:
  std::vector<TimingSample>& samples_;
  std::int64_t batch_;
};

/// One forward pass of the whole batch.
using Pass = std::function<torch::Tensor()>;

/// What is timed must answer what is scored.
void check_agreement(const torch::Tensor& timed, const torch::Tensor& scored) {
  constexpr double kTolerance = 1e-4;
  const double scale = std::max(1e-6, scored.abs().max().item<double>());
  const double difference = (timed - scored).abs().max().item<double>() / scale;
  if (!(difference <= kTolerance))
    fail(Exit::kTaskFailed,
         "the network made ready for inference differs from the model by {:.2g} of its largest "
         "output; please report it",
         difference);
}

/// On a CPU the network as models/inference makes it ready; what that cannot trace, and every other
/// device, as LibTorch runs it.
Pass ready(const std::shared_ptr<Model>& model, const torch::Tensor& images) {
  const Pass plain = [model, images = channels_last(images)] {
    return model->forward(images);
  };
  if (!images.is_cpu() || !model->can_be_traced()) return plain;
  const auto inference = std::make_shared<Inference>(model, images.sizes().vec());
  check_agreement(inference->run(images), plain());
  return [inference, images] { return inference->run(images); };
}

void time_batch(const std::shared_ptr<Model>& model,
                const Card& card,
                const Protocol& protocol,
                torch::Device device,
                std::int64_t batch,
                std::vector<TimingSample>& samples) {
  const torch::NoGradGuard no_grad;
  const Pass once = ready(
      model, torch::randn({batch, card.input[0], card.input[1], card.input[2]}).to(device));
  const auto pass = [&](benchmark::State& state) {
    const torch::InferenceMode inference;
    for (auto _ : state) {
      benchmark::DoNotOptimize(once());
      if (device.is_cuda()) torch::cuda::synchronize();
    }
  };
  benchmark::ClearRegisteredBenchmarks();
  benchmark::RegisterBenchmark(fmt::format("b{}", batch).c_str(), pass)
      ->UseRealTime()
      ->MinTime(protocol.timing_seconds)
      ->MinWarmUpTime(protocol.timing_warmup_seconds)
      ->Repetitions(static_cast<int>(protocol.timing_repetitions));
  Collector collector(samples, batch);
  benchmark::RunSpecifiedBenchmarks(&collector);
}

}  // namespace

std::vector<TimingSample> time_inference(const std::shared_ptr<Model>& model,
                                         const Card& card,
                                         const Protocol& protocol,
                                         torch::Device device,
                                         const std::function<void(double)>& progress) {
  model->eval();
  std::vector<TimingSample> samples;
  for (std::size_t i = 0; i < protocol.timing_batches.size(); ++i) {
    time_batch(model, card, protocol, device, protocol.timing_batches[i], samples);
    progress(static_cast<double>(i + 1) / static_cast<double>(protocol.timing_batches.size()));
  }
  if (samples.empty()) fail(Exit::kTaskFailed, "no timing sample was taken; give timing.batches");
  return samples;
}

std::vector<Metric> timing_metrics(const std::vector<TimingSample>& samples) {
  std::map<std::int64_t, std::vector<double>> seconds_by_batch;
  for (const TimingSample& sample : samples)
    seconds_by_batch[sample.batch].push_back(sample.wall_ns / 1e9);
  std::vector<Metric> metrics;
  for (const auto& [batch, seconds] : seconds_by_batch) {
    const double middle = median(seconds), images = static_cast<double>(batch);
    const auto [fastest, slowest] = std::minmax_element(seconds.begin(), seconds.end());
    const std::int64_t n = std::ssize(seconds);
    metrics.push_back({fmt::format("images_per_second_b{}", batch),
                       "",
                       images / middle,
                       "img/s",
                       images / *slowest,
                       images / *fastest,
                       "range",
                       n});
    metrics.push_back({fmt::format("latency_ms_b{}", batch),
                       "",
                       1e3 * middle,
                       "ms",
                       1e3 * *fastest,
                       1e3 * *slowest,
                       "range",
                       n});
  }
  return metrics;
}

}  // namespace mien
