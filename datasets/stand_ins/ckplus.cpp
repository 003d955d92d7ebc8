#include "datasets/stand_ins/ckplus.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "datasets/readers/ckplus_names.h"
#include "datasets/stand_ins/pictures.h"
#include "harness/base/error.h"
#include "harness/base/files.h"

namespace fs = std::filesystem;

namespace mien {

extern const StandIn kCkplusStandIn, kCkplus48StandIn;

namespace {

// ---- which sequences ---------------------------------------------------------------------------

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

/// Returns the labels of the sequences of each subject. Labels are dealt in turn, so that no
/// subject gets a class twice.
std::vector<std::vector<int>> deal(int subjects, FaceRandom& random) {
  const int labelled = subjects - subjects * (kCkSubjects - kCkLabelledSubjects) / kCkSubjects;
  const bool whole = subjects == kCkSubjects;
  const int unlabelled = whole ? kCkAllSequences - kCkLabelledSequences : subjects;
  std::vector<int> order(static_cast<std::size_t>(subjects));
  for (int i = 0; i < subjects; ++i) order[static_cast<std::size_t>(i)] = i;
  random.shuffle(order);
  std::vector<std::vector<int>> labels(order.size());
  int turn = 0;
  for (int label = 0; label < kCkClasses; ++label) {
    const int count =
        std::min(labelled, scaled(kCkSequences[label], labelled, kCkLabelledSubjects));
    for (int i = 0; i < count; ++i, ++turn)
      labels[static_cast<std::size_t>(order[static_cast<std::size_t>(turn % labelled)])].push_back(
          label);
  }
  // From the back, where the subjects without a label are.
  for (int i = 0; i < unlabelled; ++i)
    labels[static_cast<std::size_t>(
               order[order.size() - 1 - static_cast<std::size_t>(i % subjects)])]
        .push_back(-1);
  return labels;
}

}  // namespace

std::string CkSequence::name() const { return fmt::format("S{:03}_{:03}", subject_id, number); }

std::string CkSequence::id(int frame) const { return fmt::format("{}_{:08}", name(), frame); }

std::vector<CkSequence> plan_ckplus(const SynthesizeOptions& options) {
  FaceRandom random(options.seed);
  std::vector<std::vector<int>> labels = deal(options.subjects, random);
  std::vector<CkSequence> plan;
  for (int subject = 0; subject < options.subjects; ++subject) {
    std::vector<int>& own = labels[static_cast<std::size_t>(subject)];
    random.shuffle(own);  // else the number of a sequence would tell its class
    for (int number = 1; const int label : own)
      plan.push_back({subject, subject_id(subject), number++, label, 0});
  }
  int index = 0;
  for (CkSequence& sequence : plan) sequence.frames = frames_of(index++, options.subjects);
  return plan;
}

namespace {

/// The names that draw_face has for kCkClassNames.
constexpr const char* kCkExpressions[kCkClasses] = {
    "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise"};

// ---- CK+ ---------------------------------------------------------------------------------------

/// Plans one frame. The expression grows to full strength, in unlabelled sequences to half of it.
PlannedPicture plan_frame(const CkSequence& sequence, int frame, const SynthesizeOptions& options) {
  const std::string place =
      fmt::format("S{:03}/{:03}/{}", sequence.subject_id, sequence.number, sequence.id(frame));
  const int expression = sequence.label >= 0 ? sequence.label : sequence.number % kCkClasses;
  const double peak = sequence.label >= 0 ? 1 : .5;
  return {.file = "cohn-kanade-images/" + place + kCkFrame,
          .face = {.seed = options.seed,
                   .subject = sequence.subject,
                   .expression = kCkExpressions[expression],
                   .session = sequence.number,
                   .number = frame,
                   .strength = peak * (frame - 1) / (sequence.frames - 1),
                   .style = FaceStyle::kLab,
                   .width = 640,
                   .height = sequence.subject % 5 == 4 ? 480 : 490,
                   .face_share = .62,
                   .channels = sequence.subject % 8 == 7 ? 3 : 1,
                   .head = options.head},
          .landmarks = "Landmarks/" + place + kCkLandmarks};
}

/// Writes the label and FACS files of the last frame. Every other sequence without a label gets an
/// empty folder.
void write_codes(const fs::path& out, const CkSequence& sequence) {
  const std::string folder = fmt::format("S{:03}/{:03}", sequence.subject_id, sequence.number);
  const std::string stem = folder + "/" + sequence.id(sequence.frames);
  write_text(out / "FACS" / (stem + kCkFacs), "   1.2000000e+01   3.0000000e+00\n");
  if (sequence.label >= 0)
    write_text(out / "Emotion" / (stem + kCkLabel),
               fmt::format("   {:.7e}\n", sequence.label + 1.));
  else if (sequence.number % 2)
    fs::create_directories(out / "Emotion" / folder);
}

void write_ckplus(const fs::path& out, const SynthesizeOptions& options, StandInMarker&) {
  std::vector<PlannedPicture> plan;
  for (const CkSequence& sequence : plan_ckplus(options)) {
    for (int frame = 1; frame <= sequence.frames; ++frame)
      plan.push_back(plan_frame(sequence, frame, options));
    write_codes(out, sequence);
  }
  draw_pictures(out, plan);
}

// ---- CK+48 -------------------------------------------------------------------------------------

constexpr int kCropSide = 48, kCropsPerSequence = 3;
constexpr double kCropStrengths[kCropsPerSequence] = {.8, .9, 1};

void write_ckplus48(const fs::path& out, const SynthesizeOptions& options, StandInMarker&) {
  std::vector<PlannedPicture> plan;
  for (const CkSequence& sequence : plan_ckplus(options)) {
    if (sequence.label < 0) continue;
    for (int i = 0; i < kCropsPerSequence; ++i) {
      const int frame = sequence.frames - kCropsPerSequence + 1 + i;
      plan.push_back(
          {.file = fmt::format("{}/{}.png", kCkClassNames[sequence.label], sequence.id(frame)),
           .face = {.seed = options.seed,
                    .subject = sequence.subject,
                    .expression = kCkExpressions[sequence.label],
                    .session = sequence.number,
                    .number = frame,
                    .strength = kCropStrengths[i],
                    .style = FaceStyle::kLab,
                    .width = kCropSide,
                    .height = kCropSide,
                    .face_share = 1.1,
                    .head = options.head}});
    }
  }
  draw_pictures(out, plan);
}

}  // namespace

const StandIn kCkplusStandIn = {.dataset = "ckplus",
                                .version = 1,
                                .subjects = 40,
                                .fewest = 1,
                                .most = kMostSubjects,
                                .items = 962,
                                .item = "pictures",
                                .core_seconds = 0.08,
                                .write = write_ckplus};
const StandIn kCkplus48StandIn = {.dataset = "ckplus48",
                                  .version = 2,
                                  .subjects = 40,
                                  .fewest = 1,
                                  .most = kMostSubjects,
                                  .items = 324,
                                  .item = "pictures",
                                  .core_seconds = 0.0077,
                                  .write = write_ckplus48};

}  // namespace mien
