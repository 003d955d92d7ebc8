// Cards: models from outside, without recompiling. One YAML file says what a TorchScript file, a
// file of weights or a file of predictions holds, and on which datasets it is scored. Its keys are
// in configs/README.md.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/config.h"
#include "harness/core/task.h"

namespace mien {

struct ModelCard {
  External external;                // what becomes part of the task
  std::filesystem::path file, map;  // where they lie; `map` is empty where there is none
  nlohmann::json entry;             // as in models.json; null for what the card does not say
};

/// One experiment "name@dataset" per dataset of the card; model = its name, variant = its kind.
/// The file itself is not looked at: the worker does.
/// Errors (Exit::kUsage), with file:line:column: as for load_experiment; a dataset or named split
/// that does not exist, a name of the model table. (Exit::kPrecondition): no such name map.
std::vector<Experiment> read_card(YamlFile yaml);

}  // namespace mien
