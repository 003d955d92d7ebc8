#include "harness/engine/timing/timed_batch.h"

#include <ATen/Parallel.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <fstream>
#include <map>
#include <thread>

#include "harness/base/text.h"
#include "harness/engine/train/augment.h"
#include "harness/engine/train/batches.h"
#include "harness/engine/train/cuda_graph.h"
#include "models/inference/inference.h"

#if MIEN_LIBTORCH_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <ATen/cuda/Sleep.h>
#include <c10/cuda/CUDACachingAllocator.h>
#endif

namespace mien {
namespace {

using Clock = std::chrono::steady_clock;

double nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

/// Returns the size of the last-level caches of the processors in our affinity mask.
std::int64_t last_level_cache_bytes() {
  cpu_set_t processors;
  CPU_ZERO(&processors);
  ::sched_getaffinity(0, sizeof processors, &processors);
  std::map<std::string, std::int64_t> bytes;  // by the list of processors that share a cache
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (!CPU_ISSET(i, &processors)) continue;
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu{}/cache/index3/", i);
    std::ifstream size(folder + "size"), shared(folder + "shared_cpu_list");
    std::string sharers;
    std::int64_t kibibytes = 0;
    if (size >> kibibytes && shared >> sharers) bytes[sharers] = kibibytes << 10;
  }
  constexpr std::int64_t kUnknown = 32 << 20, kMost = 512 << 20;
  std::int64_t sum = 0;
  for (const auto& [sharers, size] : bytes) sum += size;
  return sum > 0 ? std::min(sum, kMost) : kUnknown;
}

bool is_memory_fault(const std::string& message) {
  return message.find("can't allocate memory") != std::string::npos ||
         message.find("out of memory") != std::string::npos;
}

/// Takes about a millisecond: every step depends on the one before.
std::uint64_t probe_arithmetic() {
  std::uint64_t x = 1;
  for (int i = 0; i < 500'000; ++i) x = x * 6364136223846793005u + 1442695040888963407u;
  return x;
}

}  // namespace

std::vector<CaseSettings> case_settings(torch::Device device) {
  std::vector<CaseSettings> cases = {kLatencyCase, {"compute", "cold", "eager"}};
  if (device.is_cuda()) {
    cases.push_back({"compute", "hot", "graph"});
    cases.push_back({"copies", "hot", "eager"});
  }
  cases.push_back({"end-to-end", "hot", "eager"});
  return cases;
}

#if MIEN_LIBTORCH_CUDA
std::string bus_id(torch::Device device) {
  const cudaDeviceProp* properties =
      at::cuda::getDeviceProperties(device.has_index() ? device.index() : 0);
  return fmt::format("{:08x}:{:02x}:{:02x}.0",
                     properties->pciDomainID,
                     properties->pciBusID,
                     properties->pciDeviceID);
}

std::int64_t peak_allocated_bytes(torch::Device device) {
  if (!device.is_cuda()) return 0;
  const auto stats =
      c10::cuda::CUDACachingAllocator::getDeviceStats(device.has_index() ? device.index() : 0);
  return stats.allocated_bytes[0].peak;
}

std::int64_t reserved_bytes(torch::Device device) {
  if (!device.is_cuda()) return 0;
  const auto stats =
      c10::cuda::CUDACachingAllocator::getDeviceStats(device.has_index() ? device.index() : 0);
  return stats.reserved_bytes[0].current;
}

void reset_peak_memory(torch::Device device) {
  if (device.is_cuda())
    c10::cuda::CUDACachingAllocator::resetPeakStats(device.has_index() ? device.index() : 0);
}

namespace {
void release_memory() { c10::cuda::CUDACachingAllocator::emptyCache(); }
}  // namespace

struct TimedBatch::Events {
  at::cuda::CUDAEvent began{cudaEventDefault}, ended{cudaEventDefault};
};
#else
std::string bus_id(torch::Device) { return ""; }
std::int64_t peak_allocated_bytes(torch::Device) { return 0; }
std::int64_t reserved_bytes(torch::Device) { return 0; }
void reset_peak_memory(torch::Device) {}
namespace {
void release_memory() {}
}  // namespace

struct TimedBatch::Events {};
#endif

double probe_ns(torch::Device device) {
#if MIEN_LIBTORCH_CUDA
  if (device.is_cuda()) {
    at::cuda::CUDAEvent began{cudaEventDefault}, ended{cudaEventDefault};
    began.record();
    at::cuda::sleep(static_cast<std::int64_t>(kSpinCycles));
    ended.record();
    ended.synchronize();
    return 1e6 * static_cast<double>(began.elapsed_time(ended));
  }
#else
  MIEN_ASSERT(device.is_cpu());
#endif
  static std::atomic<std::uint64_t> result;  // keeps the compiler from removing the work
  const Clock::time_point start = Clock::now();
  at::parallel_for(0, at::get_num_threads(), 1, [](std::int64_t from, std::int64_t to) {
    for (; from < to; ++from) result += probe_arithmetic();
  });
  return nanoseconds_since(start);
}

Roofline measure_roofline(torch::Device device) {
  const torch::InferenceMode inference;
  const bool cuda = device.is_cuda();
  const auto least_seconds = [&](const std::function<void()>& work) {
    double least = std::numeric_limits<double>::infinity();
    for (int i = 0; i < 8; ++i) {  // the first ones warm up
      const Clock::time_point start = Clock::now();
      work();
      if (cuda) torch::cuda::synchronize(device.index());
      least = std::min(least, nanoseconds_since(start) / 1e9);
    }
    return least;
  };
  const std::int64_t side = cuda ? 8192 : 1024, numbers = cuda ? 1 << 28 : 1 << 24;
  const torch::Tensor a = torch::ones({side, side}, device), b = torch::ones({side, side}, device);
  const torch::Tensor image = a.view({1, side, side, 1}), weights = b.view({side, side, 1, 1});
  const torch::Tensor source = torch::ones({numbers}, device);
  torch::Tensor copy = torch::empty({numbers}, device);
  const double product = std::min(least_seconds([&] { torch::mm(a, b); }),
                                  least_seconds([&] { torch::conv2d(image, weights); }));
  const double copied = least_seconds([&] { copy.copy_(source); });
  return {.flop_per_second = 2 * std::pow(static_cast<double>(side), 3) / product,
          .bytes_per_second = 8 * static_cast<double>(numbers) / copied};
}

void or_out_of_memory(const std::function<void()>& work) {
  std::string line;
  try {
    return work();
  } catch (const std::bad_alloc&) {
    line = "out of memory";
  } catch (const c10::Error& error) {
    line = first_line(error.what_without_backtrace());
    if (!is_memory_fault(line)) throw;
  }
  release_memory();
  throw OutOfMemory(line);
}

TimedBatch::TimedBatch(std::shared_ptr<Model> model,
                       const Card& card,
                       torch::Device device,
                       std::int64_t batch,
                       const NvmlGpu* gpu)
    : model_(std::move(model)), card_(card), device_(device), batch_(batch), gpu_(gpu) {
  constexpr std::uint64_t kSeed = 1;
  const torch::NoGradGuard no_grad;
  or_out_of_memory([&] {
    auto generator = at::detail::createCPUGenerator(kSeed);
    const torch::Tensor drawn =
        torch::randn({batch, card.input[0], card.input[1], card.input[2]}, generator).to(device);
    images_ = channels_last(drawn);
    forward_ = [model = model_](const torch::Tensor& images) { return model->forward(images); };
    scored_ = forward_(images_).cpu();
    is_compiled_ = device.is_cpu() && model_->can_be_traced();
    if (!is_compiled_) return;
    const auto compiled = std::make_shared<Inference>(model_, drawn.sizes().vec());
    images_ = drawn;
    forward_ = [compiled](const torch::Tensor& images) { return compiled->run(images); };
  });
  select(kLatencyCase);
}

TimedBatch::Pass TimedBatch::copies() {
  torch::Tensor host = images_.cpu();
  if (device_.is_cuda()) host = host.pin_memory();
  return [this, host] { return forward_(host.to(device_, /*non_blocking=*/true)).cpu(); };
}

/// Does what evaluation does, on images of the model's own size.
TimedBatch::Pass TimedBatch::end_to_end() {
  torch::Tensor host =
      (images_ * 64 + 128).clamp(0, 255).to(torch::kCPU, torch::kByte).contiguous();
  if (device_.is_cuda()) host = host.pin_memory();
  const auto augmenter = std::make_shared<Augmenter>(Protocol(), card_.input, /*seed=*/1);
  expected_ = model_->forward(channels_last(augmenter->test(host.to(device_)))).cpu();
  return [this, host, augmenter] {
    const torch::Tensor images = augmenter->test(host.to(device_, /*non_blocking=*/true));
    return forward_(is_compiled_ ? images.contiguous() : channels_last(images)).cpu();
  };
}

void TimedBatch::select(const CaseSettings& settings) {
  const torch::InferenceMode inference;
  or_out_of_memory([&] {
    last_ = torch::Tensor();
    expected_ = scored_;
    if (settings.mode == "graph")
      pass_ = capture_graph([this] { return forward_(images_); }, device_);
    else if (settings.scope == "copies")
      pass_ = copies();
    else if (settings.scope == "end-to-end")
      pass_ = end_to_end();
    else
      pass_ = [this] { return forward_(images_); };
  });
}

torch::Tensor TimedBatch::checked_outputs() const {
  MIEN_ASSERT(last_.defined());
  const torch::InferenceMode inference;
  const torch::Tensor outputs = last_.cpu().contiguous().clone();
  const double tolerance = device_.is_cuda() ? 1e-2 : 1e-4;
  const double scale = std::max(1e-6, expected_.abs().max().item<double>());
  const double difference = (outputs - expected_).abs().max().item<double>() / scale;
  if (!(difference <= tolerance))
    fail(Exit::kTaskFailed,
         "the timed network differs from the scored one by {:.2g} of its largest output; please "
         "report it",
         difference);
  return outputs;
}

PassTimes TimedBatch::run(std::int64_t passes) {
  const torch::InferenceMode inference;
  PassTimes times;
  or_out_of_memory([&] {
#if MIEN_LIBTORCH_CUDA
    if (device_.is_cuda()) {
      if (!events_) events_ = std::make_shared<Events>();
      double device_ms = 0;
      const Clock::time_point start = Clock::now();
      for (std::int64_t i = 0; i < passes; ++i) {
        events_->began.record();
        last_ = pass_();
        events_->ended.record();
        events_->ended.synchronize();
        device_ms += static_cast<double>(events_->began.elapsed_time(events_->ended));
      }
      times.wall_ns = nanoseconds_since(start) / static_cast<double>(passes);
      times.device_ns = 1e6 * device_ms / static_cast<double>(passes);
      return;
    }
#endif
    const Clock::time_point start = Clock::now();
    for (std::int64_t i = 0; i < passes; ++i) last_ = pass_();
    times.wall_ns = nanoseconds_since(start) / static_cast<double>(passes);
  });
  return times;
}

void TimedBatch::flush_caches() {
  const torch::InferenceMode inference;
#if MIEN_LIBTORCH_CUDA
  if (device_.is_cuda()) {
    if (!flushed_.defined())
      flushed_ = torch::empty({at::cuda::getDeviceProperties(device_.index())->l2CacheSize},
                              torch::TensorOptions(torch::kByte).device(device_));
    flushed_.zero_();
    torch::cuda::synchronize();
    return;
  }
#endif
  // All threads take part, each with its own caches.
  if (!flushed_.defined()) flushed_ = torch::zeros({2 * last_level_cache_bytes() / 4}, torch::kInt);
  flushed_.add_(1);
}

DeviceState TimedBatch::state() {
  if (!gpu_) return {};
  const GpuState state = gpu_->state();
  return {.clock_mhz = state.sm_clock_mhz,
          .reference_mhz = state.highest_sm_clock_mhz,
          .temperature_c = state.temperature_c,
          .throttled = state.throttled};
}

void TimedBatch::sleep(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

double TimedBatch::now() {
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

}  // namespace mien
