// Finds packs in the cache, for machines without bench-prepare and without the datasets.
#pragma once

#include <string>

#include "harness/task/pack.h"

namespace mien {

/// Where a dataset is, as bench-prepare reports it.
struct DatasetLocation {
  DataKind data = DataKind::kStandIn;
  std::string source;           // folder
  std::string pack;             // path; "" if there is none yet
  std::string sha256;           // of the pack; "" likewise
  std::string face_model = {};  // file of the model that its coefficients belong to; "" = none
};

/// Finds the pack of a dataset in `paths::cache()`/packs by what the packs store about themselves.
/// `frames` is its frame rule, "" for datasets without one. Real data is preferred to unverified,
/// and unverified to stand-ins. `pack` is "" if nothing is found; `source` is the dataset's folder
/// in `paths::data()`. Errors: Exit::kPrecondition: two packs of the same kind; Exit::kIntegrity:
/// the bytes of the pack, or of the face model beside it, do not match their digest.
DatasetLocation find_pack(const std::string& dataset, const std::string& frames);

}  // namespace mien
