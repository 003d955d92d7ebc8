// The stand-in of FERG-DB: pictures of stylised characters.
#include "datasets/readers/ferg.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "datasets/stand_ins/pictures.h"
#include "datasets/stand_ins/stand_in.h"

namespace fs = std::filesystem;

namespace mien {

extern const StandIn kFergStandIn;

namespace {

/// The names that draw_face has for kFergClassNames.
constexpr const char* kExpressions[kFergClasses] = {
    "angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"};
constexpr int kMovement = 3;  // neighbours that differ little, as frames of a movement do

/// Returns the images per character and class: few where not all characters are drawn, for tests.
int images_per_class(int characters) { return characters == kFergCharacters ? 30 : 4; }

void write(const fs::path& out, const SynthesizeOptions& options, StandInMarker&) {
  const int per_class = images_per_class(options.subjects);
  std::vector<PlannedPicture> plan;
  for (int character = 0; character < options.subjects; ++character)
    for (int label = 0; label < kFergClasses; ++label)
      for (int number = 1; number <= per_class; ++number) {
        const std::string folder =
            fmt::format("{}_{}", kFergCharacterNames[character], kFergClassNames[label]);
        plan.push_back({.file = fmt::format("FERG_DB_256/{}/{}/{}_{}.png",
                                            kFergCharacterNames[character],
                                            folder,
                                            folder,
                                            number),
                        .face = {.seed = options.seed,
                                 .subject = character,
                                 .expression = kExpressions[label],
                                 .session = (per_class * label + number) / kMovement,
                                 .number = number,
                                 .style = FaceStyle::kToon,
                                 .width = 256,
                                 .height = 256,
                                 .channels = 3,
                                 .head = options.head}});
      }
  draw_pictures(out, plan);
}

}  // namespace

const StandIn kFergStandIn = {.dataset = "ferg",
                              .version = 1,
                              .subjects = kFergCharacters,
                              .fewest = 1,
                              .most = kFergCharacters,
                              .items = 1260,
                              .item = "pictures",
                              .core_seconds = 0.05,
                              .write = write};

}  // namespace mien
