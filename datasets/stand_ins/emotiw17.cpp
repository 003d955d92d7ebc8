// The stand-in of EmotiW 2017: clips in class folders, faces cut out of some of them, label files.
#include <fmt/format.h>

#include "datasets/images/image_io.h"
#include "datasets/images/video.h"
#include "datasets/stand_ins/clips.h"
#include "datasets/stand_ins/stand_in.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"

namespace fs = std::filesystem;

namespace mien {

extern const StandIn kEmotiw17StandIn;

namespace {

constexpr int kClasses = 7;
constexpr const char* kClassFolders[kClasses] = {
    "Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise"};
constexpr int kAligned = 4;  // of the seven clips of a subject that also have their faces cut out
constexpr int kWidth = 320, kHeight = 256, kFaceSide = 128;
constexpr double kFps = 25;
constexpr double kCourse[] = {.2, .5, .8, .95, 1, .9, .7, .4};
constexpr const char* kExpressions[kClasses] = {
    "angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"};

struct PlannedClip {
  int subject, label;
  bool is_train, is_aligned;
  std::string name;
};

/// Two of three subjects are in Train.
std::vector<PlannedClip> plan_of(int subjects) {
  std::vector<PlannedClip> plan;
  for (int subject = 0; subject < subjects; ++subject)
    for (int label = 0; label < kClasses; ++label)
      plan.push_back({subject,
                      label,
                      subject < subjects * 2 / 3,
                      (label + subject) % kClasses < kAligned,
                      fmt::format("{:09}", 100 * (subject + 1) + 10 * label + subject % 10)});
  return plan;
}

void write_clip_of(const fs::path& out, const PlannedClip& plan, const SynthesizeOptions& options) {
  const fs::path folder = out / (plan.is_train ? "train_afew" : "val_afew");
  const fs::path clip = folder / kClassFolders[plan.label] / (plan.name + ".avi");
  FaceRequest face{.seed = options.seed,
                   .subject = plan.subject,
                   .expression = kExpressions[plan.label],
                   .session = plan.label,
                   .width = kWidth,
                   .height = kHeight,
                   .face_share = .6,
                   .channels = 3,
                   .head = options.head};
  fs::create_directories(clip.parent_path());
  write_clip(clip, draw_clip(face, kCourse), kFps);
  if (!plan.is_aligned) return;
  face.width = face.height = kFaceSide;
  face.face_share = .92;
  const std::string faces =
      std::string("AlignedFaces_LBPTOP_Points") + (plan.is_train ? "" : "_Val");
  int number = 0;
  for (const Image& image : draw_clip(face, kCourse))
    write_image(folder / faces / "Faces" / plan.name / fmt::format("{:03}.jpg", number++), image);
}

void write_labels(const fs::path& out, const std::vector<PlannedClip>& plan, bool is_train) {
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Clips>\n";
  for (const PlannedClip& clip : plan)
    if (clip.is_train == is_train)
      text += fmt::format(
          "  <Clip Name=\"{}\" Emotion=\"{}\"><Person NameOfActor=\"Stand-in {:03}\"/></Clip>\n",
          clip.name,
          kClassFolders[clip.label],
          clip.subject + 1);
  write_text(out / (is_train ? "train_afew/Train_6.xml" : "val_afew/Val_6.xml"),
             text + "</Clips>\n");
}

void write(const fs::path& out, const SynthesizeOptions& options, StandInMarker&) {
  const std::vector<PlannedClip> plan = plan_of(options.subjects);
  parallel_for(plan.size(), [&](std::size_t i, int) { write_clip_of(out, plan[i], options); });
  for (const bool is_train : {true, false}) write_labels(out, plan, is_train);
}

}  // namespace

const StandIn kEmotiw17StandIn = {.dataset = "emotiw17",
                                  .version = 1,
                                  .subjects = 16,
                                  .fewest = 2,
                                  .most = 999,
                                  .items = 112,
                                  .item = "clips",
                                  .core_seconds = 0.13,
                                  .write = write};

}  // namespace mien
