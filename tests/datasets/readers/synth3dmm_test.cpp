// Rendered training pairs: pictures are a function of their coefficients, labels are these or these
// with noise, and the reader names what does not fit together.
#include "datasets/stand_ins/synth3dmm.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>

#include "datasets/face_models/face_models.h"
#include "datasets/faces/principal_head.h"
#include "datasets/faces/rasterizer.h"
#include "datasets/faces/shading.h"
#include "datasets/prepare/prepare.h"
#include "datasets/readers/synth3dmm.h"
#include "datasets/registry.h"
#include "harness/base/digest.h"
#include "harness/geometry/camera.h"
#include "harness/geometry/reconstruct.h"
#include "tests/support/expect_error.h"
#include "tests/support/tree_files.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

const DatasetEntry& entry() { return find_dataset("synth3dmm"); }

const Head& head() {
  static const Head one = principal_head(FaceHead::kProcedural);
  return one;
}

/// The smallest set, made once; tests copy what they alter.
const fs::path& original() {
  static const TempDir dir;
  static const bool made =
      (write_stand_in(stand_in_of(entry()), dir.path(), {.subjects = 3, .seed = 4}), true);
  (void)made;
  return dir.path();
}

class Synth3dmm : public ::testing::Test {
 protected:
  Synth3dmm() {
    fs::copy(original(), dir.path(), fs::copy_options::recursive);
    table = read_text(dir / "coefficients.csv");
  }
  Samples read() const { return entry().read(dir.path(), {}); }
  /// The table with the first `from` replaced.
  void alter(const std::string& from, const std::string& to) {
    std::string text = table;
    ASSERT_NE(text.find(from), text.npos) << from;
    dir.write("coefficients.csv", text.replace(text.find(from), from.size(), to));
  }

  TempDir dir;
  std::string table;
};

TEST(SynthPicture, IsAFunctionOfItsCoefficients) {
  SynthTruth truth = draw_truth(head().model, 5, 2, 3);
  const Image image = draw_synth(head(), 5, 2, 3, truth);
  EXPECT_EQ(image.width, kSynthSide);
  EXPECT_EQ(image.channels, 3);
  SynthTruth again = draw_truth(head().model, 5, 2, 3);
  EXPECT_EQ(draw_synth(head(), 5, 2, 3, again).pixels, image.pixels);
  EXPECT_EQ(again.pose, truth.pose);
  again.expression[0] += 1;
  EXPECT_NE(draw_synth(head(), 5, 2, 3, again).pixels, image.pixels);
  EXPECT_EQ(again.pose, truth.pose);
}

TEST(SynthPicture, CoefficientsAreStandardNormalAndIdentityIsTheSubjects) {
  double sum = 0, squares = 0, n = 0;
  for (int number = 0; number < 400; ++number) {
    const SynthTruth truth = draw_truth(head().model, 1, 7, number);
    EXPECT_EQ(truth.identity, draw_truth(head().model, 1, 7, 0).identity);
    for (const float value : truth.expression) sum += value, squares += value * value, ++n;
  }
  EXPECT_NEAR(sum / n, 0, 0.03);
  EXPECT_NEAR(squares / n, 0.93, 0.04);  // a little below 1: cut at +-2.2
}

/// As datasets/README.md and the manifest say it of a picture of `side` px.
FacePoint projected(const std::vector<float>& posed, std::int32_t vertex, double side) {
  const float* p = &posed[3 * static_cast<std::size_t>(vertex)];
  return {side / 2 - 5 * side * p[0] / p[2], side / 2 + 5 * side * p[1] / p[2]};
}

/// A head before the camera, and what is drawn of it.
struct Shot {
  explicit Shot(int number, bool standard_camera) {
    const FaceRequest request{.session = number, .width = 200, .height = 200, .face_share = 0.7};
    SceneSettings settings = scene_settings_of(request);
    settings.standard_camera = standard_camera;
    settings.yaw = 0.2f * static_cast<float>(number);
    settings.pitch = -0.1f * static_cast<float>(number);
    Person person = person_of(1, number, FaceStyle::kWild, head().model);
    person.hair_thick = person.long_hair = 0;
    person.has_glasses = false;
    posed = head().model.shape(person.identity, {});
    drawn = shade({head(), person, posed, {}}, settings, request);
    apply_pose(posed, drawn.pose);
  }
  double farthest_landmark() const {
    double farthest = 0;
    for (std::size_t k = 0; k < 68; ++k) {
      const FacePoint p = projected(posed, head().model.landmarks68[k], 200);
      farthest =
          std::max(farthest, std::hypot(p.x - drawn.landmarks[k].x, p.y - drawn.landmarks[k].y));
    }
    return farthest;
  }
  std::vector<float> posed;
  RenderTarget drawn;
};

