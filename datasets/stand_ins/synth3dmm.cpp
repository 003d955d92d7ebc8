#include "datasets/stand_ins/synth3dmm.h"

#include <fmt/format.h>

#include <algorithm>

#include "datasets/face_models/face_models.h"
#include "datasets/faces/person.h"
#include "datasets/faces/postprocess.h"
#include "datasets/faces/principal_head.h"
#include "datasets/faces/scene.h"
#include "datasets/faces/shading.h"
#include "datasets/images/face_square.h"
#include "datasets/images/image_io.h"
#include "datasets/readers/synth3dmm.h"
#include "datasets/stand_ins/stand_in.h"
#include "harness/base/error.h"
#include "harness/base/files.h"
#include "harness/base/parallel.h"

namespace fs = std::filesystem;

namespace mien {

extern const StandIn kSynth3dmmStandIn;

namespace {

constexpr double kCut = 2.2;  // standard deviations
constexpr float kDegree = 0.0174532925f;
constexpr std::uint64_t kOccludedPercent = 15, kCoarsePercent = 30;

/// Streams of random numbers.
enum : std::uint64_t { kIdentity = 7001, kExpression, kScene, kNoise };

FaceRandom stream(std::uint64_t seed, std::uint64_t kind, int subject, int number) {
  return random_for(
      seed, {kind, static_cast<std::uint64_t>(subject), static_cast<std::uint64_t>(number)});
}

std::vector<float> normals(FaceRandom r, std::size_t count) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(std::clamp(r.normal(), -kCut, kCut));
  return values;
}

std::vector<float> times(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<float> out(a.size());
  std::ranges::transform(a, b, out.begin(), std::multiplies());
  return out;
}

/// Widens the variation of a session: heads turn, objects occlude the face.
void vary(SceneSettings& o, FaceRandom& r) {
  const auto spread = [&](double deviation, double limit) {
    return static_cast<float>(std::clamp(deviation * r.normal(), -limit, limit));
  };
  o.standard_camera = true;  // so that pose and coefficients say where everything is seen
  o.yaw = kDegree * spread(22, 60);
  o.pitch = kDegree * spread(9, 25);
  o.roll = kDegree * spread(8, 25);
  o.shift_x = spread(0.03, 0.07);
  o.shift_y = spread(0.03, 0.07);
  const bool occluded = r.below(100) < kOccludedPercent;
  const auto kind = static_cast<int>(1 + r.below(3));
  o.occluder = occluded ? static_cast<Occluder>(kind) : Occluder::kNone;
  o.blur = static_cast<float>(0.008 * r.between(0, 1) * r.between(0, 1));
}

/// Lowers the resolution of some pictures: scales down to at least a fifth of the side and back.
Image coarsened(const Image& image, FaceRandom& r) {
  const bool coarse = r.below(100) < kCoarsePercent;
  const double scale = r.between(0.2, 1);
  if (!coarse) return image;
  const Square whole = whole_square(image.width, image.height);
  const int side = std::max(1, static_cast<int>(scale * image.width));
  return crop(crop(image, whole, side), whole_square(side, side), image.width);
}

/// The last tenth of the subjects is the test split, the tenth before it the validation split; each
/// has at least one subject.
const char* split_of(int subject, int subjects) {
  const int tenth = std::max(1, subjects / 10);
  return subject >= subjects - tenth       ? "test"
         : subject >= subjects - 2 * tenth ? "validation"
                                           : "train";
}

std::string header_of(const FaceModel& model) {
  std::string line = "ID";
  for (std::size_t i = 0; i < model.identity_components(); ++i) line += fmt::format(",s{}", i);
  for (std::size_t i = 0; i < model.expression_components(); ++i) line += fmt::format(",e{}", i);
  return line + ",p0,p1,p2,p3,p4,p5\n";
}

std::string landmark_header() {
  std::string line = "ID";
  for (int k = 0; k < 68; ++k) line += fmt::format(",l{0}x,l{0}y", k);
  return line + "\n";
}

std::string line_of(const std::string& id, const SynthTruth& truth) {
  return fmt::format("{},{},{},{}\n",
                     id,
                     fmt::join(truth.identity, ","),
                     fmt::join(truth.expression, ","),
                     fmt::join(truth.pose, ","));
}

std::string landmark_line(const std::string& id, const SynthTruth& truth) {
  return fmt::format("{},{}\n", id, fmt::join(truth.landmarks, ","));
}

Head head_of(const SynthesizeOptions& options) {
  if (options.face_model.empty()) return principal_head(options.head);
  Head head = principal_head(load_face_model(options.face_model));
  if (head.model.expression_components() == 0)
    fail(Exit::kPrecondition,
         "{}: no expression modes, and their coefficients are what the dataset is for; use another "
         "model",
         options.face_model.string());
  return head;
}

void write_table(const fs::path& path, std::string header, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) header += line;
  write_text(path, header);
}

}  // namespace

