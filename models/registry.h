// The model table.
#pragma once

#include <string>
#include <vector>

#include "models/model.h"

namespace mien {

/// Returns every model and variant, in the order of their list.
const std::vector<const ModelEntry*>& models();

/// Returns a row of the table. Error (Exit::kUsage): there is no such model or variant; the message
/// suggests the nearest names.
const ModelEntry& find_model(const std::string& name, const std::string& variant);

/// Returns the whole table as JSON for `bench`: cards, rows, deviations, the names and shapes of
/// all parameters, and the version of LibTorch.
std::string models_json();

/// Returns the number of trainable parameters.
std::int64_t parameter_count(const torch::nn::Module& model);

}  // namespace mien
