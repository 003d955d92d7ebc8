// Face models of every format, written here in small: no licensed byte is needed. Where the shared
// samples of ICT-FaceKit are, the OBJ folder and the packed form must agree.
#include "datasets/face_models.h"

#include <gtest/gtest.h>

#include <map>

#include "harness/core/safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

/// A tetrahedron with all that a model can hold.
FaceModel small_model() {
  FaceModel m;
  m.name = "small";
  m.licence = "ours";
  m.millimetres = 0.1;
  m.mean = {0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
  m.triangles = {0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3};
  m.identity_names = {"a", "b \"quoted\""};
  m.expression_names = {"smile"};
  for (int i = 0; i < 24; ++i) m.identity.push_back(0.1f * static_cast<float>(i));
  for (int i = 0; i < 12; ++i) m.expression.push_back(-1.0f / static_cast<float>(i + 1));
  m.identity_std = {2, 0.5f};
  m.landmarks68.assign(68, 3);
  return m;
}

void expect_equal(const FaceModel& a, const FaceModel& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.licence, b.licence);
  EXPECT_EQ(a.millimetres, b.millimetres);
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.triangles, b.triangles);
  EXPECT_EQ(a.identity, b.identity);
  EXPECT_EQ(a.expression, b.expression);
  EXPECT_EQ(a.identity_names, b.identity_names);
  EXPECT_EQ(a.expression_names, b.expression_names);
  EXPECT_EQ(a.identity_std, b.identity_std);
  EXPECT_EQ(a.expression_std, b.expression_std);
  EXPECT_EQ(a.landmarks68, b.landmarks68);
}

// ---- our own form ------------------------------------------------------------------------------

TEST(PackedModel, HoldsEverythingAndGivesEqualBytes) {
  const TempDir dir;
  save_face_model(dir / "a.safetensors", small_model());
  save_face_model(dir / "b.safetensors", small_model());
  expect_equal(load_face_model(dir / "a.safetensors"), small_model());
  EXPECT_EQ(read_text(dir / "a.safetensors"), read_text(dir / "b.safetensors"));
}

TEST(PackedModel, MayLackAllButTheMean) {
  const TempDir dir;
  FaceModel bare;
  bare.name = "bare";
  bare.mean = {1, 2, 3};
  bare.millimetres = 0;
  save_face_model(dir / "a", bare);
  expect_equal(load_face_model(dir / "a"), bare);
  EXPECT_TRUE(describe_face_model(dir / "a").at("size_mm").is_null());
}

TEST(PackedModel, TrianglesAreTurnedOutwards) {
  const TempDir dir;
  FaceModel inside_out = small_model();
  for (std::size_t t = 0; t < inside_out.triangles.size(); t += 3)
    std::swap(inside_out.triangles[t + 1], inside_out.triangles[t + 2]);
  save_face_model(dir / "a", inside_out);
  EXPECT_EQ(load_face_model(dir / "a").triangles, small_model().triangles);
}

TEST(PackedModel, DescribesAndPacks) {
  const TempDir dir;
  save_face_model(dir / "a", small_model());
  const auto card = pack_face_model(dir / "a", dir / "b");
  EXPECT_EQ(card, describe_face_model(dir / "b"));
  EXPECT_EQ(card.at("vertices"), 4);
  EXPECT_EQ(card.at("triangles"), 4);
  EXPECT_EQ(card.at("identity_modes"), 2);
  EXPECT_EQ(card.at("expression_std"), false);
  EXPECT_EQ(card.at("size_mm"), nlohmann::ordered_json::parse("[0.1, 0.1, 0.1]"));
  EXPECT_EQ(read_text(dir / "a"), read_text(dir / "b"));
}

TEST(PackedModel, NamesTheVariableThatIsWrong) {
  const TempDir dir;
  const auto expect_bad = [&](auto change, const std::string& message) {
    FaceModel model = small_model();
    change(model);
    save_face_model(dir / "bad", model);
    EXPECT_ERROR(load_face_model(dir / "bad"), Exit::kPrecondition, message);
  };
  expect_bad([](FaceModel& m) { m.mean[4] = std::nanf(""); }, "bad: mean: number 4 is not finite");
  expect_bad([](FaceModel& m) { m.identity[23] = INFINITY; }, "identity: number 23 is not finite");
  expect_bad([](FaceModel& m) { m.triangles[5] = 4; }, "triangles: vertex 4 (from 0) of 4");
  expect_bad([](FaceModel& m) { m.triangles[5] = -1; }, "triangles: vertex -1");
  expect_bad([](FaceModel& m) { m.landmarks68[67] = 9; }, "landmarks68: vertex 9 (from 0) of 4");
  expect_bad([](FaceModel& m) { m.landmarks68.pop_back(); }, "landmarks68: shape [67]");
  expect_bad([](FaceModel& m) { m.millimetres = -1; }, "millimetres: not a number");
}

