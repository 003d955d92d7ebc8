// Reads published figures: configs/claims/*.yaml, one file per place of publication, and the claims
// of experiments as tables with one figure. configs/README.md describes the keys of the files.
#pragma once

#include <filesystem>
#include <vector>

#include "harness/claims/published.h"
#include "harness/config/experiment.h"

namespace mien {

/// Reads the tables of one file. Errors (Exit::kUsage), with file:line:column: a wrong key or type;
/// no table; a row whose figures do not match the columns; a figure that is not a number; an
/// unknown grade; a column that the table lacks.
std::vector<PublishedTable> load_published(const std::filesystem::path& file);

/// Reads the tables of `configs`/claims/*.yaml in the order of the file names. Returns none if the
/// folder does not exist.
std::vector<PublishedTable> load_all_published(const std::filesystem::path& configs);

/// Returns an experiment's claim as a table with one row, named by the claim's id, and one column,
/// its metric. REQUIRES: the experiment has a claim.
PublishedTable table_of_claim(const Experiment& experiment);

}  // namespace mien
