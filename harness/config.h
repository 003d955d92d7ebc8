// One experiment = one YAML file: setup, protocol, the paper's claim, and what we assumed.
// The only file that knows yaml-cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/claim.h"
#include "harness/core/protocol.h"

namespace mien {

/// What the paper leaves open and what we chose.
struct Assumption {
  std::string field, choice, reason;
};

struct Experiment {
  std::string id;     // "deepemotion@fer2013" = the file's stem
  std::string title;  // one line
  std::string model, variant, dataset;
  std::string frames;  // frame rule of the dataset; "" = its first
  std::optional<Claim> claim;
  std::vector<Assumption> assumptions;
  std::filesystem::path file;

  /// Protocol, seeds and time limit of a profile.
  struct Resolved {
    Protocol protocol;
    std::int64_t seeds = 1;
    std::int64_t time_limit_minutes = 60;
  };
  /// Base protocol, then the profile's changes, then `overrides` ("optimizer.learning_rate=0.01").
  /// Errors (Exit::kUsage): an unknown profile or key, a wrong type, a value out of range; each
  /// with file:line:column or the --set that is wrong.
  Resolved resolve(const std::string& profile, const std::vector<std::string>& overrides) const;

  nlohmann::json base;                             // protocol, seeds, time_limit_minutes
  std::map<std::string, nlohmann::json> profiles;  // merge patches of the same
  std::map<std::string, std::string> places;       // JSON pointer -> "line:column"
};

/// Reads one file. Errors as above; also: not YAML, a tab, a missing key, a name that is not the
/// file's stem.
Experiment load_experiment(const std::filesystem::path& file);

/// Every *.yaml of a folder, by name. Error (Exit::kPrecondition): no such folder, no file.
std::vector<Experiment> load_experiments(const std::filesystem::path& folder);

}  // namespace mien
