#include "harness/engine/replay.h"

#ifdef MIEN_HAS_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#endif

namespace mien {

#ifdef MIEN_HAS_CUDA

namespace {
constexpr int kCallsAsItStands = 3;
}

struct OwnStream::State {
  explicit State(c10::cuda::CUDAStream stream) : guard(stream) {}
  c10::cuda::CUDAStreamGuard guard;  // can be neither copied nor moved
};

OwnStream::OwnStream(torch::Device device) {
  if (!device.is_cuda()) return;
  torch::cuda::synchronize(device.index());
  state_ = std::make_unique<State>(
      c10::cuda::getStreamFromPool(/*high priority*/ false, device.index()));
}

OwnStream::~OwnStream() {
  if (state_) state_->guard.current_stream().synchronize();
}

struct Replay::Graph {
  at::cuda::CUDAGraph graph;
};

Replay::Replay(bool wanted, torch::Device device) : wanted_(wanted && device.is_cuda()) {}

void Replay::run(const std::function<void()>& work) {
  if (graph_) return graph_->graph.replay();
  if (!wanted_ || calls_++ < kCallsAsItStands) return work();
  capture(work);
  graph_ ? graph_->graph.replay() : work();
}

void Replay::capture(const std::function<void()>& work) {
  auto graph = std::make_unique<Graph>();
  try {
    graph->graph.capture_begin();
    try {
      work();
    } catch (...) {
      try {
        graph->graph.capture_end();
      } catch (const std::exception&) {  // the first error tells more
      }
      throw;
    }
    graph->graph.capture_end();
    graph_ = std::move(graph);
  } catch (const c10::Error& error) {
    wanted_ = false;
    const std::string text = error.what_without_backtrace();
    why_not_ = text.substr(0, text.find('\n'));
  }
}

#else

struct OwnStream::State {};
OwnStream::OwnStream(torch::Device) {}
OwnStream::~OwnStream() = default;

struct Replay::Graph {};
Replay::Replay(bool, torch::Device) : wanted_(false) {}
void Replay::run(const std::function<void()>& work) { work(); }

#endif

Replay::~Replay() = default;

}  // namespace mien
