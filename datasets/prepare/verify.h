// Checks a copy of a dataset against the published figures and against what was prepared of it.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "datasets/prepare/request.h"
#include "harness/base/error.h"

namespace mien {

struct Verification {
  nlohmann::ordered_json report;
  Exit exit = Exit::kDone;
  std::string problem;  // one line where `exit` is not kDone
};

/// Reads the source again from start to end. Compares digests with the published and the recorded
/// ones, counts with the published ones, and the pack with its recorded digest. Leaves nothing
/// behind except, where `hashes` is not empty, that file: one line "sha256  path" per file.
/// `exit` is kIntegrity where bytes changed, else kPrecondition where the copy has problems or is
/// not the published one.
Verification verify(const PrepareRequest& request, const std::filesystem::path& hashes = {});

}  // namespace mien
