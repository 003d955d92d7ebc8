#include "harness/engine/train/cuda_graph.h"

#include "harness/base/error.h"
#include "harness/base/text.h"

#if MIEN_LIBTORCH_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAGuard.h>
#endif

namespace mien {

#if MIEN_LIBTORCH_CUDA

namespace {

constexpr int kDirectCalls = 3;

/// Captures on the current stream. REQUIRES: it is not the default one.
std::shared_ptr<at::cuda::CUDAGraph> captured(const std::function<void()>& work) {
  const auto graph = std::make_shared<at::cuda::CUDAGraph>();
  graph->capture_begin();
  try {
    work();
  } catch (...) {
    try {
      graph->capture_end();
    } catch (const std::exception&) {  // the first error is the cause
    }
    throw;
  }
  graph->capture_end();
  return graph;
}

}  // namespace

struct SideStream::State {
  explicit State(c10::cuda::CUDAStream stream) : guard(stream) {}
  c10::cuda::CUDAStreamGuard guard;  // can be neither copied nor moved
};

SideStream::SideStream(torch::Device device) {
  if (!device.is_cuda()) return;
  torch::cuda::synchronize(device.index());
  state_ = std::make_unique<State>(
      c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index()));
}

SideStream::~SideStream() {
  if (state_) state_->guard.current_stream().synchronize();
}

void CudaGraph::capture(const std::function<void()>& work) {
  try {
    replay_ = [graph = captured(work)] { graph->replay(); };
  } catch (const c10::Error& error) {
    wanted_ = false;
    why_not_ = first_line(error.what_without_backtrace());
  }
}

std::function<torch::Tensor()> capture_graph(const std::function<torch::Tensor()>& pass,
                                             torch::Device device) {
  const SideStream stream(device);
  for (int i = 0; i < kDirectCalls; ++i) pass();
  torch::Tensor outputs;
  const auto graph = captured([&] { outputs = pass(); });
  return [graph, outputs] {
    graph->replay();
    return outputs;
  };
}

void CudaGraph::run(const std::function<void()>& work) {
  if (replay_) return replay_();
  if (!wanted_ || calls_++ < kDirectCalls) return work();
  capture(work);
  replay_ ? replay_() : work();
}

#else

struct SideStream::State {};
SideStream::SideStream(torch::Device) {}
SideStream::~SideStream() = default;

void CudaGraph::run(const std::function<void()>& work) { work(); }

std::function<torch::Tensor()> capture_graph(const std::function<torch::Tensor()>&,
                                             torch::Device device) {
  fail(Exit::kUsage, "{}: this build has no CUDA graphs; use the preset cuda", device.str());
}

#endif

}  // namespace mien
