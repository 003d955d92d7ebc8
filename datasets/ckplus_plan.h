// What CK+ and its cut-out form CK+48 have in common: classes, published counts, and which
// sequences a stand-in of either holds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/dataset.h"

namespace mien {

inline constexpr int kCkClasses = 7;
/// Stored order: a label file's number less one.
inline constexpr const char* kCkClassNames[kCkClasses] = {
    "anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise"};
/// The same as draw_face names them.
inline constexpr const char* kCkExpressions[kCkClasses] = {
    "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise"};

/// Labelled sequences per class: 327 (datasets' README).
inline constexpr std::int64_t kCkSequences[kCkClasses] = {45, 18, 59, 25, 69, 28, 83};
inline constexpr int kCkSubjects = 123, kCkLabelledSubjects = 118;
inline constexpr int kCkAllSequences = 593, kCkLabelledSequences = 327;

/// What the name of a file of CK+ says.
struct CkName {
  std::string sequence;  // "S010_004"
  std::string id;        // "S010_004_00000017"
  int subject = 0, frame = 0;
  std::string ending;  // in lower case: ".png", "_emotion.txt"
};
/// Reads S###_###_########<ending>, without folders; false for any other name.
bool parse_ck_name(std::string_view file_name, CkName& name);

/// A sequence of a stand-in.
struct CkSequence {
  int subject, subject_id;  // from 0, and the number in S###
  int number;               // of the subject's sequences, from 1
  int label;                // -1: none
  int frames;

  std::string name() const;  // "S010_004"
  std::string id(int frame) const;
};

/// The sequences of a stand-in, sorted by name: each subject has at most one per class, in the
/// published proportions. 123 subjects give the published counts and 10,708 frames, other numbers
/// sequences of 5 to 8 frames, fewer than 10 subjects of 3. Error (Exit::kUsage): more subjects
/// than there are numbers.
std::vector<CkSequence> plan_ckplus(const SynthesizeOptions& options);

}  // namespace mien
