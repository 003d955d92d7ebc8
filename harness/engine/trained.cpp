#include "harness/engine/trained.h"

#include "harness/core/error.h"
#include "harness/core/safetensors.h"
#include "harness/core/sha256.h"
#include "harness/engine/augment.h"
#include "harness/engine/evaluate.h"
#include "models/registry.h"
#include "models/weights.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

/// What a network of this role predicts, by the pack's name of it.
std::string target_of(const std::string& role) {
  return role == "expression" ? "coefficients" : role;
}

}  // namespace

TrainedNetwork load_trained(const std::string& role,
                            const WorkerOptions& options,
                            torch::Device device,
                            TaskRecord& record) {
  const auto file = options.networks.find(role);
  if (file == options.networks.end())
    fail(Exit::kUsage, "no network for {}: give --network {}=FILE", role, role);
  const fs::path& path = file->second;
  std::string model, variant;
  {
    const SafetensorsFile weights(path);
    model = weights.meta("model");
    variant = weights.meta("variant");
  }
  const ModelEntry& entry = find_model(model, variant);
  if (entry.card.target != target_of(role))
    fail(Exit::kUsage,
         "{}: {} does not predict {}; give another network",
         path.string(),
         model,
         target_of(role));
  TrainedNetwork network{&entry, entry.make({entry.card.outputs, 0})};
  load_weights(*network.model, path);
  network.model->to(device);
  use_memory_format(*network.model, MemoryFormat::kChannelsLast);
  network.model->eval();
  record.artifacts.push_back({"network-" + role,
                              path.string(),
                              sha256_file(path),
                              static_cast<std::int64_t>(fs::file_size(path))});
  return network;
}

torch::Tensor coefficients_of(const TrainedNetwork& network,
                              const Split& split,
                              const Protocol& protocol,
                              const std::function<void(double)>& progress) {
  const Augmenter augmenter(protocol, network.entry->card.input, 0);
  const torch::Tensor all = outputs_of(*network.model, split, augmenter, progress);
  if (!all.isfinite().all().item<bool>())
    fail(Exit::kTaskFailed, "{} says a number that is not finite", network.entry->card.name);
  return all;
}

void store_coefficients(const torch::Tensor& coefficients,
                        const std::string& target,
                        const std::string& split_name,
                        const Split& split,
                        const Pack& pack,
                        TaskRecord& record) {
  const std::int64_t width = coefficients.size(1);
  const float* values = coefficients.data_ptr<float>();
  for (std::int64_t i = 0; i < split.size(); ++i) {
    const std::int64_t row = split.rows[static_cast<std::size_t>(i)];
    record.coefficients.push_back({split_name,
                                   row,
                                   pack.ids()[static_cast<std::size_t>(row)],
                                   target,
                                   {},
                                   {values + i * width, values + (i + 1) * width}});
  }
}

}  // namespace mien
