// The optimizers of training, and the scaled loss of fp16. They exist beside torch::optim because a
// training step is captured as a CUDA graph (cuda_graph.h). A captured step must not wait for the
// device, and it must read and write the same addresses every time.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/task/protocol.h"
#include "models/model.h"

namespace mien {

/// Returns true if a parameter ("conv1.weight") belongs to one of these members of the model
/// ("conv1").
bool belongs_to(const std::string& parameter, const std::vector<std::string>& members);

/// Updates the parameters of one model that require gradients. With LibTorch 2, one fused kernel
/// per step updates all of them, and from the second step on a step can be captured. With older
/// versions, torch::optim loops over the parameters.
class ModelOptimizer {
 public:
  /// Creates the protocol's optimizer. Weight decay applies to the parameters that the protocol
  /// names. REQUIRES: the model is on its device, and lives longer than the optimizer.
  static std::unique_ptr<ModelOptimizer> make(const Model& model,
                                              const ModelEntry& entry,
                                              const Protocol& protocol);
  virtual ~ModelOptimizer() = default;

  virtual void set_rate(double rate) = 0;

  /// Returns the loss to call backward() on: scaled for fp16, else as it is.
  virtual torch::Tensor scaled(const torch::Tensor& loss) const { return loss; }

  /// Changes the weights by their gradients. A step whose scaled gradients are not finite leaves
  /// the weights as they are.
  virtual void step() = 0;

  /// Returns the number of steps that left the weights as they were. Waits for the device.
  virtual std::int64_t skipped() const { return 0; }
};

}  // namespace mien
