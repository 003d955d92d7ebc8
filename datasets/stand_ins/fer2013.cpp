// The stand-in of FER2013: synthetic faces in a true fer2013.csv.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "datasets/faces/faces.h"
#include "datasets/readers/fer2013_csv.h"
#include "datasets/stand_ins/stand_in.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"

namespace fs = std::filesystem;

namespace mien {

extern const StandIn kFer2013StandIn;

namespace {

// Images of one subject per class, 60 in all: the class imbalance of the real set.
constexpr int kPerSubject[] = {8, 2, 8, 15, 10, 7, 10};
// Of 20 subjects 14 train and 3 + 3 test; with 40 subjects a test split has 360 images.
constexpr int kTrainTwentieths = 14, kPublicTwentieths = 3;

struct PlannedFace {
  int subject, label, number;
};

/// Plans the images of subjects [first, last) in random order.
std::vector<PlannedFace> plan_split(int first, int last, FaceRandom& random) {
  std::vector<PlannedFace> plan;
  for (int subject = first; subject < last; ++subject)
    for (int label = 0; label < static_cast<int>(std::size(kPerSubject)); ++label)
      for (int number = 0; number < kPerSubject[label]; ++number)
        plan.push_back({subject, label, number});
  random.shuffle(plan);
  return plan;
}

std::string csv_row(const PlannedFace& face, const SynthesizeOptions& options, const char* usage) {
  std::string row = fmt::format("{},", face.label);
  const FacePicture picture = draw_face({.seed = options.seed,
                                         .subject = face.subject,
                                         .expression = kFer2013Classes[face.label],
                                         .session = 100 * face.label + face.number,
                                         .head = options.head});
  row += fmt::format("{},{}\n", fmt::join(picture.image.pixels, " "), usage);
  return row;
}

void write(const fs::path& out, const SynthesizeOptions& options, StandInMarker& marker) {
  const int n = options.subjects;
  const int test = std::max(1, n * kPublicTwentieths / 20), train = n - 2 * test;
  const int bounds[] = {0, train, train + test, n};
  FaceRandom random(options.seed);
  Digest md5("MD5");
  std::vector<std::int32_t> subjects;
  AtomicFile file(out / "fer2013.csv");
  const auto put = [&](const std::string& text) {
    file.write(text);
    md5.update(text);
  };
  const auto draw_split = [&](const std::vector<PlannedFace>& plan, int split) {
    std::vector<std::string> rows(plan.size());
    parallel_for(plan.size(), [&](std::size_t i, int) {
      rows[i] = csv_row(plan[i], options, kFer2013Splits[split]);
    });
    for (std::size_t i = 0; i < plan.size(); ++i) {
      put(rows[i]);
      subjects.push_back(plan[i].subject);
    }
  };
  put("emotion,pixels,Usage\n");
  for (int split = 0; split < 3; ++split)
    draw_split(plan_split(bounds[split], bounds[split + 1], random), split);
  file.commit();
  marker.md5 = md5.hex();
  marker.runs = runs_of(subjects);
}

}  // namespace

const StandIn kFer2013StandIn = {.dataset = "fer2013",
                                 .version = 4,
                                 .subjects = 40,
                                 .fewest = 3,
                                 .most = 100'000,
                                 .items = 2400,
                                 .item = "pictures",
                                 .core_seconds = 0.0062,
                                 .write = write};

}  // namespace mien
