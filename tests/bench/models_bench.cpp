// One measuring process: inference and training of the models, for ci/bench_models.py. Commands are
// lines on stdin, answers JSON lines on stdout:
//
//   infer MODEL VARIANT BATCH     makes the network ready -> {"prepare_s"}
//   train MODEL VARIANT BATCH     batches in memory       -> {"prepare_s"}
//   sample SECONDS                repeats the last one    -> {"step_s"}: one pass or one step
//   memory                        -> {"peak_mib"}
//
//   models_bench THREADS [DEVICE [PRECISION]]     cpu fp32; on a GPU inference is a replayed graph
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <sstream>

#include "harness/base/clock.h"
#include "harness/engine/train/cuda_graph.h"
#include "harness/engine/train/evaluate.h"
#include "harness/engine/train/precision.h"
#include "harness/engine/train/train.h"
#include "harness/system/environment.h"
#include "models/inference/inference.h"
#include "models/registry.h"

namespace mien {
namespace {

using Clock = std::chrono::steady_clock;

/// Where, and in which precision.
struct Place {
  torch::Device device = torch::kCPU;
  Precision precision = Precision::kFp32;
};

/// Seconds of one step, over at least `seconds`.
using Sampler = std::function<double(double seconds)>;

std::shared_ptr<Model> make(const ModelEntry& entry) {
  torch::manual_seed(1);
  return entry.make({entry.card.outputs, 0.5});
}

/// Does a pass; what it leaves with the device is done after `wait`.
using Pass = std::function<void()>;

Pass compiled_pass(const ModelEntry& entry, const torch::Tensor& images) {
  const auto inference = std::make_shared<Inference>(make(entry), images.sizes().vec());
  return [=] { inference->run(images); };
}

Pass replayed_pass(const ModelEntry& entry, const torch::Tensor& images, const Place& place) {
  const torch::InferenceMode inference;
  const PrecisionScope precision(place.precision, place.device);
  const std::shared_ptr<Model> model = make(entry);
  model->to(place.device);
  model->eval();
  use_memory_format(*model, MemoryFormat::kChannelsLast);
  const torch::Tensor there = channels_last(images.to(place.device));
  return capture_graph([=] { return model->forward(there); }, place.device);
}

Sampler make_inference(const ModelEntry& entry, std::int64_t batch, const Place& place) {
  const auto& input = entry.card.input;
  const torch::Tensor images = torch::randn({batch, input[0], input[1], input[2]});
  const bool cuda = place.device.is_cuda();
  const Pass pass = cuda ? replayed_pass(entry, images, place) : compiled_pass(entry, images);
  const auto wait = [=] {
    if (cuda) torch::cuda::synchronize(place.device.index());
  };
  for (int i = 0; i < 5; ++i) pass();
  return [=](double seconds) {
    std::int64_t passes = 0, chunk = 1;
    wait();
    const Clock::time_point start = Clock::now();
    while (true) {
      const Clock::time_point before = Clock::now();
      for (std::int64_t i = 0; i < chunk; ++i) pass();
      wait();
      passes += chunk;
      if (seconds_since(start) >= seconds)
        return seconds_since(start) / static_cast<double>(passes);
      chunk =
          std::max<std::int64_t>(1,
                                 static_cast<std::int64_t>(0.005 * static_cast<double>(chunk) /
                                                           std::max(1e-7, seconds_since(before))));
    }
  };
}

Sampler make_training(const ModelEntry& entry, std::int64_t batch, const Place& place) {
  const bool large = entry.card.macs > 5'000'000'000;
  const std::int64_t batches = place.device.is_cuda() ? 16 : large ? 1 : 4;
  const auto& input = entry.card.input;
  const auto split = std::make_shared<Split>();
  split->images =
      torch::randint(0, 256, {batches * batch, input[0], input[1], input[2]}, torch::kUInt8)
          .to(place.device);
  split->labels =
      torch::randint(0, entry.card.outputs, {batches * batch}, torch::kLong).to(place.device);
  const std::shared_ptr<Model> model = make(entry);
  model->to(place.device);
  use_memory_format(*model, MemoryFormat::kChannelsLast);
  Protocol protocol;
  protocol.batch = batch;
  protocol.optimizer.learning_rate = 1e-3;
  protocol.optimizer.momentum = 0.9;
  protocol.precision = place.precision;
  const auto epochs = [=, &entry](std::int64_t count) {
    Protocol several = protocol;
    several.epochs = count;
    const FoldImages images{.training = *split, .validation = {}, .test = {}};
    const Training training = train(
        *model, {entry, several, 1, images, entry.card.outputs}, [](double, const std::string&) {});
    return training.seconds;
  };
  return [=, once = epochs(1)](double seconds) mutable {
    const auto count = std::max<std::int64_t>(1, static_cast<std::int64_t>(seconds / once));
    const double all = epochs(count);
    once = all / static_cast<double>(count);
    return once / static_cast<double>(batches);
  };
}

double peak_mib() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void serve(const Place& place) {
  Sampler sampler;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string verb, name, variant;
    words >> verb;
    const Clock::time_point start = Clock::now();
    if (verb == "infer" || verb == "train") {
      std::int64_t batch = 0;
      words >> name >> variant >> batch;
      sampler = nullptr;  // frees the last one
      const ModelEntry& entry = find_model(name, variant);
      sampler = verb == "infer" ? make_inference(entry, batch, place)
                                : make_training(entry, batch, place);
      std::cout << "{\"prepare_s\": " << seconds_since(start) << "}" << std::endl;
    } else if (verb == "sample") {
      double seconds = 0;
      words >> seconds;
      std::cout << "{\"step_s\": " << sampler(seconds) << "}" << std::endl;
    } else if (verb == "memory") {
      std::cout << "{\"peak_mib\": " << peak_mib() << "}" << std::endl;
    }
  }
}

}  // namespace
}  // namespace mien

int main(int argc, char** argv) {
  // As bench starts bench-worker.
  if (!std::getenv("MIEN_MODELS_BENCH")) {
    for (const auto& [name, value] : mien::worker_environment())
      ::setenv(name.c_str(), value.c_str(), 1);
    ::setenv("MIEN_MODELS_BENCH", "1", 1);
    ::execv("/proc/self/exe", argv);
  }
  // As bench-worker keeps it.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
  at::globalContext().setBenchmarkCuDNN(true);
  torch::set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  mien::Place place;
  if (argc > 2) place.device = torch::Device(argv[2]);
  if (argc > 3)
    place.precision = mien::find_enum<mien::Precision>(argv[3]).value_or(place.precision);
  mien::check_precision(place.precision, place.device);
  mien::serve(place);
}