// ---- ICT-FaceKit -------------------------------------------------------------------------------

struct PackedIct {
  std::vector<float> neutral = {0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0.5, 0.5, -1};
  std::vector<std::int32_t> quads = {0, 1, 2, 3, 4, 1, 0, -1};
  std::vector<float> identity = std::vector<float>(30, 0.25f);
  std::vector<float> expression = std::vector<float>(15, 0.5f);
  std::vector<std::int32_t> landmarks = std::vector<std::int32_t>(68, 4);

  void write(const fs::path& path) const {
    const auto bytes = [](const auto& v) { return std::as_bytes(std::span(v)); };
    write_safetensors(
        path,
        {{"neutral", {DType::kF32, {5, 3}, bytes(neutral)}},
         {"quads", {DType::kI32, {2, 4}, bytes(quads)}},
         {"identity", {DType::kF32, {2, 5, 3}, bytes(identity)}},
         {"expression", {DType::kF32, {1, 5, 3}, bytes(expression)}},
         {"landmarks68", {DType::kI32, {68}, bytes(landmarks)}}},
        {{"identity_names", "identity000,identity001"}, {"expression_names", "jawOpen"}});
  }
};

TEST(IctModel, PackedFormSplitsQuadsAndKnowsItsUnit) {
  const TempDir dir;
  PackedIct().write(dir / "ict");
  const FaceModel model = load_face_model(dir / "ict");
  EXPECT_EQ(model.triangles, (std::vector<std::int32_t>{0, 1, 2, 0, 2, 3, 4, 1, 0}));
  EXPECT_EQ(model.millimetres, 10);
  EXPECT_EQ(model.identity_names, (std::vector<std::string>{"identity000", "identity001"}));
  EXPECT_EQ(model.expression_names, (std::vector<std::string>{"jawOpen"}));
  EXPECT_EQ(model.shape({}, std::vector<float>{2}).at(3), 2);
}

TEST(IctModel, PackedFormIsChecked) {
  const TempDir dir;
  PackedIct ict;
  ict.quads[2] = 5;
  ict.write(dir / "ict");
  EXPECT_ERROR(load_face_model(dir / "ict"), Exit::kPrecondition, "triangles: vertex 5");
  const std::string text = read_text(dir / "ict");
  dir.write("cut", text.substr(0, text.size() - 4));
  EXPECT_ERROR(load_face_model(dir / "cut"), Exit::kPrecondition, "cut");
}

const std::string kQuad = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 0.5 0.5 -1\nf 1 2 3 4\nf 5 2 1\n";
const std::string kMoved =
    "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0.5\nv 0.5 0.5 -1\nf 1 2 3 4\nf 5 2 1\n";

std::string indices_json(const std::string& landmarks) {
  return "{\"expressions\": [\"jawOpen\", \"browDown_L\"], \"idx_to_landmark_verts\": [" +
         landmarks + "]}";
}

/// A folder of two identities and one of the two listed expressions.
void write_ict_folder(const TempDir& dir) {
  std::string landmarks = "0";
  for (int i = 1; i < 68; ++i) landmarks += ", 4";
  dir.write("FaceXModel/vertex_indices.json", indices_json(landmarks));
  dir.write("FaceXModel/generic_neutral_mesh.obj", kQuad);
  dir.write("FaceXModel/identity001.obj", kQuad);
  dir.write("FaceXModel/identity000.obj", kMoved);
  dir.write("FaceXModel/jawOpen.obj", kMoved);
  dir.write("FaceXModel/pupilDilate_L.obj", "not listed, not read");
}

