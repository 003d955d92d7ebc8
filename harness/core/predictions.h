// What somebody's model said of every sample: a CSV, joined with a pack by sample id, never by
// position.
//
//   sample,anger,disgust,...          one score per class, the highest is the prediction
//   test/0001.png,0.1,2.5,...         or
//
//   sample,label                      the predicted class
//   test/0001.png,anger
//
// Lines end with LF or CRLF. A cell with a comma stands in double quotes, a quote in it is doubled.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/core/pack.h"

namespace mien {

/// Where each of `wanted` stands in `given`: the permutation that puts a model's outputs into the
/// order of a dataset's classes. Names are compared as they are, case included.
/// Error (Exit::kUsage): not the same set; the line begins with `where` and prints both lists.
std::vector<std::int64_t> class_order(const std::vector<std::string>& given,
                                      const std::vector<std::string>& wanted,
                                      const std::string& where);

struct ExternalScores {
  std::vector<float> scores;  // [rows, classes of the pack]; of labels: 1 for the class, else 0
  std::int64_t lines = 0;     // of the file, without its header
  std::int64_t unknown = 0;   // of those, samples that the pack does not have
};

/// Scores of the given rows of the pack. Lines of other rows are read and not used.
/// Errors (Exit::kUsage): other classes than the dataset's. (Exit::kPrecondition), with the line
/// where there is one: not such a CSV, a score that is no finite number, a sample that stands there
/// twice, a row without a line (all are counted, unknown samples too, and the first few named).
ExternalScores read_predictions(const std::filesystem::path& path,
                                const Pack& pack,
                                const std::vector<std::int64_t>& rows);

}  // namespace mien
