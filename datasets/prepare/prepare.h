// Makes packs of datasets, and the reports that bench-prepare prints.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "datasets/prepare/request.h"
#include "datasets/stand_ins/stand_in.h"

namespace mien {

/// Returns {"dataset", "data", "source", "frames", "pack", "sha256"}; "frames" is null where the
/// dataset has no frame rules. "pack" and "sha256" are null unless a pack is up to date; then the
/// report also has "face_model", the path of the model beside the pack or null, and "manifest".
/// Writes nothing. Uses name, source, frames and stand_in of the request.
/// Error (Exit::kUsage), as in all functions here: unknown dataset or frame rule.
nlohmann::ordered_json locate(const PrepareRequest& request);

/// Leaves a pack of the dataset and its index entry in the cache, and makes the stand-in first
/// where it is needed and absent. Returns {"dataset", "data", "source", "frames", "pack", "sha256",
/// "face_model", "samples", "seconds", "cached", "manifest"}. A process that is killed leaves no
/// broken pack, and the next call continues its work.
/// Error (Exit::kPrecondition): the cache cannot be written; the source changes during the read;
/// and the errors of DatasetEntry::read.
nlohmann::ordered_json prepare(const PrepareRequest& request);

/// Writes a sheet of `columns` samples per class to `out` (.png or .jpg) and prepares the dataset
/// first where needed. Returns {"dataset", "data", "source", "frames", "out", "width_px",
/// "height_px"}.
nlohmann::ordered_json show(const PrepareRequest& request,
                            const std::filesystem::path& out,
                            int columns);

/// Writes a stand-in of dataset `name` to `out`, which appears complete or not at all.
/// Error (Exit::kUsage): `out` exists and is not an empty folder; an option does not fit the
/// dataset. Error (Exit::kPrecondition): `out` cannot be written.
void synthesize(const std::string& name,
                const std::filesystem::path& out,
                const SynthesizeOptions& options);

}  // namespace mien
