// How gradients become weights: the protocol's optimizer, and the scaling of the loss that fp16
// needs.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/core/protocol.h"
#include "models/model.h"

namespace mien {

/// Whether a parameter ("conv1.weight") is of one of these members of the model ("conv1").
bool belongs_to(const std::string& parameter, const std::vector<std::string>& members);

/// Updates the parameters of one model that want gradients. With LibTorch 2 all of them in one
/// kernel per kind (its fused optimizers), before in LibTorch's loop over parameters. Nothing here
/// waits for the device, and what a step reads and writes stays at one place in memory from the
/// second step on, so that a step can be captured.
class Updates {
 public:
  /// Weight decay is for the parameters that the protocol names. REQUIRES: the model is on its
  /// device, and outlives this.
  static std::unique_ptr<Updates> of(const Model& model,
                                     const ModelEntry& entry,
                                     const Protocol& protocol);
  virtual ~Updates() = default;

  virtual void set_rate(double rate) = 0;

  /// What to call backward on.
  virtual torch::Tensor scaled(const torch::Tensor& loss) const { return loss; }

  /// Gradients are there -> weights are changed, or left where a scaled gradient is not finite.
  virtual void step() = 0;

  /// Steps that were left out for that; waits for the device.
  virtual std::int64_t skipped() const { return 0; }
};

}  // namespace mien
