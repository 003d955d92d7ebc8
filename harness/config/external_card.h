// Cards: external models, without a new build. A YAML file describes a TorchScript file, a file of
// weights or a file of predictions, and names the datasets on which it is scored.
// configs/README.md describes the keys of the file.
#pragma once

#include <filesystem>
#include <vector>

#include "harness/config/catalog.h"
#include "harness/config/experiment.h"
#include "harness/task/task.h"

namespace mien {

struct ExternalCard {
  External external;                // what becomes part of the task
  std::filesystem::path file, map;  // `map` is empty if there is no name map
  ModelInfo model;
};

/// Returns one experiment "name@dataset" for each dataset of the card. Its model is the card's
/// name, its variant the card's kind. The model file is not read; the worker does that.
/// Errors (Exit::kUsage), with file:line:column: those of read_experiment; an unknown dataset or
/// named split; the name of a model of the catalog. (Exit::kPrecondition): no such name map.
std::vector<Experiment> read_card(YamlFile yaml);

}  // namespace mien
