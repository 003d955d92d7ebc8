#include "datasets/ckplus_plan.h"

#include <algorithm>

#include "datasets/csv.h"
#include "datasets/faces.h"
#include "datasets/listing.h"
#include "harness/core/error.h"

namespace mien {
namespace {

constexpr std::string_view kIdPattern = "S###_###_########";
constexpr int kMostSubjects = 199;
// A stand-in of the published size has sequences as long as the real ones, so that preparing it
// takes what preparing the real one does. Others are short, so that drawing them takes seconds.
constexpr int kLongFrames = 18, kShortFrames = 5, kFewestFrames = 3;
constexpr int kFewSubjects = 10;

/// Ascending with gaps: S005, S011, S017, S020 ...
int subject_id(int subject) { return 5 * subject + 5 + subject % 3; }

/// round(count * part / whole), at least 1
int scaled(std::int64_t count, int part, int whole) {
  return static_cast<int>(std::max<std::int64_t>(1, (2 * count * part + whole) / (2 * whole)));
}

int frames_of(int index, int subjects) {
  if (subjects < kFewSubjects) return kFewestFrames;
  if (subjects != kCkSubjects) return kShortFrames + index % 4;
  return kLongFrames + index % 13 - 6 + (index < 54 ? 1 : 0);  // 10,708 over 593 sequences
}

template <typename T>
void shuffle(std::vector<T>& items, FaceRandom& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

/// Labels of each subject's sequences. Dealt in turn, so that no subject gets a class twice.
std::vector<std::vector<int>> deal(int subjects, FaceRandom& random) {
  const int labelled = subjects - subjects * (kCkSubjects - kCkLabelledSubjects) / kCkSubjects;
  const bool whole = subjects == kCkSubjects;
  const int unlabelled = whole ? kCkAllSequences - kCkLabelledSequences : subjects;
  std::vector<int> order(static_cast<std::size_t>(subjects));
  for (int i = 0; i < subjects; ++i) order[static_cast<std::size_t>(i)] = i;
  shuffle(order, random);
  std::vector<std::vector<int>> labels(order.size());
  int turn = 0;
  for (int label = 0; label < kCkClasses; ++label) {
    const int count =
        std::min(labelled, scaled(kCkSequences[label], labelled, kCkLabelledSubjects));
    for (int i = 0; i < count; ++i, ++turn)
      labels[static_cast<std::size_t>(order[static_cast<std::size_t>(turn % labelled)])].push_back(
          label);
  }
  // From the back: the subjects without a label first.
  for (int i = 0; i < unlabelled; ++i)
    labels[static_cast<std::size_t>(
               order[order.size() - 1 - static_cast<std::size_t>(i % subjects)])]
        .push_back(-1);
  return labels;
}

}  // namespace

bool parse_ck_name(std::string_view file_name, CkName& name) {
  const std::string_view id = file_name.substr(0, kIdPattern.size());
  if (!matches(id, kIdPattern)) return false;
  name.id = upper(id);
  name.sequence = name.id.substr(0, 8);
  name.subject = static_cast<int>(small_number(id.substr(1, 3), 0, 999));
  name.frame = static_cast<int>(small_number(id.substr(9), 0, 99'999'999));
  name.ending = lower(file_name.substr(id.size()));
  return true;
}

std::string CkSequence::name() const { return fmt::format("S{:03}_{:03}", subject_id, number); }

std::string CkSequence::id(int frame) const { return fmt::format("{}_{:08}", name(), frame); }

std::vector<CkSequence> plan_ckplus(const SynthesizeOptions& options) {
  if (options.subjects < 1 || options.subjects > kMostSubjects)
    fail(Exit::kUsage, "--subjects {}: from 1 to {}", options.subjects, kMostSubjects);
  FaceRandom random(options.seed);
  std::vector<std::vector<int>> labels = deal(options.subjects, random);
  std::vector<CkSequence> plan;
  for (int subject = 0; subject < options.subjects; ++subject) {
    std::vector<int>& own = labels[static_cast<std::size_t>(subject)];
    shuffle(own, random);  // or a sequence's number would tell its class
    for (int number = 1; const int label : own)
      plan.push_back({subject, subject_id(subject), number++, label, 0});
  }
  int index = 0;
  for (CkSequence& sequence : plan) sequence.frames = frames_of(index++, options.subjects);
  return plan;
}

}  // namespace mien
