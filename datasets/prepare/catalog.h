// The table of datasets as JSON, for `bench-prepare cards` and reports.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "datasets/tree/dataset.h"

namespace mien {

/// Returns one object per dataset with every field of its entry that is data. A named split has the
/// fields of its rule (harness/task/splits.h) beside its name and source.
nlohmann::ordered_json cards();

/// Returns {"<split>": {"<class>": n}} as published; {} where counts per class are not known.
nlohmann::ordered_json published_counts(const DatasetEntry& entry);
/// Returns [{"name", "md5", "note"}].
nlohmann::ordered_json published_files(const DatasetEntry& entry);

}  // namespace mien
