#include "harness/engine/context/pretrained.h"

#include "harness/base/digest.h"
#include "harness/base/error.h"
#include "harness/base/safetensors.h"
#include "harness/engine/train/augment.h"
#include "harness/engine/train/evaluate.h"
#include "models/registry.h"
#include "models/weights.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

/// Returns the pack's name of what a network of this role predicts.
std::string target_of(const std::string& role) {
  return role == "expression" ? "coefficients" : role;
}

}  // namespace

PretrainedNetwork load_pretrained(const std::string& role,
                                  const WorkerOptions& options,
                                  torch::Device device,
                                  TaskRecord& record) {
  const auto file = options.networks.find(role);
  if (file == options.networks.end())
    fail(Exit::kUsage, "no network for {}; give --network {}=FILE", role, role);
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
  PretrainedNetwork network{&entry, entry.make({entry.card.outputs, 0})};
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

torch::Tensor coefficients_of(const PretrainedNetwork& network,
                              const Split& split,
                              const Protocol& protocol,
                              const std::function<void(double)>& progress) {
  const Augmenter augmenter(protocol, network.entry->card.input, 0);
  const torch::Tensor all = outputs_of(*network.model, split, augmenter, progress);
  if (!all.isfinite().all().item<bool>())
    fail(Exit::kTaskFailed, "{}: an output is not finite", network.entry->card.name);
  return all;
}

void store_coefficients(TaskRecord& record,
                        const std::string& split_name,
                        const Split& split,
                        const Pack& pack,
                        const CoefficientTable& table) {
  const auto row_of = [](const torch::Tensor& all, std::int64_t i) -> std::vector<float> {
    if (!all.defined()) return {};
    const float* first = all.data_ptr<float>() + i * all.size(1);
    return {first, first + all.size(1)};
  };
  for (std::int64_t i = 0; i < split.size(); ++i) {
    const std::int64_t row = split.rows[static_cast<std::size_t>(i)];
    record.coefficients.push_back({.split = split_name,
                                   .sample = row,
                                   .sample_id = pack.ids()[static_cast<std::size_t>(row)],
                                   .target = table.target,
                                   .truth = row_of(table.truth, i),
                                   .predicted = row_of(table.predicted, i)});
  }
}

}  // namespace mien
