// Face models in their owners' formats, written here in small: no licensed byte is needed. Where
// the shared samples of ICT-FaceKit are, the OBJ folder and the packed form must agree.
#include "datasets/face_models/face_models.h"

#include <gtest/gtest.h>

#include "harness/base/safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/small_face_model.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

// ---- our own form ------------------------------------------------------------------------------

TEST(FaceModels, DescribesAndPacks) {
  const TempDir dir;
  save_face_model(dir / "a", small_face_model());
  const auto card = pack_face_model(dir / "a", dir / "b");
  EXPECT_EQ(card, describe_face_model(dir / "b"));
  EXPECT_EQ(card.at("vertices"), 4);
  EXPECT_EQ(card.at("triangles"), 4);
  EXPECT_EQ(card.at("identity_modes"), 2);
  EXPECT_EQ(card.at("expression_std"), true);
  EXPECT_EQ(card.at("size_mm"), nlohmann::ordered_json::parse("[0.1, 0.1, 0.1]"));
  EXPECT_EQ(read_text(dir / "a"), read_text(dir / "b"));
  FaceModel unknown = small_face_model();
  unknown.millimetres = 0;
  save_face_model(dir / "a", unknown);
  EXPECT_TRUE(describe_face_model(dir / "a").at("size_mm").is_null());
}

// ---- ICT-FaceKit -------------------------------------------------------------------------------

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
  EXPECT_EQ(packed.identity_components(), 100u);
  ASSERT_EQ(packed.expression_components(), 53u);
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
      load_face_model(dir.path()), Exit::kPrecondition, "generic_neutral_mesh.obj is missing");
  for (const char* text : {"", "x", "hello, this is no model at all"})
    EXPECT_ERROR(load_face_model(dir.write("x.bin", text)), Exit::kPrecondition, "expected");
  EXPECT_ERROR(
      load_face_model(dir.write("flame.pkl", "(dp0")), Exit::kPrecondition, "runs the code in it");
  EXPECT_ERROR(load_face_model(dir.write("flame", "\x80\x02}q")), Exit::kPrecondition, "a pickle");
  write_safetensors(dir / "other", {}, {});
  EXPECT_ERROR(load_face_model(dir / "other"), Exit::kPrecondition, "without a face model");
}

}  // namespace
}  // namespace mien::testing