TEST(SynthPicture, PosePutsLandmarksWhereTheyAreDrawn) {
  for (int number = 0; number < 5; ++number) {
    EXPECT_LT(Shot(number, true).farthest_landmark(), 1e-3) << number;
    EXPECT_LT(Shot(number, false).farthest_landmark(), 4) << number;
  }
}

/// Pixels are where the rasterizer has them: half a pixel off would show along every edge.
TEST(SynthPicture, PosedModelCoversThePixelsThatShowIt) {
  const Shot shot(2, true);
  std::vector<Vec3> screen;
  for (std::size_t v = 0; v < head().model.vertices(); ++v) {
    const FacePoint p = projected(shot.posed, static_cast<std::int32_t>(v), 200);
    screen.push_back({static_cast<float>(p.x), static_cast<float>(p.y), 0});
  }
  Raster raster(200, 200);
  raster.draw(screen, head().model.triangles, Culling::kNone);
  int edge = 0, half_way_off = 0;
  for (std::size_t i = 0; i < raster.triangle.size() / 2; ++i) {  // above the shoulders
    const float cover = shot.drawn.cover[i];
    edge += cover > 0 && cover < 1;
    half_way_off += raster.triangle[i] < 0 ? cover > 0.51f : cover < 0.49f;
  }
  EXPECT_GT(edge, 50);
  EXPECT_LE(half_way_off, edge / 20);
}

TEST_F(Synth3dmm, PackHoldsTheCoefficientsThatWereDrawn) {
  const Samples samples = read();
  ASSERT_EQ(samples.ids.size(), 3u * kSynthPictures);
  EXPECT_EQ(problem_count(samples), 0u);
  std::string sha256;
  const Pack pack(write_pack(dir / "packs", samples, sha256));
  const TargetsView& coefficients = pack.targets().at("coefficients");
  const TargetsView& identity = pack.targets().at("identity");
  EXPECT_EQ(coefficients.names.size(), kExpressionComponents);
  EXPECT_EQ(coefficients.std, head().model.expression_std);
  EXPECT_EQ(pack.targets().at("pose").names.size(), 6u);
  for (const std::size_t row : {std::size_t{0}, samples.ids.size() - 1}) {
    const SynthTruth truth =
        draw_truth(head().model, 4, pack.subject()[row], std::stoi(pack.ids()[row].substr(6)));
    const auto of = [&](const TargetsView& target) {
      return target.values.subspan(row * target.names.size(), target.names.size());
    };
    EXPECT_TRUE(std::ranges::equal(of(coefficients), truth.expression)) << pack.ids()[row];
    EXPECT_TRUE(std::ranges::equal(of(identity), truth.identity)) << pack.ids()[row];
  }
}

TEST_F(Synth3dmm, PackSaysWhereTheLandmarksOfItsHeadsAre) {
  const Samples samples = read();
  const FaceModel model = load_face_model(dir / "model.safetensors");
  const nlohmann::ordered_json camera = fact(samples, "camera");
  EXPECT_EQ(camera.at("focal_px"), 5 * 227.0);
  EXPECT_EQ(camera.at("principal_px"), nlohmann::ordered_json({113.5, 113.5}));
  const Targets& landmarks = samples.targets.at("landmarks");
  ASSERT_EQ(landmarks.names.size(), 136u);
  EXPECT_EQ(landmarks.names[3], "l1y");
  const auto row_of = [&](const char* target, std::size_t row) {
    const Targets& t = samples.targets.at(target);
    return std::span(t.values).subspan(row * t.names.size(), t.names.size());
  };
  for (std::size_t row = 0; row < samples.ids.size(); ++row) {
    std::vector<float> posed =
        reconstruct(model, row_of("identity", row), row_of("coefficients", row));
    apply_pose(posed, row_of("pose", row).first<6>());
    for (std::size_t k = 0; k < 68; ++k) {
      const FacePoint p = projected(posed, model.landmarks68[k], kSynthSide);
      EXPECT_NEAR(p.x, row_of("landmarks", row)[2 * k], 1e-3) << samples.ids[row] << ' ' << k;
      EXPECT_NEAR(p.y, row_of("landmarks", row)[2 * k + 1], 1e-3) << samples.ids[row] << ' ' << k;
    }
  }
}

