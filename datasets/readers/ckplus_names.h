// What CK+ and CK+48, its cut-out form, have in common: classes, published counts, file names,
// splits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/tree/dataset.h"

namespace mien {

inline constexpr int kCkClasses = 7;
/// In stored order: the number of a label file less one.
inline constexpr const char* kCkClassNames[kCkClasses] = {
    "anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise"};
/// The published numbers of labelled sequences per class, 327 in all.
inline constexpr std::int64_t kCkSequences[kCkClasses] = {45, 18, 59, 25, 69, 28, 83};
inline constexpr int kCkSubjects = 123, kCkLabelledSubjects = 118;
inline constexpr int kCkAllSequences = 593, kCkLabelledSequences = 327;

/// How file names of CK+ end.
inline constexpr const char* kCkFrame = ".png";
inline constexpr const char* kCkLandmarks = "_landmarks.txt";
inline constexpr const char* kCkLabel = "_emotion.txt";
inline constexpr const char* kCkFacs = "_facs.txt";

/// The parts of a file name of CK+.
struct CkName {
  std::string sequence;  // "S010_004"
  std::string id;        // "S010_004_00000017"
  int subject = 0, frame = 0;
  std::string ending;  // in lower case: ".png", "_emotion.txt"
};
/// Parses S###_###_########<ending>, without folders. Returns false for any other name.
bool parse_ck_name(std::string_view file_name, CkName& name);

inline const NamedSplit kCkSubject10 = {
    "subject10",
    "the published rule by subject: sorted ascending, fold k holds subjects k, k+10, k+20 ...",
    {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSubject, .folds = 10}};
inline const NamedSplit kCkLoso = {
    "loso",
    "leave one subject out",
    {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSubject, .folds = 0}};
inline const NamedSplit kCkSequence10 = {
    "sequence10",
    "ten folds over sequences; subjects lie on both sides",
    {.scheme = SplitScheme::kFolds, .unit = SplitUnit::kSequence, .folds = 10}};

}  // namespace mien
