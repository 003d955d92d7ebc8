// The table of datasets as JSON, for `bench-prepare cards` and reports.
#pragma once

#include <nlohmann/json.hpp>

#include "datasets/dataset.h"

namespace mien {

/// One object per dataset: every field of its entry that is data. A named split holds the fields of
/// its rule (harness/core/splits.h) beside its name and source.
nlohmann::ordered_json cards();

/// {"<split>": {"<class>": n}} as published; {} where counts are not known per class.
nlohmann::ordered_json published_counts(const DatasetEntry& entry);
/// [{"name", "md5", "note"}]
nlohmann::ordered_json published_files(const DatasetEntry& entry);

}  // namespace mien