SynthTruth draw_truth(const FaceModel& model, std::uint64_t seed, int subject, int number) {
  return {normals(stream(seed, kIdentity, subject, 0), model.identity_components()),
          normals(stream(seed, kExpression, subject, number), model.expression_components()),
          {},
          {}};
}

Image draw_synth(const Head& head, std::uint64_t seed, int subject, int number, SynthTruth& truth) {
  FaceRandom r = stream(seed, kScene, subject, number);
  FaceRequest request{.seed = seed,
                      .subject = subject,
                      .session = number,
                      .style = FaceStyle::kWild,
                      .width = kSynthSide,
                      .height = kSynthSide,
                      .face_share = r.between(0.6, 0.9),
                      .channels = 3};
  SceneSettings settings = scene_settings_of(request);
  vary(settings, r);
  Person person = person_of(seed, subject, request.style, head.model);
  person.identity = times(truth.identity, head.model.identity_std);
  const Subject drawn{
      head,
      person,
      head.model.shape(person.identity, times(truth.expression, head.model.expression_std)),
      {}};
  RenderTarget target = shade(drawn, settings, request);
  truth.pose = target.pose;
  for (std::size_t k = 0; k < target.landmarks.size(); ++k) {
    truth.landmarks[2 * k] = static_cast<float>(target.landmarks[k].x);
    truth.landmarks[2 * k + 1] = static_cast<float>(target.landmarks[k].y);
  }
  return coarsened(postprocess(std::move(target), settings, person, request), r);
}

namespace {

/// Writes pictures, both tables and model.safetensors below `out`, on all cores.
/// Errors (Exit::kPrecondition): options.face_model cannot be read or drawn, or has no expressions.
void write_files(const fs::path& out, const SynthesizeOptions& options) {
  const Head head = head_of(options);
  save_face_model(out / "model.safetensors", head.model);
  for (const char* split : {"train", "validation", "test"})
    fs::create_directories(out / "images" / split);
  std::vector<std::string> lines(static_cast<std::size_t>(options.subjects * kSynthPictures));
  std::vector<std::string> landmarks(lines.size());
  parallel_for(lines.size(), [&](std::size_t i, int) {
    const int subject = static_cast<int>(i) / kSynthPictures;
    const int number = static_cast<int>(i) % kSynthPictures;
    const std::string split = split_of(subject, options.subjects);
    const std::string id = fmt::format("{:05}_{:02}", subject, number);
    SynthTruth truth = draw_truth(head.model, options.seed, subject, number);
    write_image(out / "images" / split / (id + ".png"),
                draw_synth(head, options.seed, subject, number, truth));
    if (split == "train") {
      FaceRandom noise = stream(options.seed, kNoise, subject, number);
      for (float& value : truth.expression)
        value += static_cast<float>(options.label_noise * noise.normal());
    }
    lines[i] = line_of(id, truth);
    landmarks[i] = landmark_line(id, truth);
  });
  write_table(out / "coefficients.csv", header_of(head.model), lines);
  write_table(out / "landmarks.csv", landmark_header(), landmarks);
}

void write(const fs::path& out, const SynthesizeOptions& options, StandInMarker&) {
  if (!(options.label_noise >= 0 && options.label_noise <= 10))
    fail(Exit::kUsage, "--label-noise {}: from 0 to 10 standard deviations", options.label_noise);
  write_files(out, options);
}

}  // namespace

const StandIn kSynth3dmmStandIn = {.dataset = "synth3dmm",
                                   .version = 3,
                                   .subjects = 400,
                                   .fewest = 3,
                                   .most = 100'000,
                                   .items = 4000,
                                   .item = "pictures",
                                   .core_seconds = 0.03,
                                   .write = write};

}  // namespace mien