TEST_F(Synth3dmm, PreparedPackHasItsFaceModelBeside) {
  ::setenv("MIEN_CACHE", (dir / "cache").c_str(), 1);
  const PrepareRequest request{.name = "synth3dmm", .source = original()};
  const nlohmann::ordered_json first = prepare(request);
  const fs::path kept = first.at("face_model").get<std::string>();
  EXPECT_EQ(kept.parent_path(), fs::path(first.at("pack").get<std::string>()).parent_path());
  EXPECT_EQ(first.at("manifest").at("face_model").at("file"), kept.filename().string());
  EXPECT_EQ(first.at("manifest").at("face_model").at("sha256"), sha256_file(kept));
  EXPECT_EQ(read_text(kept), read_text(original() / "model.safetensors"));
  EXPECT_EQ(prepare(request).at("cached"), true);
  write_text(kept, "damaged");
  EXPECT_EQ(prepare(request).at("cached"), false);
  fs::remove(kept);
  EXPECT_EQ(locate(request).at("pack"), nullptr);
  EXPECT_EQ(prepare(request).at("sha256"), first.at("sha256"));
  EXPECT_EQ(locate(request).at("face_model"), kept.string());
  ::unsetenv("MIEN_CACHE");
}

TEST_F(Synth3dmm, LabelNoiseChangesTrainingLabelsOnly) {
  const TempDir noisy_dir;
  write_stand_in(
      stand_in_of(entry()), noisy_dir.path(), {.subjects = 3, .seed = 4, .label_noise = 0.5});
  const Samples clean = read(), noisy = entry().read(noisy_dir.path(), {});
  EXPECT_EQ(noisy.images, clean.images);
  EXPECT_EQ(noisy.ids, clean.ids);
  for (const char* same : {"identity", "landmarks", "pose"})
    EXPECT_EQ(noisy.targets.at(same).values, clean.targets.at(same).values);
  double squares = 0, n = 0;
  for (std::size_t i = 0; i < clean.targets.at("coefficients").values.size(); ++i) {
    const float off =
        noisy.targets.at("coefficients").values[i] - clean.targets.at("coefficients").values[i];
    const bool trains = clean.split[i / kExpressionComponents] == 0;
    EXPECT_EQ(off != 0, trains);
    if (trains) squares += off * off, ++n;
  }
  EXPECT_NEAR(std::sqrt(squares / n), 0.5, 0.08);
  EXPECT_EQ(nlohmann::ordered_json::parse(noisy.manifest).at("stand_in").at("label_noise"), 0.5);
}

TEST_F(Synth3dmm, NamesRowsThatCannotBeUsed) {
  alter("\n00000_01,", "\n00000_01,nan");  // "nan-1.2" or the like
  EXPECT_NE(reasons(read(), "coefficients.csv").find("line 3: column 2"), std::string::npos);
  EXPECT_EQ(reasons(read(), "images/train/00000_01.png"), "no usable row in coefficients.csv\n");
  EXPECT_EQ(read().ids.size(), 3u * kSynthPictures - 1);
  alter("\n00000_01,", "\n00000_00,");
  EXPECT_NE(reasons(read(), "coefficients.csv").find("a second row of 00000_00"),
            std::string::npos);
  alter("\n00000_01,", "\nelsewhere,");
  EXPECT_EQ(reasons(read(), "coefficients.csv"), "no picture of elsewhere\n");
  alter("\n00000_01,", "\n1,");
  EXPECT_EQ(problem_count(read()), 2u);
  alter("\n00000_01,", "\n00000_01,1,");
  EXPECT_NE(reasons(read(), "coefficients.csv").find("another number of cells"), std::string::npos);
}

