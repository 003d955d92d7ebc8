// Sections that several kinds of file share. Only the readers of this folder include it.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/fields.h"
#include "harness/claims/claim.h"

namespace mien {

/// The protocol of an experiment as its file writes it. Experiment::resolve reads it.
struct ProtocolSections {
  nlohmann::json base = nlohmann::json::object();  // protocol, variant, seeds, time_limit_minutes
  std::map<std::string, nlohmann::json> profiles;  // changes of the same keys
};

/// Reads the section `claim` of an experiment or a card, if there is one.
/// Errors (Exit::kUsage), with file:line:column: an unknown key, a wrong type.
std::optional<Claim> read_claim(const nlohmann::json& source, const Locate& locate);

/// Reads a list `known` of claims or published tables: faults that a person has looked at.
/// Errors as above; also: a fault without its rule or a reason.
std::vector<KnownFault> read_known(const nlohmann::json& source, const Locate& locate);

}  // namespace mien
