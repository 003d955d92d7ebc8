#include "harness/engine/replay.h"

#include "harness/core/error.h"

#ifdef MIEN_HAS_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#endif

namespace mien {

#ifdef MIEN_HAS_CUDA

namespace {

constexpr int kCallsAsItStands = 3;

/// On the current stream, which must not be the default one.
std::shared_ptr<at::cuda::CUDAGraph> recorded(const std::function<void()>& work) {
  const auto graph = std::make_shared<at::cuda::CUDAGraph>();
  graph->capture_begin();
  try {
    work();
  } catch (...) {
    try {
      graph->capture_end();
    } catch (const std::exception&) {  // the first error tells more
    }
    throw;
  }
  graph->capture_end();
  return graph;
}

}  // namespace

struct OwnStream::State {
  explicit State(c10::cuda::CUDAStream stream) : guard(stream) {}
  c10::cuda::CUDAStreamGuard guard;  // can be neither copied nor moved
};

OwnStream::OwnStream(torch::Device device) {
  if (!device.is_cuda()) return;
  torch::cuda::synchronize(device.index());
  state_ = std::make_unique<State>(
      c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index()));
}

OwnStream::~OwnStream() {
  if (state_) state_->guard.current_stream().synchronize();
}

void Replay::capture(const std::function<void()>& work) {
  try {
    replay_ = [graph = recorded(work)] { graph->replay(); };
  } catch (const c10::Error& error) {
    wanted_ = false;
    const std::string text = error.what_without_backtrace();
    why_not_ = text.substr(0, text.find('\n'));
  }
}

std::function<torch::Tensor()> captured(const std::function<torch::Tensor()>& pass,
                                        torch::Device device) {
  const OwnStream stream(device);
  for (int i = 0; i < kCallsAsItStands; ++i) pass();
  torch::Tensor answer;
  const auto graph = recorded([&] { answer = pass(); });
  return [graph, answer] {
    graph->replay();
    return answer;
  };
}

void Replay::run(const std::function<void()>& work) {
  if (replay_) return replay_();
  if (!wanted_ || calls_++ < kCallsAsItStands) return work();
  capture(work);
  replay_ ? replay_() : work();
}

#else

struct OwnStream::State {};
OwnStream::OwnStream(torch::Device) {}
OwnStream::~OwnStream() = default;

void Replay::run(const std::function<void()>& work) { work(); }

std::function<torch::Tensor()> captured(const std::function<torch::Tensor()>&,
                                        torch::Device device) {
  fail(Exit::kUsage, "{}: this build has no CUDA graphs; use the preset cuda", device.str());
}

#endif

}  // namespace mien
