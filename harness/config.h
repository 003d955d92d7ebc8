// One experiment = one YAML file: setup, protocol, the paper's claim, and what we assumed.
// The only file that knows yaml-cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/core/claim.h"
#include "harness/core/protocol.h"
#include "harness/core/task.h"

namespace mien {

/// What the paper leaves open and what we chose.
struct Assumption {
  std::string field, choice, reason;
};

struct ModelCard;  // cards.h

struct Experiment {
  std::string id;     // "deepemotion@fer2013" = the file's stem; of a card: "name@dataset"
  std::string title;  // one line
  TaskKind kind = TaskKind::kAccuracy;
  std::string model, variant, dataset;
  /// Experiments whose networks this one takes, by what they predict: "expression", "identity".
  std::map<std::string, std::string> networks;
  std::string frames;  // frame rule of the dataset; "" = its first
  std::optional<Claim> claim;
  std::vector<Assumption> assumptions;
  std::filesystem::path file;
  std::shared_ptr<const ModelCard> card;  // none: `model`, `variant` are a row of the model table

  /// Protocol, variant, seeds and time limit of a profile.
  struct Resolved {
    Protocol protocol;
    std::string variant;
    std::int64_t seeds = 1;
    std::int64_t time_limit_minutes = 60;
  };
  /// Base protocol, then the profile's changes, then `overrides` ("optimizer.learning_rate=0.01").
  /// Errors (Exit::kUsage): an unknown profile or key, a wrong type, a value out of range; each
  /// with file:line:column or the --set that is wrong.
  Resolved resolve(const std::string& profile, const std::vector<std::string>& overrides) const;

  nlohmann::json base;                             // protocol, variant, seeds, time_limit_minutes
  std::map<std::string, nlohmann::json> profiles;  // merge patches of the same
  std::map<std::string, std::string> places;       // JSON pointer -> "line:column"
};

/// Reads one file. Errors as above; also: not YAML, a tab, a missing key, a name that is not the
/// file's stem.
Experiment load_experiment(const std::filesystem::path& file);

/// Every *.yaml of a folder, by name, then `cards`: experiments, and cards of external models.
/// Errors (Exit::kPrecondition): no such folder, no file; (Exit::kUsage): an id that two files
/// have.
std::vector<Experiment> load_experiments(const std::filesystem::path& folder,
                                         const std::vector<std::string>& cards = {});

/// A YAML file as JSON; `places` as in Experiment. Plain scalars that read as JSON numbers or
/// true/false are those; everything else, and everything quoted, is text.
/// Errors (Exit::kUsage): not YAML, no keys and values, a key that stands twice.
struct YamlFile {
  explicit YamlFile(const std::filesystem::path& file);
  std::string name;
  std::map<std::string, std::string> places;
  nlohmann::json root;
};

/// "file:line:column" of a pointer below `prefix`, or of its nearest ancestor that has a place.
Locate locator(const std::string& file,
               const std::map<std::string, std::string>& places,
               const std::string& prefix);

/// 12 of "configs/x.yaml:12:5"; 1 where there is none.
std::int64_t line_of(const std::string& where);

/// A list `known` of claims or published tables: faults that a person has looked at.
std::vector<KnownFault> read_known(const nlohmann::json& source, const Locate& locate);

/// Section `claim` of an experiment or a card; none where `source` is null.
std::optional<Claim> read_claim(const nlohmann::json& source, const Locate& locate);

}  // namespace mien
