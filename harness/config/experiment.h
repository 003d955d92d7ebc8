// One experiment: what is trained or scored, its protocol, the paper's claim, and our assumptions.
// configs/README.md describes the keys of the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/claims/claim.h"
#include "harness/task/protocol.h"
#include "harness/task/task.h"

namespace mien {

/// A choice of ours where the paper is silent.
struct Assumption {
  std::string field, choice, reason;
};

struct ExternalCard;      // external_card.h
struct ProtocolSections;  // sections.h
struct YamlFile;          // yaml_file.h

struct Experiment {
  std::string id;     // "deepemotion@fer2013", the file's stem; of a card: "name@dataset"
  std::string title;  // one line
  TaskKind kind = TaskKind::kAccuracy;
  std::string model, variant, dataset;
  /// Experiments that train the networks of this one, by what they predict: "expression",
  /// "identity".
  std::map<std::string, std::string> networks;
  std::string frames;  // frame rule of the dataset; "" = its first
  std::optional<Claim> claim;
  std::vector<Assumption> assumptions;
  std::filesystem::path file;
  std::map<std::string, std::string> locations;  // JSON pointer of a key -> "line:column"
  std::shared_ptr<const ExternalCard> card;      // null: `model` and `variant` are in the catalog
  std::shared_ptr<const ProtocolSections> sections;

  /// The protocol, variant, seeds and time limit of one profile.
  struct Resolved {
    Protocol protocol;
    std::string variant;
    std::int64_t seeds = 1;
    std::int64_t time_limit_minutes = 60;
  };
  /// Applies the base protocol, then the profile's changes, then `overrides` such as
  /// "optimizer.learning_rate=0.01".
  /// Errors (Exit::kUsage): an unknown profile or key, a wrong type, a value out of range. Each
  /// names file:line:column, or the --set that is wrong.
  Resolved resolve(const std::string& profile, const std::vector<std::string>& overrides) const;

  /// Sets `sections` and resolves every profile once. Errors: those of `resolve`.
  void set_sections(ProtocolSections written);

  /// Returns "file:line:column" of a key of the file. REQUIRES: the file has it.
  std::string location_of(const std::string& pointer) const {
    return file.string() + ":" + locations.at(pointer);
  }
};

/// Reads one experiment. Errors (Exit::kUsage), with file:line:column: those of `resolve`; a
/// missing key; a name that is not the file's stem.
Experiment read_experiment(YamlFile yaml);

}  // namespace mien
