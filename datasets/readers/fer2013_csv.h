// Parses the CSV files of FER2013. Internal to the dataset, its tests and its fuzzer.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "datasets/formats/csv.h"

namespace mien {

inline constexpr std::size_t kFer2013Side = 48;
inline constexpr std::size_t kFer2013Pixels = kFer2013Side * kFer2013Side;

/// Index = label. draw_face uses the same names.
inline constexpr const char* kFer2013Classes[] = {
    "angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"};
inline constexpr const char* kFer2013Splits[] = {"Training", "PublicTest", "PrivateTest"};

/// The columns that a file must have, in any order.
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

/// Returns the index of a Usage value; -1 for an unknown word.
std::int32_t fer2013_split(std::string_view usage);

/// Appends the rows of one file to `rows`.
/// Error (Exit::kPrecondition): a line is malformed: "path:line: what; next step". Nothing of that
/// line is appended.
void read_fer2013_csv(CsvLines& lines, Fer2013Csv kind, Fer2013Rows& rows);

}  // namespace mien