TEST_F(Synth3dmm, NamesLandmarksThatCannotBeUsed) {
  const std::string marks = read_text(dir / "landmarks.csv");
  const auto alter_marks = [&](const std::string& from, const std::string& to) {
    std::string text = marks;
    ASSERT_NE(text.find(from), text.npos) << from;
    dir.write("landmarks.csv", text.replace(text.find(from), from.size(), to));
  };
  alter_marks("\n00000_01,", "\n00000_01,inf");
  EXPECT_NE(reasons(read(), "landmarks.csv").find("line 3: column 2"), std::string::npos);
  EXPECT_EQ(reasons(read(), "images/train/00000_01.png"), "no usable row in landmarks.csv\n");
  EXPECT_EQ(read().ids.size(), 3u * kSynthPictures - 1);
  alter_marks("\n00000_01,", "\nelsewhere,");
  EXPECT_EQ(reasons(read(), "landmarks.csv"), "no picture of elsewhere\n");
  alter_marks("\n00000_01,", "\n00000_01,1,");
  EXPECT_NE(reasons(read(), "landmarks.csv").find("another number of cells"), std::string::npos);
  alter_marks(",l67y\n", ",l67y,l68x\n");
  EXPECT_ERROR(read(), Exit::kPrecondition, "138 columns, but there are 68 landmarks, so 137");
  alter_marks(",l67y\n", ",l67z\n");
  EXPECT_ERROR(read(), Exit::kPrecondition, "no column 'l67y'");
  fs::remove(dir / "landmarks.csv");
  EXPECT_ERROR(read(), Exit::kPrecondition, "no landmarks.csv; make it");
}

TEST_F(Synth3dmm, RefusesTablesThatDoNotGoWithTheModel) {
  alter(",e28,", ",e29,");
  EXPECT_ERROR(read(), Exit::kPrecondition, "no column 'e28'");
  alter(",p0,", ",x,p0,");
  EXPECT_ERROR(read(), Exit::kPrecondition, "34 identity and 29 expression modes");
  dir.write("coefficients.csv", table.substr(0, table.size() - 5));
  EXPECT_ERROR(read(), Exit::kPrecondition, "truncated");
  fs::remove(dir / "coefficients.csv");
  EXPECT_ERROR(read(), Exit::kPrecondition, "no coefficients.csv; make it");
}

TEST(SynthOptions, FaceModelIsDrawnWhereItCanBe) {
  const TempDir dir;
  FaceModel model = procedural_head();
  save_face_model(dir / "mine.safetensors", model);
  synthesize("synth3dmm", dir / "mine", {.subjects = 3, .face_model = dir / "mine.safetensors"});
  const Samples samples = entry().read(dir / "mine", {});
  const auto manifest = nlohmann::ordered_json::parse(samples.manifest);
  EXPECT_EQ(manifest.at("stand_in").at("head"), "mine.safetensors");
  EXPECT_EQ(samples.targets.at("coefficients").names.size(), kExpressionComponents);
  const auto refuse = [&](const char* why) {
    save_face_model(dir / "bad.safetensors", model);
    EXPECT_ERROR(
        synthesize("synth3dmm", dir / "x", {.subjects = 3, .face_model = dir / "bad.safetensors"}),
        Exit::kPrecondition,
        why);
    EXPECT_FALSE(fs::exists(dir / "x"));
  };
  model.expression.clear(), model.expression_names.clear(), model.expression_std.clear();
  refuse("no expression modes");
  model.millimetres = 0;
  refuse("a unit of 0 mm");
  const fs::path one = dir / "mine.safetensors";
  EXPECT_ERROR(synthesize("synth3dmm", dir / "x", {.face_model = dir / "none"}),
               Exit::kPrecondition,
               "cannot be opened");
  EXPECT_ERROR(synthesize("jaffe", dir / "x", {.face_model = one}), Exit::kUsage, "--face-model");
  EXPECT_ERROR(
      synthesize("synth3dmm", dir / "x", {.head = FaceHead::kInstalled, .face_model = one}),
      Exit::kUsage,
      "give one");
}

TEST(SynthOptions, AreChecked) {
  const TempDir dir;
  EXPECT_ERROR(
      write_stand_in(stand_in_of(entry()), dir.path(), {.subjects = 2}), Exit::kUsage, "from 3");
  EXPECT_ERROR(write_stand_in(stand_in_of(entry()), dir.path(), {.subjects = 3, .label_noise = -1}),
               Exit::kUsage,
               "--label-noise -1");
  EXPECT_ERROR(synthesize("jaffe", dir / "x", {.subjects = 4, .label_noise = 1}),
               Exit::kUsage,
               "numbers to regress");
}

}  // namespace
}  // namespace mien::testing
