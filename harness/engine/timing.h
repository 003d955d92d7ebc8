// Model x batch -> timing samples. The only file that knows Google Benchmark.
//
// Scope: the forward pass alone, fp32, evaluation mode, no autograd, on an input that is already on
// the device; on a CPU the network that models/inference makes ready, whose outputs are compared
// with the model's first (1e-4). Warm-up, then `repetitions` repetitions of at least `seconds` each; every repetition
// is kept. A device that works asynchronously is synchronised within every timed pass.
#pragma once

#include <functional>
#include <vector>

#include "harness/core/record.h"
#include "models/model.h"

namespace mien {

/// Samples of every batch size of the protocol, in the protocol's order.
std::vector<TimingSample> time_inference(const std::shared_ptr<Model>& model,
                                         const Card& card,
                                         const Protocol& protocol,
                                         torch::Device device,
                                         const std::function<void(double)>& progress);

/// images_per_second_b<batch> and latency_ms_b<batch>: median over repetitions, with the smallest
/// and largest repetition as the interval (method "range").
std::vector<Metric> timing_metrics(const std::vector<TimingSample>& samples);

}  // namespace mien
