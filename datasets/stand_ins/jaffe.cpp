// The stand-in of JAFFE, with the published number of images per subject and class.
#include "datasets/readers/jaffe.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "datasets/stand_ins/pictures.h"
#include "datasets/stand_ins/stand_in.h"
#include "harness/base/error.h"

namespace fs = std::filesystem;

namespace mien {

extern const StandIn kJaffeStandIn;

namespace {

/// The names that draw_face has for the classes.
constexpr const char* kExpressions[kJaffeClasses] = {
    "angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"};
constexpr int kTakes = 3;
constexpr int kMostSubjects = 100;

/// A subject with more or fewer than three takes of an expression. With these the images per
/// subject and per class are the published ones. Which subject has how many of which class is our
/// choice.
struct Uneven {
  int subject;
  const char* expression;
  int takes;
};
constexpr Uneven kUneven[] = {
    {0, "FE", +1},
    {0, "HA", +1},
    {1, "FE", +1},
    {2, "SA", +1},
    {3, "DI", -1},
    {6, "SA", -1},
    {9, "SA", +1},
};

int takes_of(int subject, const char* code) {
  for (const Uneven& uneven : kUneven)
    if (uneven.subject == subject && std::string_view(uneven.expression) == code)
      return kTakes + uneven.takes;
  return kTakes;
}

/// Returns the published ten codes, then invented ones: QA QB ... TV.
std::string subject_code(int subject) {
  if (subject < kJaffeSubjects) return kJaffeSubjectCodes[subject];
  const int extra = subject - kJaffeSubjects;
  return {static_cast<char>('Q' + extra / 26), static_cast<char>('A' + extra % 26)};
}

int next_number(int number) {
  do ++number;
  while (std::ranges::find(kJaffeMissingNumbers, number) != std::end(kJaffeMissingNumbers));
  return number;
}

void write(const fs::path& out, const SynthesizeOptions& options, StandInMarker&) {
  std::vector<PlannedPicture> plan;
  int number = 0;
  for (int subject = 0; subject < options.subjects; ++subject)
    for (int label = 0; label < kJaffeClasses; ++label) {
      const char* code = kJaffeClassCodes[label];
      for (int take = 1; take <= takes_of(subject, code); ++take) {
        number = next_number(number);
        plan.push_back(
            {.file = fmt::format("{}.{}{}.{}.tiff", subject_code(subject), code, take, number),
             .face = {.seed = options.seed,
                      .subject = subject,
                      .expression = kExpressions[label],
                      .session = take,
                      .number = number,
                      .style = FaceStyle::kLab,
                      .width = 256,
                      .height = 256,
                      .face_share = .7,
                      .head = options.head}});
      }
    }
  MIEN_ASSERT(options.subjects != kJaffeSubjects || number == kJaffeLastNumber);
  draw_pictures(out, plan);
}

}  // namespace

const StandIn kJaffeStandIn = {.dataset = "jaffe",
                               .version = 1,
                               .subjects = kJaffeSubjects,
                               .fewest = 1,
                               .most = kMostSubjects,
                               .items = 213,
                               .item = "pictures",
                               .core_seconds = 0.026,
                               .write = write};

}  // namespace mien