TEST(IctModel, FolderGivesOffsetsFromNeutral) {
  const TempDir dir;
  write_ict_folder(dir);
  const FaceModel model = load_face_model(dir.path());
  expect_equal(model, load_face_model(dir / "FaceXModel"));
  EXPECT_EQ(model.vertices(), 5u);
  EXPECT_EQ(model.triangles, (std::vector<std::int32_t>{0, 1, 2, 0, 2, 3, 4, 1, 0}));
  EXPECT_EQ(model.identity_names, (std::vector<std::string>{"identity000", "identity001"}));
  EXPECT_EQ(model.expression_names, (std::vector<std::string>{"jawOpen"}));
  EXPECT_EQ(model.identity[11], 0.5f);
  EXPECT_EQ(std::count(model.identity.begin(), model.identity.end(), 0.0f), 29);
  EXPECT_EQ(model.landmarks68[1], 4);
}

TEST(IctModel, FolderIsChecked) {
  const TempDir dir;
  write_ict_folder(dir);
  dir.write("FaceXModel/identity001.obj", kQuad + "f 1 2 3\n");
  EXPECT_ERROR(
      load_face_model(dir.path()), Exit::kPrecondition, "identity001.obj: 5 vertices and 4");
  dir.write("FaceXModel/identity001.obj", kQuad.substr(8));
  EXPECT_ERROR(load_face_model(dir.path()), Exit::kPrecondition, "identity001.obj:6: index 5 of 4");
  write_ict_folder(dir);
  dir.write("FaceXModel/vertex_indices.json", indices_json("1, 2"));
  EXPECT_ERROR(load_face_model(dir.path()), Exit::kPrecondition, "2 landmarks, expected 68");
  dir.write("FaceXModel/vertex_indices.json", "{\"expressions\": 3");
  EXPECT_ERROR(load_face_model(dir.path()), Exit::kPrecondition, "vertex_indices.json: needs");
}

fs::path shared_ict() { return fs::path(MIEN_SOURCE_DIR) / "../shared/data/ict-facekit"; }

TEST(IctModel, SharedObjSamplesEqualThePackedForm) {
  if (!fs::exists(shared_ict())) GTEST_SKIP() << "no ../shared/data/ict-facekit";
  const FaceModel packed = load_face_model(shared_ict() / "ict-face-light.safetensors");
  const FaceModel folder = load_face_model(shared_ict() / "FaceXModel");
  ASSERT_EQ(packed.mean.size(), 9409u * 3);
  EXPECT_EQ(packed.triangles.size() / 3, 9230u * 2);
  EXPECT_EQ(folder.vertices(), 26719u);
  EXPECT_EQ(folder.triangles.size() / 3, 25836u * 2 + 548);
  EXPECT_TRUE(std::equal(packed.mean.begin(), packed.mean.end(), folder.mean.begin()));
  EXPECT_TRUE(
      std::equal(packed.triangles.begin(), packed.triangles.end(), folder.triangles.begin()));
  EXPECT_EQ(packed.landmarks68, folder.landmarks68);
  EXPECT_EQ(packed.identity_modes(), 100u);
  ASSERT_EQ(packed.expression_modes(), 53u);
  const std::size_t jaw = static_cast<std::size_t>(
      std::find(packed.expression_names.begin(), packed.expression_names.end(), "jawOpen") -
      packed.expression_names.begin());
  for (std::size_t i = 0; i < packed.mean.size(); ++i) {
    ASSERT_NEAR(folder.identity[i], packed.identity[i], 2e-6f);
    ASSERT_NEAR(folder.expression[i], packed.expression[jaw * packed.mean.size() + i], 2e-6f);
  }
}

// ---- anything else -----------------------------------------------------------------------------

TEST(FaceModels, WhatIsNoModelGetsOneClearLine) {
  const TempDir dir;
  EXPECT_ERROR(load_face_model(dir / "none"), Exit::kPrecondition, "none: cannot be opened");
  EXPECT_ERROR(
      load_face_model(dir.path()), Exit::kPrecondition, "without generic_neutral_mesh.obj");
  for (const char* text : {"", "x", "hello, this is no model at all"})
    EXPECT_ERROR(load_face_model(dir.write("x.bin", text)), Exit::kPrecondition, "expected");
  EXPECT_ERROR(
      load_face_model(dir.write("flame.pkl", "(dp0")), Exit::kPrecondition, "runs whatever code");
  EXPECT_ERROR(load_face_model(dir.write("flame", "\x80\x02}q")), Exit::kPrecondition, "a pickle");
  write_safetensors(dir / "other", {}, {});
  EXPECT_ERROR(load_face_model(dir / "other"), Exit::kPrecondition, "without a face model");
}

}  // namespace
}  // namespace mien::testing
