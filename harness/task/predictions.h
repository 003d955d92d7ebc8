// Reads predictions files: a CSV with the answer of a model from elsewhere to every sample. Lines
// are matched to the rows of a pack by sample id, never by position.
//
//   sample,anger,disgust,...          one score per class, the highest is the prediction
//   test/0001.png,0.1,2.5,...         or
//
//   sample,label                      the predicted class
//   test/0001.png,anger
//
// Lines end with LF or CRLF. A cell with a comma is in double quotes; a quote inside it is doubled.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/task/pack.h"

namespace mien {

/// Returns the index in `given` of each name in `wanted`. This permutation puts the outputs of a
/// model into the order of the dataset's classes. Names are compared with their case.
/// Error (Exit::kUsage): the lists are not the same set; the line begins with `where`.
std::vector<std::int64_t> class_order(const std::vector<std::string>& given,
                                      const std::vector<std::string>& wanted,
                                      const std::string& where);

struct ExternalScores {
  std::vector<float> scores;  // [rows, classes of the pack]; from labels: 1 for the class, else 0
  std::int64_t lines = 0;     // lines of the file below its header
  std::int64_t unknown = 0;   // lines whose sample is not in the pack
};

/// Reads the scores of the given rows of the pack. Lines of other rows are checked and not used.
/// Errors (Exit::kUsage): the classes are not those of the dataset. (Exit::kPrecondition), with the
/// line number where there is one: not such a CSV; a score that is not a finite number; two lines
/// of one sample; rows without a line (the message counts them and names the first).
ExternalScores read_predictions(const std::filesystem::path& path,
                                const Pack& pack,
                                const std::vector<std::int64_t>& rows);

}  // namespace mien
