// The CSV files of FER2013, from any byte source. Internal to the dataset, its tests and its
// fuzzer.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "datasets/csv.h"

namespace mien {

inline constexpr std::size_t kFer2013Side = 48;
inline constexpr std::size_t kFer2013Pixels = kFer2013Side * kFer2013Side;

/// Which columns a file must have, in whatever order.
enum class Fer2013Csv {
  kWhole,  // emotion, pixels, Usage
  kTrain,  // emotion, pixels: every row is Training
  kTest,   // pixels: no labels; PublicTest, then PrivateTest
};

struct Fer2013Rows {
  std::vector<std::uint8_t> images;  // N*48*48
  std::vector<std::int64_t> labels;  // -1 where the file has none
  std::vector<std::int32_t> split;   // index into Training, PublicTest, PrivateTest
};

/// Index of a Usage value; -1 for an unknown word.
std::int32_t fer2013_split(std::string_view usage);

/// Appends the rows of one file. Errors (Exit::kPrecondition): the first malformed line, as
/// "path:line: what; next step"; nothing of that line is appended.
void read_fer2013_csv(CsvLines& lines, Fer2013Csv kind, Fer2013Rows& rows);

}  // namespace mien
