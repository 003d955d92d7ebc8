// The model table.
#pragma once

#include <string>
#include <vector>

#include "models/model.h"

namespace mien {

/// Every model and variant, in the order in which they are listed.
const std::vector<const ModelEntry*>& models();

/// Errors (Exit::kUsage): no such model or variant; the nearest names are suggested.
const ModelEntry& find_model(const std::string& name, const std::string& variant);

/// "classes" or "coefficients".
const char* name_of(Predicts predicts);

/// The whole table as JSON for `bench`: cards, rows, departures, parameter names and shapes of the
/// live modules, and the LibTorch that this build links.
std::string models_json();

/// Number of trainable parameters.
std::int64_t parameter_count(const torch::nn::Module& model);

}  // namespace mien
