// The stand-in of MMI: sessions with their XML files and short clips of drawn faces.
#include <fmt/format.h>

#include "datasets/faces/faces.h"
#include "datasets/images/image_io.h"
#include "datasets/images/video.h"
#include "datasets/stand_ins/clips.h"
#include "datasets/stand_ins/stand_in.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"

namespace fs = std::filesystem;

namespace mien {

extern const StandIn kMmiStandIn;

namespace {

constexpr const char* kActionUnits = "-oao_aucs.xml";
constexpr double kFps = 24;
constexpr int kWidth = 360, kHeight = 288, kScale = 2;  // 720x576, drawn at half the size
constexpr double kCourse[] = {0, .02, .1, .4, .8, .95, 1, .97, .8, .4, .1, .03, 0};
constexpr int kOnset = 2, kApex = 5, kOffset = 8, kNeutral = 11;  // where it changes, from 0
constexpr const char* kExpressions[] = {"angry", "disgust", "fear", "happy", "sad", "surprise"};
constexpr int kUnits[] = {4, 9, 20, 12, 15, 26};  // one action unit of each expression

enum class Kind { kUpright, kTurned, kDual, kStill, kProfile, kOtherEmotion, kNoEmotion };

struct PlannedRecording {
  int number, subject, label;  // number of the session, from 1
  Kind kind;
  std::string id;
};

/// Plans six expressions per subject, and one recording that the reader must leave out.
std::vector<PlannedRecording> plan_of(int subjects) {
  using enum Kind;
  constexpr Kind kKinds[] = {kUpright, kTurned, kDual, kUpright, kStill, kUpright};
  constexpr Kind kLeftOut[] = {kOtherEmotion, kProfile, kNoEmotion};
  std::vector<PlannedRecording> plan;
  for (int subject = 0; subject < subjects; ++subject)
    for (int i = 0; i < 7; ++i) {
      const Kind kind = i < 6 ? kKinds[(i + subject) % 6] : kLeftOut[subject % 3];
      plan.push_back({static_cast<int>(plan.size()) + 1,
                      subject,
                      i % 6,
                      kind,
                      fmt::format("S{:03}-{:03}", subject + 1, i + 1)});
    }
  return plan;
}

bool has_units(Kind kind) { return kind == Kind::kUpright || kind == Kind::kNoEmotion; }

std::string about_text(const PlannedRecording& plan) {
  const int view = plan.kind == Kind::kDual ? 2 : plan.kind == Kind::kProfile ? 1 : 0;
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<session sessionId=\"{}\">\n"
      "  <subject id=\"{}\"/>\n  <track filename=\"{}.{}\" view=\"{}\"/>\n"
      "  <annotation filename=\"{}.xml\"/>\n",
      plan.number,
      plan.subject + 1,
      plan.id,
      plan.kind == Kind::kStill ? "jpg" : "avi",
      view,
      plan.id);
  if (has_units(plan.kind))
    text += fmt::format("  <annotation filename=\"{}{}\"/>\n", plan.id, kActionUnits);
  return text + "</session>\n";
}

std::string emotion_text(const PlannedRecording& plan) {
  const int code = plan.kind == Kind::kOtherEmotion ? 7 + plan.subject % 4 : plan.label + 1;
  const std::string tag = fmt::format("  <Metatag Name=\"Emotion\" Value=\"{}\"/>\n", code);
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<recording>\n" +
         (plan.kind == Kind::kNoEmotion ? "" : tag) + "</recording>\n";
}

std::string units_text(const PlannedRecording& plan) {
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<annotation>\n  <ActionUnit Number=\"{}\">\n",
      kUnits[plan.label]);
  int type = 0;
  for (const int frame : {0, kOnset, kApex, kOffset, kNeutral})
    text += fmt::format("    <Marker Frame=\"{}\" Type=\"{}\"/>\n", frame + 1, type++ % 4);
  return text + "  </ActionUnit>\n</annotation>\n";
}

/// Joins two pictures of equal height side by side.
Image beside(const Image& left, const Image& right) {
  Image image{left.width + right.width, left.height, 3, {}};
  for (int y = 0; y < left.height; ++y)
    for (const Image* part : {&left, &right}) {
      const auto row = part->pixels.begin() + std::ptrdiff_t{3} * y * part->width;
      image.pixels.insert(image.pixels.end(), row, row + std::ptrdiff_t{3} * part->width);
    }
  return image;
}

std::vector<Image> frames_of(const PlannedRecording& plan, FaceRequest face) {
  face.width = kWidth;
  face.height = kHeight;
  switch (plan.kind) {
    case Kind::kTurned: {  // the camera lay on its side; a turn clockwise puts it right
      std::swap(face.width, face.height);
      std::vector<Image> frames = draw_clip(face, kCourse);
      for (Image& frame : frames) frame = converted(std::move(frame), 3, 3);
      return frames;
    }
    case Kind::kDual: {
      face.width /= 2;
      face.face_share = .5;
      std::vector<Image> frames = draw_clip(face, kCourse);
      face.yaw = 75;
      const std::vector<Image> profile = draw_clip(face, kCourse);
      for (std::size_t i = 0; i < frames.size(); ++i) frames[i] = beside(frames[i], profile[i]);
      return frames;
    }
    case Kind::kProfile:
      face.yaw = 75;
      [[fallthrough]];
    default:
      return draw_clip(face, kCourse);
  }
}

void write_recording(const fs::path& out,
                     const PlannedRecording& plan,
                     const SynthesizeOptions& options) {
  const fs::path folder = out / "Sessions" / std::to_string(plan.number);
  fs::create_directories(folder);
  write_text(folder / "session.xml", about_text(plan));
  write_text(folder / (plan.id + ".xml"), emotion_text(plan));
  if (has_units(plan.kind)) write_text(folder / (plan.id + kActionUnits), units_text(plan));
  FaceRequest face{.seed = options.seed,
                   .subject = plan.subject,
                   .expression = kExpressions[plan.label],
                   .session = plan.number,
                   .style = FaceStyle::kLab,
                   .width = 2 * kWidth,
                   .height = 2 * kHeight,
                   .face_share = .7,
                   .channels = 3,
                   .head = options.head};
  if (plan.kind == Kind::kStill)
    write_image(folder / (plan.id + ".jpg"), draw_face(face).image);
  else
    write_clip(folder / (plan.id + ".avi"), frames_of(plan, face), kFps, kScale);
}

void write(const fs::path& out, const SynthesizeOptions& options, StandInMarker&) {
  const std::vector<PlannedRecording> plan = plan_of(options.subjects);
  parallel_for(plan.size(), [&](std::size_t i, int) { write_recording(out, plan[i], options); });
}

}  // namespace

const StandIn kMmiStandIn = {.dataset = "mmi",
                             .version = 1,
                             .subjects = 20,
                             .fewest = 1,
                             .most = 999,
                             .items = 140,
                             .item = "recordings",
                             .core_seconds = 0.22,
                             .write = write};

}  // namespace mien
