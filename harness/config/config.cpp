#include "harness/config/config.h"

#include <algorithm>
#include <map>

#include "harness/base/error.h"
#include "harness/config/external_card.h"
#include "harness/config/yaml_file.h"

namespace fs = std::filesystem;

namespace mien {
namespace {

/// Reads one file: an experiment, or a card with one experiment per dataset.
std::vector<Experiment> read_file(const fs::path& file) {
  YamlFile yaml(file);
  if (yaml.root.contains("kind")) return read_card(std::move(yaml));
  return {read_experiment(std::move(yaml))};
}

/// Checks that no two files use the same id, or the same name of a card.
void check_names(const std::vector<Experiment>& experiments) {
  std::map<std::string, std::string> files;
  const auto check = [&](const std::string& name, const std::string& file) {
    const auto [same, added] = files.emplace(name, file);
    if (!added && same->second != file)
      fail(Exit::kUsage,
           "{}:1:1: {} is in {} already; choose another name",
           file,
           name,
           same->second);
    return added;
  };
  for (const Experiment& experiment : experiments) {
    const std::string file = experiment.file.string();
    if (experiment.card) check(experiment.model, file);
    if (!check(experiment.id, file))
      fail(Exit::kUsage, "{}:1:1: {} stands there twice; keep one", file, experiment.id);
  }
}

}  // namespace

std::vector<Experiment> load_experiments(const fs::path& folder,
                                         const std::vector<std::string>& cards) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  if (files.empty())
    fail(Exit::kPrecondition,
         "{}: no experiment (*.yaml) here; give --configs DIR",
         folder.string());
  std::sort(files.begin(), files.end());
  files.insert(files.end(), cards.begin(), cards.end());
  std::vector<Experiment> experiments;
  for (const fs::path& path : files)
    for (Experiment& experiment : read_file(path)) experiments.push_back(std::move(experiment));
  check_names(experiments);
  return experiments;
}

}  // namespace mien
