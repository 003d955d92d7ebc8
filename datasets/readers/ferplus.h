// FER+ (microsoft/FERPlus, MIT): ten crowd votes per row of fer2013.csv.
//
//   fer2013new.csv: Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,
//                   contempt,unknown,NF
//
// The number in an image name is not the row, although the README of FER+ says so. Rows are joined
// by order only.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "datasets/formats/csv.h"
#include "harness/task/pack.h"

namespace mien {

inline constexpr std::size_t kFerPlusVotes = 10;

/// Fills `samples.ferplus` (N*10) from `lines`. Returns facts for the manifest: rows without an
/// image name per split, rows whose votes do not sum to ten, and the winners per split. Where
/// `samples` has the Training split only, the rows of the later splits are skipped. Error
/// (Exit::kPrecondition): a line is malformed; the Usage of a row differs from that of the image;
/// there are too few or too many rows.
nlohmann::ordered_json join_ferplus(CsvLines& lines, Samples& samples);

}  // namespace mien
