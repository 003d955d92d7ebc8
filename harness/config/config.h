// Reads all experiments of a folder. Each YAML file is one experiment or one card.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/config/experiment.h"

namespace mien {

/// Reads every *.yaml file of a folder in the order of their names, then the files `cards`.
/// Errors: Exit::kPrecondition: the folder has no such file; Exit::kUsage: those of
/// read_experiment and read_card, and an id that two files use.
std::vector<Experiment> load_experiments(const std::filesystem::path& folder,
                                         const std::vector<std::string>& cards = {});

}  // namespace mien
