// Mien's own file of a face model, and ICT-FaceKit packed; tests/datasets has the owners' formats.
#include "harness/geometry/face_model.h"

#include <cmath>

#include "harness/base/safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/small_face_model.h"
#include "tests/support/temp_dir.h"

namespace fs = std::filesystem;

namespace mien::testing {
namespace {

// ---- our own form ------------------------------------------------------------------------------

TEST(PackedModel, HoldsEverythingAndGivesEqualBytes) {
  const TempDir dir;
  save_face_model(dir / "a.safetensors", small_face_model());
  save_face_model(dir / "b.safetensors", small_face_model());
  expect_equal(load_packed_model(dir / "a.safetensors"), small_face_model());
  EXPECT_EQ(read_text(dir / "a.safetensors"), read_text(dir / "b.safetensors"));
}

TEST(PackedModel, MayLackAllButTheMean) {
  const TempDir dir;
  FaceModel bare;
  bare.name = "bare";
  bare.mean = {1, 2, 3};
  bare.millimetres = 0;
  save_face_model(dir / "a", bare);
  expect_equal(load_packed_model(dir / "a"), bare);
}

TEST(PackedModel, TrianglesAreTurnedOutwards) {
  const TempDir dir;
  FaceModel inside_out = small_face_model();
  for (std::size_t t = 0; t < inside_out.triangles.size(); t += 3)
    std::swap(inside_out.triangles[t + 1], inside_out.triangles[t + 2]);
  save_face_model(dir / "a", inside_out);
  EXPECT_EQ(load_packed_model(dir / "a").triangles, small_face_model().triangles);
}

TEST(PackedModel, NamesTheVariableThatIsWrong) {
  const TempDir dir;
  const auto expect_bad = [&](auto change, const std::string& message) {
    FaceModel model = small_face_model();
    change(model);
    save_face_model(dir / "bad", model);
    EXPECT_ERROR(load_packed_model(dir / "bad"), Exit::kPrecondition, message);
  };
  expect_bad([](FaceModel& m) { m.mean[4] = std::nanf(""); }, "bad: mean: number 4 is not finite");
  expect_bad([](FaceModel& m) { m.identity[23] = INFINITY; }, "identity: number 23 is not finite");
  expect_bad([](FaceModel& m) { m.triangles[5] = 4; }, "triangles: vertex 4 (from 0) of 4");
  expect_bad([](FaceModel& m) { m.triangles[5] = -1; }, "triangles: vertex -1");
  expect_bad([](FaceModel& m) { m.landmarks68[67] = 9; }, "landmarks68: vertex 9 (from 0) of 4");
  expect_bad([](FaceModel& m) { m.landmarks68.pop_back(); }, "landmarks68: shape [67]");
  expect_bad([](FaceModel& m) { m.millimetres = -1; }, "millimetres: not a number");
}

// ---- ICT-FaceKit, packed -----------------------------------------------------------------------

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
  const FaceModel model = load_packed_model(dir / "ict");
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
  EXPECT_ERROR(load_packed_model(dir / "ict"), Exit::kPrecondition, "triangles: vertex 5");
  const std::string text = read_text(dir / "ict");
  dir.write("cut", text.substr(0, text.size() - 4));
  EXPECT_ERROR(load_packed_model(dir / "cut"), Exit::kPrecondition, "cut");
}

// ---- anything else -----------------------------------------------------------------------------

TEST(PackedModel, WhatIsNoModelGetsOneClearLine) {
  const TempDir dir;
  write_safetensors(dir / "other", {}, {});
  EXPECT_ERROR(load_packed_model(dir / "other"), Exit::kPrecondition, "without a face model");
  EXPECT_ERROR(load_packed_model(dir.write("x.bin", "no model")), Exit::kPrecondition, "x.bin");
  EXPECT_ERROR(load_packed_model(dir / "none"), Exit::kPrecondition, "none");
}

}  // namespace
}  // namespace mien::testing
