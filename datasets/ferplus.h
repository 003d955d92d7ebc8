// FER+ (microsoft/FERPlus, MIT): ten crowd votes per row of fer2013.csv.
//
//   fer2013new.csv: Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,
//                   contempt,unknown,NF
//
// The number in an image name is not the row, whatever its README says: rows join by order only.
#pragma once

#include <nlohmann/json.hpp>

#include "datasets/csv.h"
#include "harness/core/pack.h"

namespace mien {

inline constexpr std::size_t kFerPlusVotes = 10;

/// Fills `samples.ferplus` (N*10) from `lines` and returns facts for the manifest: rows without an
/// image name per split, rows whose votes are not ten, and the winners per split.
/// Where `samples` ends with its Training split, rows of the later splits may follow unread.
/// Errors (Exit::kPrecondition): a malformed line; a Usage unlike that of the same row; too few or
/// too many rows.
nlohmann::ordered_json join_ferplus(CsvLines& lines, Samples& samples);

}  // namespace mien
