// Published figures from files: configs/claims/*.yaml, one file per place of publication, and the
// claims of experiments as tables of one figure. Their keys are in configs/README.md.
#pragma once

#include <filesystem>
#include <vector>

#include "harness/config.h"
#include "harness/core/published.h"

namespace mien {

/// The tables of one file. Errors (Exit::kUsage), with file:line:column: as for load_experiment; no
/// table, a row with other than its columns, a figure that is no number, a grade that does not
/// exist, a column that the table lacks.
std::vector<PublishedTable> load_published(const std::filesystem::path& file);

/// The tables of `configs`/claims/*.yaml by file name; none where there is no such folder.
std::vector<PublishedTable> load_all_published(const std::filesystem::path& configs);

/// An experiment's claim as a table with one row, named by the claim's id, and one column, its
/// metric. REQUIRES: it has a claim.
PublishedTable table_of_claim(const Experiment& experiment);

}  // namespace mien
